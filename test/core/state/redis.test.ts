import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { createState } from "../../../core/state/index.ts";
import { createMemoryCounters } from "../../../core/state/memory.ts";
import { openRedis } from "../../../core/state/redis.ts";
import { redisTest, startRedis } from "../../_redis.ts";
import { until } from "../../_gateway.ts";
import { EPOCH, one, testStateDriver, used } from "./_conformance.ts";
import { randomFrom, randomWindow, seedOf } from "./_random.ts";

/** ms; a busy machine is no outage. */
const patience = { commandTimeout: 10_000 };
/** ms; Redis forgets a window by its own clock, which goes on while a test that has another clock is held up. */
const shortest = 30_000;

let url = "";

testStateDriver(
  "redis",
  async (run) => {
    let now = EPOCH;
    const state = await openRedis({ url, ...patience }, {}, () => now);
    try {
      await run({ state, advance: (ms) => (now += ms), shortest });
      assert.equal(state.healthy(), true);
    } finally {
      await state.close();
    }
  },
  (name, run) =>
    redisTest(name, (redis) => {
      url = redis.url;
      return run();
    }),
);

redisTest("redis answers as memory does, whatever it is asked", async (redis, defer) => {
  const seed = seedOf();
  console.log(`seed ${seed} (SEED=${seed} runs it again)`);
  const random = randomFrom(seed);
  let now = EPOCH;
  const state = await openRedis({ url: redis.url, ...patience }, {}, () => now);
  defer(state.close);
  const memory = createMemoryCounters(() => now);
  const windows = Array.from({ length: 12 }, (_, i) => randomWindow(random, `k${i % 8}`, shortest));
  const takes: { key: string; window: number; at: number }[] = [];
  for (let step = 0; step < 3000; step++) {
    now += random(3) === 0 ? random(4000) : random(20);
    if (random(200) === 0) now += random(90_000_000);
    const where = `seed ${seed}, step ${step}`;
    const settled = takes.length > 0 && random(4) === 0;
    if (settled) {
      const entry = { ...takes[random(takes.length)]!, delta: random(30) - 15 };
      memory.settle([entry]);
      await state.counters.settle([entry]);
    }
    const asked = Array.from({ length: random(4) }, () => {
      return { ...windows[random(windows.length)]!, amount: random(12) };
    });
    const expected = memory.take(asked);
    assert.deepEqual(await state.counters.take(asked), expected, where);
    takes.push(...asked.map(({ key, window }) => ({ key, window, at: expected.at })));
    takes.splice(0, takes.length - 20);
  }
});

redisTest("redis: keys expire by themselves and begin with the prefix", async (redis, defer) => {
  const state = await createState({ driver: "redis", url: redis.url, prefix: "mine", ...patience });
  defer(state.close);
  const client = state.storage.getMount().driver.getInstance!();
  await state.counters.take([{ key: "a", limit: 5, window: 1000, amount: 1 }]);
  await state.counters.take([one("a", 5)]);
  await state.counters.increment("n", 1, 30_000);
  await state.counters.increment("n", 1, 60_000);
  await state.counters.increment("short", 1, 500);
  await state.storage.setItem("item", 1);
  await state.storage.setItem("short", 1, { ttl: 1 });
  const keys: string[] = await client.keys("*");
  assert.equal(
    keys.every((key) => key.startsWith("mine:")),
    true,
    keys.join(),
  );
  assert.ok((await client.pttl("mine:window:a:60000")) <= 61_000);
  assert.ok((await client.pttl("mine:counter:n")) <= 30_000);
  const short = ["mine:window:a:1000", "mine:counter:short", "mine:storage:short"];
  await until(async () => (await client.exists(...short)) === 0);
  assert.equal(await client.exists("mine:window:a:60000", "mine:counter:n", "mine:storage:item"), 3);
});

redisTest("redis: what another program left under a key is written over", async (redis, defer) => {
  const state = await createState({ driver: "redis", url: redis.url, ...patience });
  defer(state.close);
  const client = state.storage.getMount().driver.getInstance!();
  for (const [i, spoil] of [
    () => client.set("sluice:window:a:60000", "garbage"),
    () => client.set("sluice:window:a:60000", ""),
    () => client.sadd("sluice:window:a:60000", "member"),
  ].entries()) {
    await client.del("sluice:window:a:60000");
    await spoil();
    assert.deepEqual(used(await state.counters.take([one("a", 5)])), [1], `case ${i}`);
  }
  await client.sadd("sluice:counter:n", "member");
  assert.equal(await state.counters.get("n"), 0);
  assert.equal(await state.counters.increment("n", 2, 60_000), 2);
  await client.sadd("sluice:storage:item", "member");
  await assert.rejects(state.storage.getItem("item"), /WRONGTYPE/);
  assert.equal(state.healthy(), true);
});

redisTest("redis: scripts that it forgot are sent again", async (redis, defer) => {
  const state = await createState({ driver: "redis", url: redis.url, ...patience });
  defer(state.close);
  await state.counters.take([one("a", 5)]);
  await state.storage.getMount().driver.getInstance!().script("FLUSH");
  assert.deepEqual(used(await state.counters.take([one("a", 5)])), [2]);
  assert.equal(state.healthy(), true);
});

redisTest("two processes on one redis: exactly 100 of 1,000 pass", async (redis, defer) => {
  for (let round = 0; round < 2; round++) {
    const workers = [startWorker(redis.url, `k${round}`), startWorker(redis.url, `k${round}`)];
    defer(async () => workers.forEach(({ kill }) => kill()));
    await Promise.all(workers.map(({ ready }) => ready));
    for (const { go } of workers) go();
    const results = await Promise.all(workers.map(({ result }) => result()));
    assert.equal(results[0]!.passed + results[1]!.passed, 100);
    assert.deepEqual(
      results.map(({ healthy }) => healthy),
      [true, true],
    );
  }
});

redisTest("redis: a wrong password and a wrong URL are told without the password", async () => {
  const redis = await startRedis(["--requirepass", "right-secret"]);
  try {
    const wrong = `redis://:wrong-secret@127.0.0.1:${redis.port}`;
    const errors: Error[] = [];
    const state = await createState(
      { driver: "redis", url: wrong, ...patience },
      { onLost: (error) => void errors.push(error) },
    );
    assert.equal(state.healthy(), false);
    assert.equal((await state.counters.take([one("a", 1)])).allowed, true);
    assert.equal((await state.counters.take([one("a", 1)])).allowed, false);
    await state.close();
    assert.equal(errors.length, 1);
    assert.match(errors[0]!.message, /WRONGPASS/);
    const all = `${errors[0]!.stack} ${JSON.stringify(errors[0], Object.getOwnPropertyNames(errors[0]))}`;
    assert.doesNotMatch(all, /secret/);

    const right = await createState({ driver: "redis", url: wrong.replace("wrong", "right"), ...patience });
    assert.equal(right.healthy(), true);
    await right.close();
  } finally {
    await redis.kill();
  }
  const bads = [
    undefined,
    "",
    "http://:secret@host",
    "redis://:secret@host:port",
    "redis://:secret@host/name",
  ];
  for (const bad of [...bads, "redis://:secret%@host", "redis://secret%zz:x@host"]) {
    await assert.rejects(createState({ driver: "redis", url: bad }), (error: Error) => {
      return error.message.startsWith("state.url: expected redis://") && !error.message.includes("secret");
    });
  }
});

redisTest("redis: a user, a password and a database number are taken from the URL", async (redis, defer) => {
  const admin = new Redis(redis.url, { db: 3 });
  defer(async () => admin.disconnect());
  await admin.acl("SETUSER", "me", "on", ">p@ss:w/rd%", "~mine:*", "+@all", "-@dangerous", "+info");
  const url = redis.url.replace("//", `//me:${encodeURIComponent("p@ss:w/rd%")}@`);
  const state = await createState({ driver: "redis", url: `${url}/3`, prefix: "mine", ...patience });
  defer(state.close);
  assert.equal(state.healthy(), true);
  assert.deepEqual(used(await state.counters.take([one("a", 5)])), [1]);
  assert.deepEqual((await admin.keys("*")).sort(), ["mine:alive", "mine:window:a:60000"]);
  await admin.select(0);
  assert.equal(await admin.dbsize(), 0);
});

redisTest(
  "redis: a database that the server has not is an outage, not another database",
  async (redis, defer) => {
    const told: string[] = [];
    const events = { onLost: (error: Error) => void told.push(error.message) };
    const state = await createState({ driver: "redis", url: `${redis.url}/99`, ...patience }, events);
    defer(state.close);
    assert.equal(state.healthy(), false);
    assert.deepEqual(used(await state.counters.take([one("a", 5)])), [1]);
    assert.match(told.join(), /^Redis at 127\.0\.0\.1:\d+ is away: ERR DB index is out of range$/);
  },
);

test("redis: over rediss:// nothing is said before the connection is encrypted", async () => {
  const received: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (piece) => {
      received.push(piece);
      // No TLS.
      socket.end("-ERR unknown command\r\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const told: string[] = [];
  const state = await createState(
    { driver: "redis", url: `rediss://:secret@127.0.0.1:${port}`, ...patience },
    { onLost: (error) => void told.push(error.message) },
  );
  assert.equal(state.healthy(), false);
  await state.close();
  await new Promise((resolve) => server.close(resolve));
  assert.equal(told.length, 1);
  assert.doesNotMatch(told.join(), /secret/);
  const handshake = 0x16;
  assert.equal(received[0]?.[0], handshake);
  assert.doesNotMatch(Buffer.concat(received).toString("latin1"), /secret|AUTH/i);
});

/** _worker.ts in a process of the runtime that this test runs on. */
function startWorker(address: string, key: string) {
  const file = fileURLToPath(new URL("_worker.ts", import.meta.url));
  const flags =
    "Deno" in globalThis
      ? ["run", "-A", "--no-check"]
      : process.execArgv.filter((flag) => !flag.startsWith("--test"));
  const child = spawn(process.execPath, [...flags, file, address, key, "500", "100"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the worker ended");
    return value;
  };
  const ready = line();
  const result = async () => {
    await ready;
    return JSON.parse(await line()) as { passed: number; healthy: boolean };
  };
  return {
    ready,
    kill: () => void child.kill("SIGKILL"),
    go: () => void child.stdin.write("go\n"),
    result,
  };
}
