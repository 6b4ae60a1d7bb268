import { fakeClock } from "./_fake-clock.ts";
import type { FakeClock } from "./_fake-clock.ts";

/** Numbers from 0 to below 1, always the same ones for a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A clock that begins at 0 and stands still until it is moved, and whose chance has a seed. */
export function seededClock(seed = 1): FakeClock {
  return Object.assign(fakeClock(0), { random: seededRandom(seed) });
}
