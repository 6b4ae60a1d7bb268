/** ms of one step of the clocks below. */
const step = 10;

/** A clock that goes on by 10 ms at most with each turn of the event loop. */
export interface TurnClock {
  /** ms since it was started. */
  elapsed(): number;
  stop(): void;
}

/**
 * For bounds on how long something of this process may take: while the machine is stalled or has other work, this
 * clock hardly goes on, but it does while the process waits for a timer.
 */
export function startTurnClock(): TurnClock {
  let ms = 0;
  const tick = (): void => {
    ms += step;
    timer = setTimeout(tick, step);
  };
  let timer = setTimeout(tick, step);
  return { elapsed: () => ms, stop: () => clearTimeout(timer) };
}

/** Calls once that clock has gone on by so many ms. Yields what takes it back. */
export function afterTurns(ms: number, run: () => void): () => void {
  let left = Math.ceil(ms / step);
  const tick = (): void => {
    if (left-- === 0) run();
    else timer = setTimeout(tick, step);
  };
  let timer = setTimeout(tick, 0);
  return () => clearTimeout(timer);
}

/** The least time that some work took, ms: it is done again, at most ten times, while it takes as long as the bound. */
export function quickest(bound: number, work: () => void): number {
  let least = Infinity;
  for (let round = 0; round < 10 && least >= bound; round++) {
    const began = performance.now();
    work();
    least = Math.min(least, performance.now() - began);
  }
  return least;
}
