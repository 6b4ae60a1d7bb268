/** Of every 8 operations one looks at 16 entries: two an operation, so that a sweep outruns what is added. */
const EVERY = 8;
const STEP = 16;
/** ms between the beginnings of two passes: a small map is not swept over and over. */
const REST = 1000;

/**
 * A sweep without a timer: call what it answers with every operation, and each entry is shown to `keep` now
 * and then. `keep` answers the value to hold on to, or undefined to forget the entry.
 */
export function createSweep<V>(
  map: Map<string, V>,
  keep: (key: string, value: V, now: number) => V | undefined,
): (now: number) => void {
  let operations = 0;
  let entries = map.entries();
  let began = Number.NEGATIVE_INFINITY;
  let resting = true;

  function step(now: number): void {
    for (let i = 0; i < STEP; i++) {
      const next = entries.next();
      if (next.done) {
        resting = true;
        return;
      }
      const [key, value] = next.value;
      const kept = keep(key, value, now);
      if (kept === undefined) map.delete(key);
      else if (kept !== value) map.set(key, kept);
    }
  }

  return (now) => {
    if (++operations % EVERY !== 0) return;
    if (resting) {
      // A clock that went back must not stop the sweep.
      if (Math.abs(now - began) < REST) return;
      resting = false;
      began = now;
      entries = map.entries();
    }
    step(now);
  };
}
