import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createState, type StateEvents, type StateOptions } from "../../../core/state/index.ts";
import { openFs } from "../../../core/state/fs.ts";
import { createMemoryCounters } from "../../../core/state/memory.ts";
import { encodeSnapshot, loadSnapshot } from "../../../core/state/snapshot.ts";
import { until } from "../../_gateway.ts";
import { EPOCH, one, testStateDriver, used } from "./_conformance.ts";
import { randomFrom, randomWindow, seedOf } from "./_random.ts";

async function inDirectory(run: (path: string) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), "sluice-state-"));
  try {
    await run(path);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

const openAt = (path: string, options: StateOptions = {}, events: StateEvents = {}) =>
  createState({ driver: "fs", path, ...options }, events);

testStateDriver("fs", (run) =>
  inDirectory(async (path) => {
    let now = EPOCH;
    const state = await openFs({ path }, {}, () => now);
    await run({ state, advance: (ms) => (now += ms) }).finally(state.close);
  }),
);

test("fs: counters and items survive a close and reopen", () =>
  inDirectory(async (path) => {
    const first = await openAt(path);
    const windows = [one("a", 100, 90), { ...one("a", 1000, 7), window: 86_400_000 }];
    const { at } = await first.counters.take(windows);
    await first.counters.increment("n", 4, 60_000);
    await first.counters.increment("gone", 4, 1);
    const end = Date.now() + 1;
    await first.storage.setItem("plugin:item", { kept: true });
    await first.close();
    await until(() => Date.now() > end);

    const second = await openAt(path);
    assert.deepEqual(used(await second.counters.peek(windows)), [90, 7]);
    await second.counters.settle([{ key: "a", window: 60_000, at, delta: -40 }]);
    assert.equal((await second.counters.take([one("a", 100, 51)])).allowed, false);
    assert.equal(await second.counters.increment("n", 1, 60_000), 5);
    assert.equal(await second.counters.get("gone"), 0);
    assert.deepEqual(await second.storage.getItem("plugin:item"), { kept: true });
    assert.deepEqual(await second.storage.getKeys(), ["plugin:item"], "snapshots are no items");
    await second.close();

    const third = await openAt(path);
    assert.deepEqual(used(await third.counters.peek(windows)), [50, 7]);
    assert.equal(await third.counters.get("n"), 5);
    await third.close();
  }));

test("fs: notes on the board survive a close and reopen, until their end", () =>
  inDirectory(async (path) => {
    const first = await openAt(path);
    first.board.set("a", "rests", 60_000);
    first.board.set("b", "brief", 1);
    const end = Date.now() + 1;
    first.board.set("c", "gone", 60_000);
    first.board.delete("c");
    await first.close();
    await until(() => Date.now() > end);
    const second = await openAt(path);
    assert.deepEqual([...second.board.entries("")], [["a", "rests"]]);
    await second.close();
  }));

test("fs: what was taken is on disk an interval later, without a close", () =>
  inDirectory(async (path) => {
    const crashed = await openAt(path, { snapshotInterval: 20 });
    await crashed.counters.take([one("a", 10, 6)]);
    const deadline = Date.now() + 60_000;
    for (;;) {
      const other = createMemoryCounters();
      for (const file of ["a", "b"]) {
        const text = await readFile(join(path, "counters", file), "utf8").catch(() => "");
        if (text.includes("window")) loadSnapshot(other, text);
      }
      if (used(other.peek([one("a", 10)]))[0] === 6) break;
      assert.ok(Date.now() < deadline, "not written in a minute");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await crashed.close();
  }));

test("fs: a corrupt snapshot is dropped with a warning, the one before it is used", () =>
  inDirectory(async (path) => {
    for (const amount of [3, 4]) {
      const state = await openAt(path);
      await state.counters.take([one("a", 100, amount)]);
      await state.close();
    }
    // Both files now hold a snapshot: spoil the newer one in each way in turn, then both.
    const files = ["a", "b"].map((name) => join(path, "counters", name));
    const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
    const [a, b] = texts.map((text) => Number(/^sluice-counters 1 (\d+)/.exec(text)![1]));
    const newer = a! > b! ? 0 : 1;
    const whole = texts[newer]!;
    const spoilt = [whole.slice(0, -9), "", "[]", "\0\u0001garbage", whole.replace('"window"', '"widow"')];
    spoilt.push(whole.replace(/\[\d+\]/, '["x"]'));
    for (const text of spoilt) {
      await Promise.all(files.map((file, i) => writeFile(file, i === newer ? text : texts[i]!)));
      const warnings: string[] = [];
      const events = { onWarning: (message: string) => void warnings.push(message), onLost: assert.fail };
      const state = await openAt(path, {}, events);
      assert.deepEqual(used(await state.counters.peek([one("a", 100)])), [3], JSON.stringify(text));
      assert.equal(warnings.length, 1, JSON.stringify(text));
      await state.close();
    }
    await Promise.all(files.map((file) => writeFile(file, "garbage")));
    const warnings: string[] = [];
    const state = await openAt(path, {}, { onWarning: (message) => void warnings.push(message) });
    assert.deepEqual(used(await state.counters.peek([one("a", 100)])), [0]);
    assert.equal(warnings.length, 2);
    assert.equal(state.healthy(), true);
    await state.close();
  }));

test("fs: a directory that cannot be written is an error at the start, an outage later", () =>
  inDirectory(async (path) => {
    await writeFile(join(path, "file"), "");
    await assert.rejects(openAt(join(path, "file")), /state\.path: cannot write to .*file/);
    await assert.rejects(openAt(""), /state\.path/);

    const told: string[] = [];
    const events = {
      onLost: (error: Error) => void told.push(error.message),
      onRestored: () => void told.push("back"),
    };
    const state = await openAt(join(path, "state"), { snapshotInterval: 10 }, events);
    const untilTold = async (count: number) => {
      for (const deadline = Date.now() + 60_000; told.length < count;) {
        assert.ok(Date.now() < deadline, `not told: ${told.join(", ")}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
        await state.counters.take([one("a", 1e6)]);
      }
    };
    await rm(join(path, "state"), { recursive: true });
    await writeFile(join(path, "state"), "in the way");
    await untilTold(1);
    assert.equal(state.healthy(), false);
    await rm(join(path, "state"));
    await untilTold(2);
    assert.match(told[0]!, /cannot write counters/);
    assert.deepEqual(told.slice(1), ["back"]);
    assert.equal(state.healthy(), true);
    await state.close();
  }));

test("fs: a snapshot holds all of it, however many keys", async () => {
  const seed = seedOf();
  console.log(`seed ${seed} (SEED=${seed} runs it again)`);
  const random = randomFrom(seed);
  let now = EPOCH;
  const before = createMemoryCounters(() => now);
  const windows = Array.from({ length: 5000 }, (_, i) => randomWindow(random, `key ${i} "\n\\é`));
  for (let i = 0; i < 20_000; i++) {
    now += random(3);
    before.take([windows[random(windows.length)]!]);
  }
  const after = createMemoryCounters(() => now);
  loadSnapshot(after, await encodeSnapshot(before, 1));
  for (const window of windows) assert.deepEqual(after.peek([window]), before.peek([window]), `seed ${seed}`);
});
