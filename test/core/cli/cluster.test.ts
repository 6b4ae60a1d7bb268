import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { freePort, redisTest } from "../../_redis.ts";
import { call, chat } from "./_call.ts";
import { eventually, onDeno, processTest, withBench, within } from "./_sluice.ts";

const demo = { name: "demo", provider: "demo", models: ["demo"] };
const keys = [{ key: "sk-test-key", name: "test", limits: ["6/hour"] }];

/** The workers of a process, which are processes on Node, and threads on Deno. What translates TypeScript is none. */
function workersOf(pid: number): number[] {
  const { stdout } = spawnSync("ps", ["-A", "-ww", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  const lines = stdout.split("\n").filter((line) => /\bworker\.ts\b/.test(line));
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.filter(([, parent]) => parent === pid).map(([child = 0]) => child);
}

redisTest("workers share one port and, over Redis, one limit; they stop together", (redis) =>
  withBench(async ({ write, start }) => {
    // On a machine that stalls, Redis must not count as away: each worker would count for itself then.
    const state = { driver: "redis", url: redis.url, commandTimeout: "20s" };
    await write({ "sluice.json": JSON.stringify({ upstreams: [demo], keys, state }) });
    const sluice = await start("--workers", "2", "--port", String(await freePort()));
    assert.match(sluice.said(), /sluice\.json: 1 upstream, no prefixes, 1 key, 2 workers$/m);
    const calls = Array.from({ length: 12 }, () =>
      call(`${sluice.url}/v1/chat/completions`, { key: "sk-test-key", body: chat("demo") }),
    );
    const statuses = (await Promise.all(calls)).map(({ status }) => status).sort();
    assert.deepEqual(statuses, [...Array<number>(6).fill(200), ...Array<number>(6).fill(429)]);
    sluice.signal("SIGTERM");
    assert.equal(await within("the end of the processes", sluice.ended), 0);
    await assert.rejects(call(`${sluice.url}/healthz`));
    assert.equal(sluice.out().trimEnd().split("\n").length, 12, "a log line is missing");
  }),
);

processTest(
  "workers without Redis are refused where there are limits, and warned of where there are none",
  async (bench) => {
    const { write, run, start } = bench;
    await write({ "sluice.json": JSON.stringify({ upstreams: [demo], keys }) });
    assert.deepEqual(await run("--workers", "2"), {
      status: 1,
      out: "",
      said: "sluice: 2 workers would each count limits for themselves and let through 2 times as much: set state.driver to redis, which they share, or take one worker\n",
    });
    const options = { upstreams: [demo], plugins: [{ "rate-limit": { global: "5/min" } }] };
    await write({ "sluice.json": JSON.stringify(options) });
    assert.equal((await run("--workers", "2")).status, 1);

    await write({ "sluice.json": JSON.stringify({ upstreams: [demo] }) });
    const sluice = await start("--workers", "2", "--port", String(await freePort()));
    assert.match(
      sluice.said(),
      /Each of the 2 workers takes turns, and leaves failing upstreams alone, by what it sees itself\. Before you set limits, set state\.driver/,
    );
    assert.equal((await call(`${sluice.url}/readyz`)).status, 200);
    sluice.signal("SIGINT");
    assert.equal(await within("the end of the processes", sluice.ended), 0);
  },
);

processTest("all workers take a changed configuration over", async ({ write, start }) => {
  const config = (key: string): string => JSON.stringify({ upstreams: [demo], keys: [key] });
  await write({ "sluice.json": config("sk-one") });
  const { url, says, signal, ended } = await start("--workers", "2", "--port", String(await freePort()));
  await write({ "sluice.json": config("sk-two") });
  await says(/The configuration was read again and is in use/);
  for (const [key, status] of [
    ["sk-one", 401],
    ["sk-two", 200],
  ] as const) {
    const calls = Array.from({ length: 6 }, () =>
      call(`${url}/v1/chat/completions`, { key, body: chat("demo") }),
    );
    for (const answer of await Promise.all(calls)) assert.equal(answer.status, status);
  }
  signal("SIGTERM");
  assert.equal(await within("the end of the processes", ended), 0);
});

// On Deno, workers are threads: nobody can end one from outside.
if (!onDeno) {
  processTest("a worker that dies is replaced, and calls go on", async ({ write, start }) => {
    await write({ "sluice.json": JSON.stringify({ upstreams: [demo], keys: ["sk-test-key"] }) });
    const sluice = await start("--workers", "2", "--port", String(await freePort()));
    const before = workersOf(sluice.pid);
    assert.equal(before.length, 2);
    const [victim = 0, survivor = 0] = before;
    process.kill(victim, "SIGKILL");
    await sluice.says(/Worker \d ended \(signal SIGKILL\); another one starts in 500 ms\./);
    const answer = await call(`${sluice.url}/v1/chat/completions`, {
      key: "sk-test-key",
      body: chat("demo"),
    });
    assert.equal(answer.status, 200);
    await sluice.says(/Worker \d serves again\./);
    const after = workersOf(sluice.pid);
    assert.ok(after.includes(survivor) && !after.includes(victim));
    // The new one serves: it goes on when the other one dies too.
    process.kill(survivor, "SIGKILL");
    await eventually("a second report", () => (sluice.said().match(/signal SIGKILL/g) ?? []).length === 2);
    assert.equal((await call(`${sluice.url}/healthz`)).status, 200);
    sluice.signal("SIGTERM");
    assert.equal(await within("the end of the processes", sluice.ended), 0);
    assert.deepEqual(workersOf(sluice.pid), []);
  });
}
