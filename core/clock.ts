/** Time and chance, as one gateway sees them: the machine's, or those of a simulation. */
export interface Clock {
  /** ms since the epoch; may jump. */
  now(): number;
  /** ms, for durations; never goes back. */
  tick(): number;
  /** Runs something once, `ms` from now. Returns what calls it off. Keeps no process alive where `idle` is true. */
  after(ms: number, run: () => void, idle?: boolean): () => void;
  /** From 0 to below 1. */
  random(): number;
}

/** The machine's own. */
export const systemClock: Clock = {
  now: () => Date.now(),
  tick: () => performance.now(),
  random: () => Math.random(),
  after(ms, run, idle = false) {
    const timer = setTimeout(run, ms);
    if (idle && typeof timer === "object") timer.unref();
    return () => clearTimeout(timer);
  },
};
