/** Of every 8 operations one looks at 16 entries: two an operation, so that a sweep outruns what is added. */
const EVERY = 8;
const STEP = 16;
/** ms between the beginnings of two passes: a small map is not swept over and over. */
const REST = 1000;
/**
 * Entries held at once, or little more: some 250 MB of counters. Whoever has many addresses to call from must not
 * fill the memory.
 */
const MOST = 500_000;

/** Warns of what a sweep calls a crowd. */
export const crowdWarning = `more than ${MOST} counters at once: those that rest the longest start again at 0`;

export interface Swept {
  /** Used since the sweep came by last. */
  touched: boolean;
}

/**
 * A sweep without a timer: call what it answers with every operation, and each entry is shown to `keep` now
 * and then. `keep` answers the value to hold on to, or undefined to forget the entry. In a crowd the sweep does
 * not rest, and forgets what was not touched since it came by last.
 * @param onCrowded told of each entry that is forgotten for that
 */
export function createSweep<V extends Swept>(
  map: Map<string, V>,
  keep: (value: V, now: number) => V | undefined,
  onCrowded: () => void,
): (now: number) => void {
  let operations = 0;
  let entries = map.entries();
  let began = Number.NEGATIVE_INFINITY;
  let resting = true;

  function visit(key: string, value: V, now: number): void {
    const kept = keep(value, now);
    if (kept === undefined) {
      map.delete(key);
    } else if (map.size > MOST && !kept.touched) {
      map.delete(key);
      onCrowded();
    } else {
      kept.touched = false;
      if (kept !== value) map.set(key, kept);
    }
  }

  function step(now: number): void {
    for (let i = 0; i < STEP; i++) {
      const next = entries.next();
      if (next.done) {
        resting = true;
        return;
      }
      visit(...next.value, now);
    }
  }

  return (now) => {
    if (++operations % EVERY !== 0) return;
    if (resting) {
      // A clock that went back must not stop the sweep.
      if (map.size <= MOST && Math.abs(now - began) < REST) return;
      resting = false;
      began = now;
      entries = map.entries();
    }
    step(now);
  };
}
