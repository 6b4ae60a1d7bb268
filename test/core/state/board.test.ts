import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { createState, type State } from "../../../core/state/index.ts";
import { until } from "../../_gateway.ts";
import { redisTest } from "../../_redis.ts";
import { randomFrom, seedOf } from "./_random.ts";

type Defer = (close: () => Promise<void>) => void;

async function open(url: string, defer: Defer, warnings: string[] = []): Promise<State> {
  // Longer than a busy machine holds anything up: that is no outage.
  const options = { driver: "redis", url, commandTimeout: 3000 } as const;
  const state = await createState(options, { onWarning: (message) => void warnings.push(message) });
  defer(state.close);
  return state;
}

const notes = ({ board }: State) => [...board.entries("")].sort();

redisTest("notes of one process are seen and taken down in another", async (redis, defer) => {
  const here = await open(redis.url, defer);
  here.board.set("a", "rests", 60_000);
  const there = startNoticer(redis.url);
  defer(async () => there.kill());
  // What was written before it came, too.
  await there.shows([["a", "rests"]]);
  here.board.set("b", "brief", 300);
  here.board.set("c", "stays", 60_000);
  await there.shows([
    ["a", "rests"],
    ["c", "stays"],
  ]);
  here.board.delete("a");
  await there.shows([["c", "stays"]]);
  there.say("set d mine");
  await until(() => here.board.get("d") === "mine");
  there.say("delete c");
  await until(() => here.board.get("c") === undefined);
  assert.deepEqual(notes(here), [["d", "mine"]]);
});

redisTest("what was written before is there once the board is loaded", async (redis, defer) => {
  const writer = await open(redis.url, defer);
  for (let i = 0; i < 250; i++) writer.board.set(`k${i}`, String(i), 60_000);
  await writer.counters.get("n");
  const reader = await open(redis.url, defer);
  await reader.board.load?.();
  assert.equal(notes(reader).length, 250);
  await redis.kill();
  const late = await open(redis.url, defer);
  await late.board.load?.();
  assert.deepEqual(notes(late), []);
});

redisTest("each change of others is told once, an own one as it happens", async (redis, defer) => {
  const [one, two] = [await open(redis.url, defer), await open(redis.url, defer)];
  const told: [string, string | undefined][] = [];
  one.board.set("first", "0", 60_000);
  two.board.onChange((key, value) => void told.push([key, value]));
  await until(() => told.length === 1);
  two.board.set("own", "1", 60_000);
  one.board.set("first", "2", 60_000);
  await until(() => told.length === 3);
  one.board.delete("first");
  await until(() => told.length === 4 && one.board.get("own") === "1");
  assert.deepEqual(told, [
    ["first", "0"],
    ["own", "1"],
    ["first", "2"],
    ["first", undefined],
  ]);
});

redisTest("writes of several to the same notes end alike everywhere", async (redis, defer) => {
  const seed = seedOf();
  console.log(`seed ${seed} (SEED=${seed} runs it again)`);
  const random = randomFrom(seed);
  const states = await Promise.all([1, 2, 3].map(() => open(redis.url, defer)));
  for (const { board } of states) board.get("");
  const admin = new Redis(redis.url);
  defer(async () => admin.disconnect());
  await until(async () => {
    const [, subscribers] = (await admin.pubsub("NUMSUB", "sluice:board:0")) as [string, number];
    return subscribers === 3;
  });
  for (let step = 0; step < 2000; step++) {
    const { board } = states[random(3)]!;
    const key = `k${random(4)}`;
    if (random(4) === 0) board.delete(key);
    else board.set(key, String(step), 60_000);
    if (random(10) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  for (const { board } of states)
    board.set(`end ${states.findIndex((one) => one.board === board)}`, "", 60_000);
  await until(() => states.every((state) => [...state.board.entries("end")].length === 3));
  const truth: [string, string][] = [];
  for (const key of await admin.keys("sluice:board:*")) {
    truth.push([key.slice("sluice:board:".length), (await admin.get(key)) ?? ""]);
  }
  for (const state of states) assert.deepEqual(notes(state), truth.sort(), `seed ${seed}`);
});

for (const outage of ["keeps", "loses"] as const) {
  redisTest(`notes go on while redis is away, and meet when it ${outage} its data`, async (redis, defer) => {
    const [one, two] = [await open(redis.url, defer), await open(redis.url, defer)];
    one.board.set("old", "rests", 60_000);
    one.board.set("down", "rests", 60_000);
    await until(() => two.board.get("old") === "rests" && two.board.get("down") === "rests");
    if (outage === "keeps") redis.freeze();
    else await redis.kill();
    one.board.set("one", "1", 60_000);
    two.board.set("two", "2", 60_000);
    two.board.delete("down");
    await Promise.all([one, two].map((state) => state.counters.get("n")));
    await until(() => !one.healthy() && !two.healthy());
    one.board.set("three", "3", 60_000);
    assert.equal(one.board.get("three"), "3");
    if (outage === "keeps") redis.thaw();
    else await redis.restart();
    const expected = [
      ["old", "rests"],
      ["one", "1"],
      ["three", "3"],
      ["two", "2"],
    ];
    const met = (state: State) => expected.every(([key = "", value]) => state.board.get(key) === value);
    await until(() => met(one) && met(two));
    if (outage === "keeps") assert.deepEqual([notes(one), notes(two)], [expected, expected]);
    two.board.set("after", "4", 60_000);
    await until(() => one.board.get("after") === "4");
  });
}

redisTest("a board whose channel is closed to us is told of, and state goes on", async (redis, defer) => {
  const admin = new Redis(redis.url);
  defer(async () => admin.disconnect());
  await admin.acl("SETUSER", "me", "on", ">word", "~*", "resetchannels", "+@all");
  const warnings: string[] = [];
  const state = await open(redis.url.replace("//", "//me:word@"), defer, warnings);
  state.board.set("a", "rests", 60_000);
  await until(() => warnings.length === 1);
  assert.match(
    warnings[0]!,
    /^Redis does not pass on what processes tell each other: .*(?:NOPERM|can't publish)/,
  );
  assert.equal(state.board.get("a"), "rests");
  assert.equal(await admin.get("sluice:board:a"), "rests");
  assert.equal(state.healthy(), true);
});

redisTest("cursors of two processes never meet, and go on without redis", async (redis, defer) => {
  const [one, two] = [await open(redis.url, defer), await open(redis.url, defer)];
  const both = Array.from({ length: 200 }, (_, i) => [one, two][i % 2]!.cursors.next("c"));
  const positions = (await Promise.all(both)).sort((a, b) => a - b);
  assert.deepEqual(
    positions,
    Array.from({ length: 200 }, (_, i) => i),
  );
  assert.deepEqual(await Promise.all([one.cursors.next("c"), one.cursors.next("c")]), [200, 201]);
  await redis.kill();
  await until(() => !one.healthy());
  assert.deepEqual([one.cursors.next("c"), one.cursors.next("c")], [202, 203]);
  await redis.restart();
  await until(() => one.healthy() && two.healthy());
  // Redis forgot: positions do not come again all the same.
  assert.equal(await one.cursors.next("c"), 204);
  assert.equal(await two.cursors.next("c"), 205);
});

/** _noticer.ts in a process of the runtime that this test runs on. */
function startNoticer(url: string) {
  const file = fileURLToPath(new URL("_noticer.ts", import.meta.url));
  const flags =
    "Deno" in globalThis
      ? ["run", "-A", "--no-check"]
      : process.execArgv.filter((flag) => !flag.startsWith("--test"));
  const child = spawn(process.execPath, [...flags, file, url], { stdio: ["pipe", "pipe", "inherit"] });
  let shown = "";
  createInterface(child.stdout).on("line", (line) => (shown = line));
  return {
    kill: () => void child.kill("SIGKILL"),
    say: (line: string) => void child.stdin.write(`${line}\n`),
    shows: (expected: unknown) => until(() => shown === JSON.stringify(expected)),
  };
}
