import assert from "node:assert/strict";
import { test } from "node:test";
import { createState, stateKey } from "../../../core/state/index.ts";
import { createMemoryCounters, type MemoryCounters } from "../../../core/state/memory.ts";
import { crowdWarning } from "../../../core/state/sweep.ts";
import { EPOCH, one, testStateDriver, used } from "./_conformance.ts";
import { createExactLog, randomFrom, randomWindow, seedOf } from "./_random.ts";

testStateDriver("memory", async (run) => {
  let now = EPOCH;
  const state = await createState();
  await run({ state: { ...state, counters: createMemoryCounters(() => now) }, advance: (ms) => (now += ms) });
  await state.close();
});

test("memory answers synchronously, and by the real time", async () => {
  const { counters, shared, healthy, close } = await createState({ driver: "memory" });
  const before = Date.now();
  const result = counters.take([one("a", 1)]);
  assert.ok("allowed" in result && result.allowed);
  assert.ok(result.at >= before && result.at <= Date.now());
  assert.deepEqual([shared, healthy()], [false, true]);
  await close();
});

test("options that leave the state in its place keep it", () => {
  assert.equal(stateKey(), stateKey({ driver: "memory", snapshotInterval: 5 }));
  assert.equal(
    stateKey({ driver: "fs", path: "a", snapshotInterval: 1 }),
    stateKey({ driver: "fs", path: "a", snapshotInterval: 2 }),
  );
  const redis = { driver: "redis", url: "redis://a" } as const;
  const apart = [{}, { driver: "fs", path: "a" }, { driver: "fs", path: "b" }, redis] as const;
  const moved = [
    { ...redis, url: "redis://b" },
    { ...redis, prefix: "b" },
    { ...redis, commandTimeout: 5 },
  ];
  assert.equal(new Set([...apart, ...moved].map(stateKey)).size, 7);
});

test("an unknown driver is named", async () => {
  await assert.rejects(createState({ driver: "disk" as "fs" }), /state\.driver: .*"disk"/);
});

/** Takes at random against a log of every single hit: both bounds of what a window may hold. */
test("against an exact log: never above the limit, and free again in time", () => {
  const seed = seedOf();
  console.log(`seed ${seed} (SEED=${seed} runs it again)`);
  const random = randomFrom(seed);
  for (let round = 0; round < 60; round++) {
    let now = EPOCH + random(1e9);
    const counters = createMemoryCounters(() => now);
    const windows = Array.from({ length: 1 + random(3) }, (_, i) => randomWindow(random, `k${i}`));
    const logs = windows.map(({ window }) => createExactLog(window));
    for (let step = 0; step < 400; step++) {
      now += random(4) === 0 ? random(windows[0]!.window / 5) : random(5);
      const asked = windows.map((window) => ({
        ...window,
        amount: 1 + random(Math.max(1, window.limit / 4)),
      }));
      const result = counters.take(asked);
      const where = `seed ${seed}, round ${round}, step ${step}`;
      for (const [i, { window, limit, amount }] of asked.entries()) {
        if (result.allowed) logs[i]!.add(now, amount);
        assert.ok(logs[i]!.sum(now, window) <= limit, `${where}: more than the limit`);
      }
      if (result.allowed) continue;
      const { window, limit, amount } = asked[result.refused]!;
      // A slot may count for a sixtieth of its window too long, and no longer.
      const seen = logs[result.refused]!.sum(now, window + Math.ceil(window / 60));
      assert.ok(seen + amount > limit, `${where}: refused without need`);
      now += result.retryAfter - 1;
      assert.equal(counters.peek(asked).allowed, false, `${where}: free before retryAfter`);
      now += 1;
      assert.equal(counters.peek(asked).allowed, amount <= limit, `${where}: not free after retryAfter`);
    }
    now += Math.max(...windows.map(({ window }) => Math.ceil((window * 61) / 60)));
    const all = windows.map((window) => ({ ...window, amount: window.limit }));
    assert.equal(counters.take(all).allowed, true, `seed ${seed}, round ${round}: not free after the window`);
  }
});

test("a key costs the same whatever the traffic", () => {
  let now = EPOCH;
  const counters = createMemoryCounters(() => now);
  for (let i = 0; i < 200_000; i++) {
    now += i % 7;
    counters.take([{ key: "a", limit: 1e9, window: 60_000, amount: 1 }]);
  }
  const counter = counters.window("a", 60_000);
  assert.ok(counter.slots.length <= 61 && counter.amounts.length <= 61, `${counter.slots.length} slots`);
});

test("idle keys are forgotten while others are used", () => {
  let now = EPOCH;
  const counters = createMemoryCounters(() => now);
  let most = 0;
  for (let i = 0; i < 300_000; i++) {
    if (i % 100 === 0) now += 10;
    counters.take([{ key: `k${i}`, limit: 1, window: 1000, amount: 1 }]);
    counters.increment(`n${i}`, 1, 1000);
    most = Math.max(most, counters.windows.size, counters.plain.size);
  }
  // 10,000 keys a second live for a second; the sweep rests for one and takes one to catch up.
  assert.ok(most < 50_000, `${most} keys at once`);
  now += 5000;
  for (let i = 0; i < 50_000; i++) {
    counters.take([one("busy", 1e9)]);
    counters.increment("busy", 1, 3_600_000);
  }
  assert.deepEqual([[...counters.windows.keys()], [...counters.plain.keys()]], [["busy"], ["busy"]]);
});

test("a million addresses at once do not fill the memory, and who is busy stays counted", async () => {
  const warnings: string[] = [];
  const { counters } = await createState({}, { onWarning: (message) => void warnings.push(message) });
  const { windows, plain } = counters as MemoryCounters;
  const busy = { ...one("busy", 1e9), window: 3_600_000 };
  let most = 0;
  for (let i = 1; i <= 1_000_000; i++) {
    counters.take([{ key: `address ${i}`, limit: 60, window: 3_600_000, amount: 1 }]);
    if (i <= 520_000) counters.increment(`n${i}`, 1, 3_600_000);
    if (i % 1000 > 0) continue;
    counters.take([busy]);
    counters.increment("busy", 1, 3_600_000);
    most = Math.max(most, windows.size, plain.size);
  }
  assert.ok(most >= 500_000 && most < 510_000, `${most} keys at once`);
  assert.deepEqual(used(await counters.peek([busy])), [1000]);
  assert.equal(counters.get("busy"), 1000);
  assert.deepEqual(warnings, [crowdWarning]);
});

test("a sweep takes only the idle windows of a key", () => {
  let now = EPOCH;
  const counters = createMemoryCounters(() => now);
  const windows = [one("a", 9), { ...one("a", 9), window: 3_600_000 }, { ...one("a", 9), window: 1000 }];
  counters.take(windows);
  now += 120_000;
  for (let i = 0; i < 100; i++) counters.take([one("busy", 1e9)]);
  const held: number[] = [];
  for (let counter = counters.windows.get("a"); counter; counter = counter.next) held.push(counter.window);
  assert.deepEqual(held, [3_600_000]);
  assert.deepEqual(used(counters.peek(windows)), [0, 1, 0]);
});

test("plain counters live as long as their first increment said", () => {
  let now = EPOCH;
  const counters = createMemoryCounters(() => now);
  counters.increment("n", 5, 1000);
  now += 999;
  assert.equal(counters.increment("n", 1, 1000), 6);
  now += 1;
  assert.equal(counters.get("n"), 0);
  assert.equal(counters.increment("n", 1, 1000), 1);
});
