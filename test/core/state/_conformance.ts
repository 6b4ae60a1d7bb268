import assert from "node:assert/strict";
import { test } from "node:test";
import type { State, TakeResult, Window } from "../../../core/state/index.ts";
import { until } from "../../_gateway.ts";

/** A state whose counters run on a clock that the test moves. */
export interface OpenState {
  state: State;
  /** Moves the counters' clock on, ms. */
  advance(ms: number): void;
  /** ms of the shortest window that lives on this clock alone, whatever time really passes. Default 1000. */
  shortest?: number;
}

/** A multiple of all slot lengths below, so that every case begins at the beginning of a slot. */
export const EPOCH = 1_800_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * What every state driver must do. Each case gets a fresh, empty state.
 * @param open runs the case with a state, and cleans up
 * @param register registers a test; by default node:test
 */
export function testStateDriver(
  name: string,
  open: (run: (opened: OpenState) => Promise<void>) => Promise<void>,
  register: (name: string, run: () => Promise<void>) => void = (title, run) => void test(title, run),
): void {
  const check = (title: string, run: (opened: OpenState) => Promise<void>) => {
    register(`${name}: ${title}`, () => open(run));
  };

  check("takes up to the limit, all of it back after the window", async ({ state, advance }) => {
    const { counters } = state;
    const windows = [one("a", 3)];
    for (const used of [1, 2, 3]) {
      const result = await counters.take(windows);
      assert.deepEqual(rest(result), { allowed: true, refused: -1, retryAfter: 0 });
      assert.deepEqual(result.windows, [{ used, limit: 3, remaining: 3 - used, resetAfter: MINUTE + 1000 }]);
    }
    const refused = await counters.take(windows);
    assert.deepEqual(rest(refused), { allowed: false, refused: 0, retryAfter: MINUTE + 1000 });
    assert.deepEqual(refused.windows, [{ used: 3, limit: 3, remaining: 0, resetAfter: MINUTE + 1000 }]);
    advance(MINUTE + 999);
    assert.equal((await counters.take(windows)).retryAfter, 1);
    advance(1);
    assert.equal((await counters.take([one("a", 3, 3)])).allowed, true);
  });

  check("1,000 takes at once under 100 a minute: exactly 100", async ({ state }) => {
    const results = await Promise.all(
      Array.from({ length: 1000 }, () => state.counters.take([one("a", 100)])),
    );
    assert.equal(results.filter(({ allowed }) => allowed).length, 100);
  });

  check("room comes back slot by slot, and retryAfter says when", async ({ state, advance }) => {
    const { counters } = state;
    await counters.take([one("a", 10, 6)]);
    advance(30_000);
    await counters.take([one("a", 10, 4)]);
    const small = await counters.take([one("a", 10, 6)]);
    const large = await counters.take([one("a", 10, 7)]);
    assert.equal(small.retryAfter, 31_000);
    assert.equal(large.retryAfter, 61_000);
    advance(31_000);
    assert.deepEqual((await counters.peek([one("a", 10, 6)])).windows[0], {
      used: 4,
      limit: 10,
      remaining: 6,
      resetAfter: 30_000,
    });
    assert.equal((await counters.take([one("a", 10, 6)])).allowed, true);
  });

  check("all or nothing over several windows; the longest refusal is named", async ({ state }) => {
    const { counters } = state;
    const [minute, hour, other] = [one("a", 2), { ...one("a", 5), window: HOUR }, one("b", 100, 10)];
    await counters.take([minute]);
    await counters.take([minute]);
    const refused = await counters.take([other, minute, hour]);
    assert.deepEqual([refused.allowed, refused.refused], [false, 1]);
    assert.deepEqual(used(refused), [0, 2, 0]);
    await counters.take([{ ...hour, amount: 5 }]);
    const longer = await counters.take([other, minute, hour]);
    assert.deepEqual([longer.refused, longer.retryAfter], [2, HOUR + MINUTE]);
    assert.deepEqual(used(await counters.take([other, one("c", 1), { ...hour, key: "c" }])), [10, 1, 1]);
  });

  check("windows of one key with different lengths count apart", async ({ state }) => {
    const { counters } = state;
    await counters.take([one("a", 9, 4)]);
    assert.deepEqual(used(await counters.take([{ ...one("a", 9), window: HOUR }, one("a", 9)])), [1, 5]);
  });

  check("a window listed twice must hold both amounts", async ({ state }) => {
    const { counters } = state;
    assert.equal((await counters.take([one("a", 3, 2), one("a", 3, 2)])).allowed, false);
    assert.deepEqual(used(await counters.take([one("a", 3, 2), one("a", 3, 1)])), [3, 3]);
  });

  check("limits and amounts at the edges", async ({ state }) => {
    const { counters } = state;
    const none = await counters.take([one("a", 0)]);
    assert.deepEqual([none.allowed, none.retryAfter], [false, MINUTE]);
    assert.equal((await counters.take([one("a", 0, 0)])).allowed, false);
    const tooMuch = await counters.take([one("a", 10, 11)]);
    assert.deepEqual([tooMuch.allowed, tooMuch.retryAfter], [false, MINUTE]);
    for (const amount of [Number.NaN, -1, Infinity]) {
      assert.equal((await counters.take([one("a", 10, amount)])).allowed, false, `amount ${amount}`);
    }
    assert.equal((await counters.take([one("a", Infinity, 1e9)])).allowed, true);
    assert.equal((await counters.take([one("b", 10, 0)])).windows[0]!.used, 0);
    await counters.take([one("b", 10, 10)]);
    assert.equal((await counters.take([one("b", 10, 0)])).allowed, false, "0 asks for any room");
    // Lowered by a new configuration: what is used stays used.
    const lowered = await counters.take([one("b", 4, 1)]);
    assert.deepEqual(lowered.windows[0], { used: 10, limit: 4, remaining: 0, resetAfter: MINUTE + 1000 });
    assert.equal((await counters.take([])).allowed, true);
    await assert.rejects(async () => counters.take([{ ...one("a", 1), window: 0 }]), RangeError);
    await assert.rejects(async () => counters.increment("a", 1, Number.NaN), RangeError);
  });

  check("windows short and long, and fractions", async ({ state, advance, shortest = 1000 }) => {
    const { counters } = state;
    const second = { ...one("a", 1), window: shortest };
    const year = { ...one("a", 1.5, 0.75), window: 365 * 24 * HOUR };
    assert.equal((await counters.take([second, year])).allowed, true);
    const refused = await counters.take([second, year]);
    advance(refused.retryAfter);
    assert.deepEqual(used(await counters.take([second, year])), [1, 1.5]);
    const full = await counters.take([year]);
    advance(full.retryAfter - 1);
    assert.equal((await counters.peek([year])).allowed, false);
    advance(1);
    assert.equal((await counters.peek([year])).allowed, true);
  });

  check("settle corrects the slot of the take, never below 0", async ({ state, advance }) => {
    const { counters } = state;
    const { at } = await counters.take([one("a", 100, 50)]);
    advance(30_000);
    await counters.settle([{ key: "a", window: MINUTE, at, delta: -20 }]);
    assert.equal(used(await counters.peek([one("a", 100)]))[0], 30);
    await counters.settle([{ key: "a", window: MINUTE, at, delta: 80 }]);
    assert.equal((await counters.take([one("a", 100)])).retryAfter, 31_000);
    await counters.settle([{ key: "a", window: MINUTE, at, delta: -500 }]);
    assert.deepEqual((await counters.peek([one("a", 100)])).windows[0], {
      used: 0,
      limit: 100,
      remaining: 100,
      resetAfter: 0,
    });
    // In between what is there, in a slot that was empty.
    const later = await counters.take([one("a", 100, 1)]);
    advance(1000);
    await counters.settle([{ key: "a", window: MINUTE, at, delta: 7 }]);
    assert.deepEqual(used(await counters.peek([one("a", 100)])), [8]);
    advance(MINUTE);
    // Both slots have left: nothing to correct, nothing comes back.
    await counters.settle([{ key: "a", window: MINUTE, at: later.at, delta: 5 }]);
    await counters.settle([{ key: "a", window: MINUTE, at: later.at, delta: Number.NaN }]);
    assert.deepEqual(used(await counters.peek([one("a", 100)])), [0]);
  });

  check(
    "a clock that goes back neither frees a window nor blocks it for longer",
    async ({ state, advance }) => {
      const { counters } = state;
      for (const back of [500, 20_000, 50_000, HOUR]) {
        const key = `back ${back}`;
        await counters.take([one(key, 10, 4)]);
        advance(3000);
        await counters.take([one(key, 10, 6)]);
        advance(-back);
        const refused = await counters.take([one(key, 10)]);
        assert.equal(refused.allowed, false);
        assert.ok(refused.retryAfter <= 2 * MINUTE + 1000, `${back} ms back: ${refused.retryAfter}`);
        advance(refused.retryAfter);
        assert.equal((await counters.take([one(key, 10)])).allowed, true);
        advance(HOUR);
      }
    },
  );

  check("peek charges nothing", async ({ state }) => {
    const { counters } = state;
    for (let i = 0; i < 5; i++) assert.equal((await counters.peek([one("a", 2, 2)])).allowed, true);
    assert.equal((await counters.take([one("a", 2, 2)])).allowed, true);
    assert.equal((await counters.peek([one("a", 2)])).allowed, false);
  });

  check("plain counters add up and are forgotten", async ({ state }) => {
    const { counters } = state;
    assert.equal(await counters.get("n"), 0);
    const sums = await Promise.all([1, 1, 1].map((by) => counters.increment("n", by, HOUR)));
    assert.deepEqual(sums, [1, 2, 3]);
    assert.equal(await counters.increment("n", -2, HOUR), 1);
    assert.equal(await counters.increment("n", 0.5, HOUR), 1.5);
    assert.equal(await counters.get("n"), 1.5);
  });

  check("clear forgets by the beginning of the key", async ({ state }) => {
    const { counters } = state;
    const windows = [one("a:1", 9), one("a*2", 9), one("b:a", 9)];
    await counters.take(windows);
    await counters.increment("a:n", 1, HOUR);
    await counters.clear("a*");
    assert.deepEqual(used(await counters.peek(windows)), [1, 0, 1]);
    await counters.clear("a");
    assert.deepEqual(used(await counters.peek(windows)), [0, 0, 1]);
    assert.equal(await counters.get("a:n"), 0);
    await counters.clear();
    assert.deepEqual(used(await counters.peek(windows)), [0, 0, 0]);
  });

  check("cursors count each name from 0", async ({ state: { cursors } }) => {
    const positions = await Promise.all(["a", "a", "b", "a"].map((name) => cursors.next(name)));
    assert.deepEqual(positions, [0, 1, 0, 2]);
  });

  check("the board shows notes until they end, and tells of changes", async ({ state: { board } }) => {
    const told: [string, string | undefined][] = [];
    const off = board.onChange((key, value) => void told.push([key, value]));
    board.set("a:1", "rests", 60_000);
    board.set("a:2", "too", 60_000);
    board.set("b:1", "other", 60_000);
    board.set("a:1", "rests on", 60_000);
    assert.equal(board.get("a:1"), "rests on");
    assert.deepEqual([...board.entries("a:")].sort(), [
      ["a:1", "rests on"],
      ["a:2", "too"],
    ]);
    board.delete("a:1");
    board.delete("unknown");
    assert.equal(board.get("a:1"), undefined);
    off();
    board.set("c", "unheard", 1000);
    assert.deepEqual(told, [
      ["a:1", "rests"],
      ["a:2", "too"],
      ["b:1", "other"],
      ["a:1", "rests on"],
      ["a:1", undefined],
    ]);
  });

  check("a note on the board ends by itself, which is not told", async ({ state: { board } }) => {
    const told: (string | undefined)[] = [];
    board.onChange((_key, value) => void told.push(value));
    board.set("a:1", "rests", 60_000);
    board.set("a:2", "brief", 40);
    await until(() => board.get("a:2") === undefined);
    assert.deepEqual([...board.entries("a:")], [["a:1", "rests"]]);
    assert.equal(told.includes(undefined), false);
  });

  check("storage keeps, lists and removes items", async ({ state: { storage } }) => {
    await storage.setItem("keys:one", { name: "one" });
    await storage.setItem("keys:two", "2");
    await storage.setItem("other", [3]);
    assert.deepEqual(await storage.getItem("keys:one"), { name: "one" });
    assert.deepEqual((await storage.getKeys("keys")).sort(), ["keys:one", "keys:two"]);
    assert.deepEqual(await storage.getItems(["other", "missing"]), [
      { key: "other", value: [3] },
      { key: "missing", value: null },
    ]);
    await storage.removeItem("keys:one");
    assert.equal(await storage.hasItem("keys:one"), false);
    await storage.setItemRaw("raw", new TextEncoder().encode("bytes"));
    const raw = (await storage.getItemRaw("raw")) as Uint8Array;
    assert.equal(new TextDecoder().decode(raw), "bytes");
    await storage.clear("keys");
    assert.deepEqual((await storage.getKeys()).sort(), ["other", "raw"]);
  });
}

/** A window of a minute. */
export function one(key: string, limit: number, amount = 1): Window {
  return { key, limit, window: MINUTE, amount };
}

export function used(result: TakeResult): number[] {
  return result.windows.map((window) => window.used);
}

function rest({ allowed, refused, retryAfter }: TakeResult) {
  return { allowed, refused, retryAfter };
}
