import type { Clock } from "../core/index.ts";

/** A clock that stands still until it is moved. */
export interface FakeClock extends Clock {
  /** Moves it on, and runs what falls due, in order. */
  pass(ms: number): void;
  /** Timers that are set. */
  readonly timers: number;
}

/** @param random what `random` gives, each time */
export function fakeClock(start = 1_000_000, random = 0): FakeClock {
  let now = start;
  const due = new Set<{ at: number; run: () => void }>();
  return {
    now: () => now,
    tick: () => now,
    random: () => random,
    after(ms, run) {
      const timer = { at: now + ms, run };
      due.add(timer);
      return () => void due.delete(timer);
    },
    pass(ms) {
      const end = now + ms;
      for (;;) {
        const [first] = [...due].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (!first) break;
        due.delete(first);
        now = Math.max(now, first.at);
        first.run();
      }
      now = end;
    },
    get timers() {
      return due.size;
    },
  };
}
