import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { Redis } from "ioredis";
import { createState, type State, type StateOptions, type TakeResult } from "../../../core/state/index.ts";
import { createLocalItems } from "../../../core/state/local-items.ts";
import { createMirror } from "../../../core/state/mirror.ts";
import { until } from "../../_gateway.ts";
import { freePort, redisTest } from "../../_redis.ts";
import { one, used } from "./_conformance.ts";

/** ms; a Redis that a busy machine holds up is not away. */
const patient = 10_000;
/** The same, where a test waits for it to pass. */
const lessPatient = 3000;

/** A state on Redis that writes down its outages, and waits for them. */
async function watch(options: StateOptions, defer: (close: () => Promise<void>) => void) {
  const told: string[] = [];
  const events = {
    onLost: (error: Error) => void told.push(`lost: ${error.message}`),
    onRestored: () => void told.push("restored"),
  };
  const state = await createState({ driver: "redis", commandTimeout: patient, ...options }, events);
  defer(state.close);
  return { state, told, healthy: (healthy: boolean) => until(() => state.healthy() === healthy) };
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Takes steadily until told to stop; answers what passed. */
function startLoad(state: State, limit: number) {
  const stop = new AbortController();
  let passed = 0;
  const waiting = new Set<object>();
  const takes: Promise<void>[] = [];
  const take = async () => {
    const mine = {};
    waiting.add(mine);
    const { allowed } = await state.counters.take([one("load", limit)]);
    waiting.delete(mine);
    if (allowed) passed++;
  };
  const lane = async () => {
    while (!stop.signal.aborted) {
      await take();
      await sleep(10);
    }
  };
  for (let i = 0; i < 20; i++) takes.push(lane());
  return {
    passed: () => passed,
    /** Waits for those that wait now. */
    answered: async () => {
      const now = [...waiting];
      await until(() => !now.some((take) => waiting.has(take)));
    },
    /** So many at once, without waiting for any. */
    burst: (count: number) => {
      for (let i = 0; i < count; i++) takes.push(take());
    },
    stop: async () => {
      stop.abort();
      await Promise.all(takes);
      return passed;
    },
  };
}

async function takeTimes(state: State, count: number, limit: number): Promise<TakeResult[]> {
  const results: TakeResult[] = [];
  for (let i = 0; i < count; i++) results.push(await state.counters.take([one("a", limit)]));
  return results;
}

const passedOf = (results: TakeResult[]) => results.filter(({ allowed }) => allowed).length;

redisTest(
  "kill -9 in the middle of takes: none throws, none waits for its return, the limit holds",
  async (redis, defer) => {
    const { state, told, healthy } = await watch({ url: redis.url }, defer);
    const limit = 6000;
    const load = startLoad(state, limit);
    await until(() => load.passed() >= 1500);
    await redis.kill();
    await healthy(false);
    await load.answered();
    const atLoss = load.passed();
    await until(() => load.passed() > atLoss + 200);
    await redis.restart();
    await healthy(true);
    const other = await watch({ url: redis.url }, defer);
    await until(() => load.passed() >= limit);
    await sleep(100);
    assert.equal(await load.stop(), limit);
    assert.equal(told.length, 2, told.join());
    assert.match(told[0]!, /^lost: Redis at 127\.0\.0\.1:\d+ is away: /);
    assert.equal(told[1], "restored");
    // Redis forgot everything when it was killed: another machine sees all of it again.
    assert.deepEqual(used(await other.state.counters.peek([one("load", limit)])), [limit]);
    assert.equal(other.state.healthy(), true);
  },
);

redisTest(
  "a redis that stops answering: takes go on in time, and nothing counts twice",
  async (redis, defer) => {
    const { state, told, healthy } = await watch({ url: redis.url, commandTimeout: lessPatient }, defer);
    const limit = 6000;
    const load = startLoad(state, limit);
    await until(() => load.passed() >= 1000);
    redis.freeze();
    await healthy(false);
    await load.answered();
    await sleep(1500);
    redis.thaw();
    await healthy(true);
    await sleep(100);
    const passed = await load.stop();
    assert.deepEqual(used(await state.counters.peek([one("load", limit)])), [passed]);
    assert.equal(told.length, 2, told.join());
    assert.match(told[0]!, /no answer within 3000 ms/);
  },
);

redisTest("a key that had used 90 of 100 has 10 left", async (redis, defer) => {
  const { state, healthy } = await watch({ url: redis.url }, defer);
  await takeTimes(state, 90, 100);
  await redis.kill();
  await healthy(false);
  const results = await takeTimes(state, 30, 100);
  assert.equal(passedOf(results), 10);
  assert.deepEqual(used(results[29]!), [100]);
});

redisTest("no redis at the start: counts here, and brings it along", async (redis, defer) => {
  await redis.kill();
  // It does not wait for Redis, which is not there yet.
  const { state, told, healthy } = await watch({ url: redis.url }, defer);
  assert.equal(state.healthy(), false);
  assert.equal(state.shared, true);
  assert.equal(passedOf(await takeTimes(state, 8, 7)), 7);
  await state.counters.increment("n", 3, 60_000);
  await redis.restart();
  await healthy(true);
  assert.equal(told.length, 2, told.join());
  const other = await watch({ url: redis.url }, defer);
  assert.equal(passedOf(await takeTimes(other.state, 20, 10)), 3);
  assert.equal(await other.state.counters.get("n"), 3);
});

for (const outage of ["keeps", "loses"] as const) {
  redisTest(`two machines come back to a redis that ${outage} its data`, async (redis, defer) => {
    const where = { url: redis.url, commandTimeout: lessPatient };
    const [a, b] = [await watch(where, defer), await watch(where, defer)];
    const begun = await takeTimes(a.state, 30, 100);
    await takeTimes(b.state, 20, 100);
    await a.state.counters.peek([one("a", 100)]);
    for (const { state } of [a, b]) await state.counters.increment("n", 5, 60_000);
    await a.state.counters.increment("n", 0, 60_000);

    if (outage === "keeps") {
      redis.freeze();
    } else {
      await redis.kill();
      await Promise.all([a.healthy(false), b.healthy(false)]);
    }
    await takeTimes(a.state, 10, 100);
    await takeTimes(b.state, 5, 100);
    await Promise.all([a.healthy(false), b.healthy(false)]);
    await a.state.counters.settle([{ key: "a", window: 60_000, at: begun[0]!.at, delta: -4 }]);
    await a.state.counters.increment("n", 2, 60_000);
    await b.state.counters.increment("n", 1, 60_000);
    assert.deepEqual(used(await a.state.counters.peek([one("a", 100)])), [56]);
    if (outage === "keeps") redis.thaw();
    else await redis.restart();

    await Promise.all([a.healthy(true), b.healthy(true)]);
    for (const { state, told } of [a, b]) {
      assert.deepEqual(used(await state.counters.peek([one("a", 100)])), [61]);
      assert.equal(await state.counters.get("n"), 13);
      assert.equal(told.length, 2, told.join());
    }
  });
}

redisTest("keys that nobody asked for in the outage are not forgotten either", async (redis, defer) => {
  const { state, healthy } = await watch({ url: redis.url }, defer);
  const keys = Array.from({ length: 300 }, (_, i) => `key ${i}`);
  await Promise.all(keys.map((key) => state.counters.take([one(key, 100, 60)])));
  await redis.kill();
  await healthy(false);
  await redis.restart();
  await healthy(true);
  const results = await Promise.all(keys.map((key) => state.counters.take([one(key, 100, 60)])));
  assert.equal(passedOf(results), 0);
});

redisTest("storage goes on in an outage, and brings its writes along", async (redis, defer) => {
  const { state, healthy } = await watch({ url: redis.url, commandTimeout: lessPatient }, defer);
  const { storage } = state;
  const other = await watch({ url: redis.url }, defer);
  await storage.setItem("written", { here: true });
  await other.state.storage.setItem("read", "there");
  await other.state.storage.setItem("unseen", "there");
  assert.equal(await storage.getItem("read"), "there");
  redis.freeze();

  assert.deepEqual(await storage.getItem("written"), { here: true });
  await healthy(false);
  const began = performance.now();
  assert.equal(await storage.getItem("read"), "there");
  assert.equal(await storage.getItem("unseen"), null);
  await storage.setItem("later", [1]);
  await storage.setItem("brief", 1, { ttl: 60 });
  await storage.removeItem("read");
  assert.equal(await storage.hasItem("read"), false);
  assert.deepEqual((await storage.getKeys()).sort(), ["brief", "later", "written"]);
  await storage.setItem("below:one", 1);
  await storage.clear("below");
  assert.deepEqual(await storage.getItems(["later", "below:one"]), [
    { key: "later", value: [1] },
    { key: "below:one", value: null },
  ]);
  // None of them waits for Redis.
  assert.ok(performance.now() - began < lessPatient, "storage hangs");
  await storage.setItem("brief", 1, { ttl: 0.2 });
  await until(async () => (await storage.getItem("brief")) === null);

  redis.thaw();
  await Promise.all([healthy(true), other.healthy(true)]);
  assert.deepEqual(await other.state.storage.getItem("later"), [1]);
  assert.deepEqual((await other.state.storage.getKeys()).sort(), ["later", "unseen", "written"]);
});

redisTest("a redis that takes no writes is an outage, and only one", async (redis, defer) => {
  const { state, told, healthy } = await watch({ url: redis.url }, defer);
  const admin = new Redis(redis.url);
  defer(async () => admin.disconnect());
  await takeTimes(state, 5, 20);
  await admin.config("SET", "maxmemory", "1");
  assert.equal(passedOf(await takeTimes(state, 10, 20)), 10);
  await sleep(1500);
  assert.equal(passedOf(await takeTimes(state, 10, 20)), 5);
  assert.equal(told.length, 1, told.join());
  assert.match(told[0]!, /OOM/);
  await admin.config("SET", "maxmemory", "0");
  await healthy(true);
  assert.deepEqual(used(await state.counters.peek([one("a", 20)])), [20]);
});

redisTest("a process that is busy itself does not take Redis for lost", async (redis, defer) => {
  const { state, told } = await watch({ url: redis.url, commandTimeout: lessPatient }, defer);
  await takeTimes(state, 1, 100);
  const pending = [state.counters.take([one("a", 100)]), state.storage.getItem("item")];
  await new Promise((resolve) => setImmediate(resolve));
  // Redis has answered by then: it has answered one that came later.
  spawnSync("redis-cli", ["-p", String(redis.port), "PING"]);
  for (const end = performance.now() + lessPatient + 500; performance.now() < end;);
  await Promise.all(pending);
  assert.deepEqual(told, []);
});

test("redis: an address where nothing answers neither hangs nor holds up close", async () => {
  const errors: string[] = [];
  const url = `redis://127.0.0.1:${await freePort()}`;
  const state = await createState(
    { driver: "redis", url, commandTimeout: patient },
    { onLost: (error) => void errors.push(error.message) },
  );
  await state.storage.setItem("item", 1);
  assert.equal(await state.storage.getItem("item"), 1);
  await state.counters.clear();
  await sleep(700);
  assert.equal(errors.length, 1, errors.join());
  assert.match(errors[0]!, /ECONNREFUSED/);
  const began = performance.now();
  await state.close();
  assert.ok(performance.now() - began < patient);
});

test("the mirror is bounded, and forgets what was seen first", () => {
  const mirror = createMirror();
  for (let i = 0; i < 60_000; i++) mirror.observe(`k${i}`, 60_000, Date.now(), 5);
  for (let i = 0; i < 60_000; i++) mirror.observePlain(`n${i}`, 5, 60_000);
  const { windows, plain } = mirror.keys("all");
  assert.deepEqual([windows.length, plain.length], [50_000, 50_000]);
  assert.deepEqual([windows[0], windows.at(-1)], ["k10000", "k59999"]);
});

const item = (value: string) => ({ value, expires: Infinity });

test("items kept here are bounded in number and size", () => {
  const dropped: string[] = [];
  const items = createLocalItems((key) => void dropped.push(key));
  for (let i = 0; i < 10_000; i++) items.set(`k${i}`, item("x"));
  assert.equal(items.get("k0")?.value, "x");
  items.set("new", item("x"));
  assert.deepEqual(dropped, ["k1"], "what was read lately stays");
  items.set("huge", item("x".repeat(2 ** 21)));
  assert.deepEqual(dropped, ["k1", "huge"]);
  for (let i = 0; i < 40; i++) items.set(`large ${i}`, item("x".repeat(2 ** 20)));
  const length = items.entries().reduce((sum, [key, { value }]) => sum + key.length + value!.length, 0);
  assert.ok(length <= 2 ** 24 && items.get("large 39"), `${length}`);
});
