import { createMemoryCounters, type MemoryCounters, type WindowCounter } from "./memory.ts";
import { add, advance, slotOf, SLOTS } from "./ring.ts";
import type { Settlement, TakeResult, Window } from "./types.ts";

/** Keys remembered while Redis answers; beyond, the ones remembered first are forgotten. */
const MAX_KEYS = 50_000;

/** What one window brings back to Redis: per slot what was known to be used, and what was added here. */
export interface WindowChange {
  key: string;
  window: number;
  /** slot, known, added; again and again. */
  slots: number[];
}

export interface PlainChange {
  key: string;
  known: number;
  added: number;
  /** ms left. */
  ttl: number;
}

/**
 * The last known usage of each key, kept beside Redis so that counting can go on without it: as ordinary
 * memory counters, which every answer of Redis brings up to date, and which take over in an outage.
 *
 * What is counted in an outage is journalled, to be added to Redis later. A command whose answer never came
 * is counted but not journalled: Redis may have run it. It then is part of what is known, which Redis is only
 * raised to where it has less. So it counts once, whether or not Redis ran it.
 */
export interface Mirror {
  take(windows: readonly Window[], mode: "journal" | "unsure"): TakeResult;
  peek(windows: readonly Window[]): TakeResult;
  settle(entries: readonly Settlement[], mode: "journal" | "unsure"): void;
  increment(key: string, by: number, ttl: number, mode: "journal" | "unsure"): number;
  get(key: string): number;
  clear(prefix?: string): void;
  /** Redis says: `used` of this window at its time `at`. */
  observe(key: string, window: number, at: number, used: number): void;
  /** Redis says: the counter has this value and goes in `ttl` ms (undefined: when it did before). */
  observePlain(key: string, value: number, ttl: number): void;
  /** An answer that came after Redis was given up, to a take that it had charged. */
  charge(windows: readonly Window[], at: number): void;
  /** The keys that have something to bring back: all that are known, or only those journalled. */
  keys(which: "all" | "journalled"): { windows: string[]; plain: string[] };
  /** What these keys bring back. It counts as brought back from now on. */
  windowChanges(keys: readonly string[]): WindowChange[];
  plainChanges(keys: readonly string[]): PlainChange[];
}

/** @param clock for tests; by default this machine's, corrected by what Redis says the time is. */
export function createMirror(clock?: () => number): Mirror {
  let skew = 0;
  const counters = createMemoryCounters(clock ?? (() => Date.now() + skew));

  function take(windows: readonly Window[], mode: "journal" | "unsure"): TakeResult {
    const result = counters.take(windows);
    if (mode === "journal" && result.allowed) {
      for (const { key, window, amount } of windows) {
        const counter = counters.window(key, window);
        journal(counter, counter.slot, amount);
      }
    }
    return result;
  }

  function settle(entries: readonly Settlement[], mode: "journal" | "unsure"): void {
    counters.settle(entries);
    if (mode === "unsure") return;
    for (const { key, window, at, delta } of entries) {
      if (Number.isFinite(delta)) journal(counters.window(key, window), slotOf(at, window), delta);
    }
  }

  function increment(key: string, by: number, ttl: number, mode: "journal" | "unsure"): number {
    const value = counters.increment(key, by, ttl);
    if (mode === "journal" && Number.isFinite(by)) counters.plain.get(key)!.local += by;
    return value;
  }

  function observe(key: string, window: number, at: number, used: number): void {
    skew = at - Date.now();
    const counter = counters.window(key, window);
    const slot = advance(counter, slotOf(at, window));
    // What others used since the last answer goes where it stays longest; what left or was given back goes
    // from the oldest slots. Our own takes so end up in the very slots that Redis has them in.
    const difference = used - counter.total;
    if (difference > 0) add(counter, slot, difference);
    else reduce(counter, -difference);
    counters.sweep();
    bound(counters);
  }

  function observePlain(key: string, value: number, ttl: number): void {
    counters.plain.set(key, { value, expires: counters.now() + ttl, touched: true, local: 0 });
    bound(counters);
  }

  function charge(windows: readonly Window[], at: number): void {
    for (const { key, window, amount } of windows) {
      const counter = counters.window(key, window);
      const current = advance(counter, slotOf(counters.now(), window));
      const slot = Math.min(slotOf(at, window), current);
      if (slot + SLOTS >= current) add(counter, slot, amount);
    }
  }

  return {
    take,
    settle,
    increment,
    observe,
    observePlain,
    charge,
    peek: counters.peek,
    get: counters.get,
    clear: counters.clear,
    keys: (which) => ({
      windows: [...counters.windows.keys()].filter((key) => {
        return which === "all" || chain(counters, key).some((counter) => counter.journal);
      }),
      plain: [...counters.plain]
        .filter(([, { local }]) => which === "all" || local !== 0)
        .map(([key]) => key),
    }),
    windowChanges: (keys) =>
      keys.flatMap((key) => {
        return chain(counters, key).map((one) => windowChange(key, one, counters.now()));
      }),
    plainChanges: (keys) => keys.flatMap((key) => plainChange(counters, key)),
  };
}

function chain(counters: MemoryCounters, key: string): WindowCounter[] {
  const all: WindowCounter[] = [];
  for (let counter = counters.windows.get(key); counter; counter = counter.next) all.push(counter);
  return all;
}

function journal(counter: WindowCounter, slot: number, amount: number): void {
  const changes = (counter.journal ??= new Map());
  changes.set(slot, (changes.get(slot) ?? 0) + amount);
  if (changes.size <= SLOTS * 2) return;
  for (const old of changes.keys()) if (old + SLOTS < counter.slot) changes.delete(old);
}

function windowChange(key: string, counter: WindowCounter, now: number): WindowChange {
  advance(counter, slotOf(now, counter.window));
  const changes = counter.journal ?? new Map<number, number>();
  counter.journal = undefined;
  const slots: number[] = [];
  for (const [i, slot] of counter.slots.entries()) {
    const added = changes.get(slot) ?? 0;
    changes.delete(slot);
    slots.push(slot, Math.max(0, counter.amounts[i]! - added), added);
  }
  // What is left was given back in full here, or where this machine knew of nothing.
  for (const [slot, added] of changes) slots.push(slot, 0, added);
  return { key, window: counter.window, slots };
}

function plainChange(counters: MemoryCounters, key: string): PlainChange[] {
  const counter = counters.plain.get(key);
  const ttl = counter ? counter.expires - counters.now() : 0;
  if (!counter || ttl <= 0) return [];
  const added = counter.local;
  counter.local = 0;
  return [{ key, known: counter.value - added, added, ttl }];
}

/** Takes an amount from the oldest slots. */
function reduce(counter: WindowCounter, amount: number): void {
  for (let left = amount; left > 0 && counter.slots.length > 0;) {
    const part = Math.min(left, counter.amounts[0]!);
    add(counter, counter.slots[0]!, -part);
    left -= part;
  }
}

/** Only while Redis answers, so nothing journalled is ever dropped. */
function bound(counters: MemoryCounters): void {
  for (const map of [counters.windows, counters.plain]) {
    if (map.size > MAX_KEYS) map.delete(map.keys().next().value!);
  }
}
