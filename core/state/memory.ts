import { add, advance, leavesIn, slotOf, waitFor, SLOTS, type Ring } from "./ring.ts";
import { createSweep, type Swept } from "./sweep.ts";
import type { Counters, Settlement, TakeResult, Window, WindowState } from "./types.ts";

/** One window of one key. The windows of a key are chained: two strings to hash would cost more than a walk. */
export interface WindowCounter extends Ring, Swept {
  readonly window: number;
  next: WindowCounter | undefined;
  /** Scratch of one take: the slot it writes into, and what it has reserved here so far. */
  slot: number;
  reserved: number;
  /** What was changed here that Redis does not know of, by slot (see mirror.ts). */
  journal: Map<number, number> | undefined;
}

export interface PlainCounter extends Swept {
  value: number;
  /** ms on the counters' clock. */
  expires: number;
  /** What was added here that Redis does not know of (see mirror.ts). */
  local: number;
}

/** Counters in this process; all of `Counters`, synchronously, and what snapshots and the mirror build on. */
export interface MemoryCounters extends Counters {
  take(windows: readonly Window[]): TakeResult;
  settle(entries: readonly Settlement[]): void;
  peek(windows: readonly Window[]): TakeResult;
  increment(key: string, by: number, ttl: number): number;
  get(key: string): number;
  clear(prefix?: string): void;
  now(): number;
  /** Grows with every change. */
  changes(): number;
  /** A small step of forgetting idle keys; `take` and `peek` do it themselves. */
  sweep(): void;
  /** The counter of a window, made where missing. */
  window(key: string, window: number): WindowCounter;
  /** The first window of each key; the others follow by `next`. */
  windows: Map<string, WindowCounter>;
  plain: Map<string, PlainCounter>;
}

/** Throws RangeError unless `ms` is a length of time. */
export function assertLength(ms: number, what: string): void {
  if (!(ms > 0 && ms < Infinity)) throw new RangeError(`${what}: expected ms above 0, found ${ms}`);
}

/**
 * Counters in a Map. Idle keys are forgotten by a sweep that every operation pays a little of, so there is
 * no timer and nothing to close.
 * @param clock ms since the epoch; for tests.
 * @param onCrowded told once, when counters in use are forgotten because there are too many
 */
export function createMemoryCounters(
  clock: () => number = Date.now,
  onCrowded: () => void = () => {},
): MemoryCounters {
  const windows = new Map<string, WindowCounter>();
  const plain = new Map<string, PlainCounter>();
  let crowdTold = false;
  const tellCrowd = () => {
    if (!crowdTold) onCrowded();
    crowdTold = true;
  };
  const sweepWindows = createSweep(windows, forgetIdle, tellCrowd);
  const sweepPlain = createSweep(plain, forgetExpired, tellCrowd);
  /** Scratch of one take. */
  const held: WindowCounter[] = [];
  let changes = 0;

  function find(key: string, window: number): WindowCounter {
    const first = windows.get(key);
    if (first) first.touched = true;
    for (let counter = first; counter; counter = counter.next) {
      if (counter.window === window) return counter;
    }
    assertLength(window, "window");
    const made: WindowCounter = {
      window,
      slots: [],
      amounts: [],
      total: 0,
      slot: 0,
      reserved: 0,
      touched: false,
      journal: undefined,
      next: undefined,
    };
    if (first) {
      made.next = first.next;
      first.next = made;
    } else {
      windows.set(key, made);
    }
    return made;
  }

  function check(asked: readonly Window[], now: number): TakeResult {
    const result: TakeResult = { allowed: true, refused: -1, retryAfter: 0, at: now, windows: [] };
    for (let i = 0; i < asked.length; i++) {
      const { key, limit, window, amount } = asked[i]!;
      const counter = find(key, window);
      counter.slot = advance(counter, slotOf(now, window));
      const wait = waitFor(counter, amount, counter.reserved, limit, window, now);
      // A window that is listed twice must hold both amounts.
      counter.reserved += amount;
      held[i] = counter;
      result.windows[i] = { used: 0, limit, remaining: 0, resetAfter: wait };
      if (wait > result.retryAfter) {
        result.allowed = false;
        result.refused = i;
        result.retryAfter = wait;
      }
    }
    return result;
  }

  function run(asked: readonly Window[], charge: boolean): TakeResult {
    const now = clock();
    sweepWindows(now);
    const result = check(asked, now);
    const charged = charge && result.allowed;
    for (let i = 0; i < asked.length; i++) {
      const counter = held[i]!;
      counter.reserved = 0;
      if (charged) add(counter, counter.slot, asked[i]!.amount);
    }
    for (let i = 0; i < asked.length; i++) fill(result.windows[i]!, held[i]!, now);
    if (charged) changes++;
    return result;
  }

  function settle(entries: readonly Settlement[]): void {
    const now = clock();
    for (const { key, window, at, delta } of entries) {
      if (!Number.isFinite(delta)) continue;
      const counter = find(key, window);
      const current = advance(counter, slotOf(now, window));
      const slot = Math.min(slotOf(at, window), current);
      if (slot + SLOTS >= current) add(counter, slot, delta);
    }
    changes++;
  }

  function get(key: string): number {
    const counter = plain.get(key);
    return counter && counter.expires > clock() ? counter.value : 0;
  }

  function increment(key: string, by: number, ttl: number): number {
    assertLength(ttl, "ttl");
    if (!Number.isFinite(by)) by = 0;
    const now = clock();
    sweepPlain(now);
    changes++;
    const counter = plain.get(key);
    if (counter && counter.expires > now) {
      counter.touched = true;
      return (counter.value += by);
    }
    plain.set(key, { value: by, expires: now + ttl, touched: false, local: 0 });
    return by;
  }

  function clear(prefix = ""): void {
    for (const map of [windows, plain]) {
      for (const key of map.keys()) if (key.startsWith(prefix)) map.delete(key);
    }
    changes++;
  }

  return {
    take: (asked) => run(asked, true),
    peek: (asked) => run(asked, false),
    settle,
    increment,
    get,
    clear,
    now: clock,
    changes: () => changes,
    sweep: () => sweepWindows(clock()),
    window: find,
    windows,
    plain,
  };
}

function fill(state: WindowState, counter: WindowCounter, now: number): void {
  state.used = counter.total;
  state.remaining = Math.max(0, state.limit - counter.total);
  if (state.resetAfter === 0 && counter.slots.length > 0) {
    state.resetAfter = leavesIn(counter.slots[0]!, counter.window, now);
  }
}

function forgetExpired(counter: PlainCounter, now: number): PlainCounter | undefined {
  return counter.expires > now ? counter : undefined;
}

/** Unchains the windows that hold nothing any more; answers what is left of the chain. Its first one is the touched. */
function forgetIdle(first: WindowCounter, now: number): WindowCounter | undefined {
  let kept: WindowCounter | undefined;
  for (let counter: WindowCounter | undefined = first; counter;) {
    const next: WindowCounter | undefined = counter.next;
    const newest = counter.slots.at(-1);
    if (newest !== undefined && newest + SLOTS >= slotOf(now, counter.window)) {
      counter.next = kept;
      kept = counter;
    }
    counter = next;
  }
  if (kept) kept.touched = first.touched;
  return kept;
}
