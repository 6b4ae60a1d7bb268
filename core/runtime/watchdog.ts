import { Roster } from "../roster.ts";
import type { Rostered } from "../roster.ts";

/** One thing that must show life now and then. */
export interface Watched extends Rostered {
  /** Ticks that it may still be silent. */
  left: number;
  readonly ticks: number;
  readonly onSilence: () => void;
}

/** ms between two looks; a silence is noticed up to this much late. */
const tick = 250;

const watched = new Roster<Watched>();
let timer: ReturnType<typeof setInterval> | undefined;

/**
 * Calls `onSilence` once when `touch` was not called for `silence` ms. One timer serves all of them, and
 * none runs while nothing is watched: a timer for each request body would cost more than reading it.
 */
export function watch(silence: number, onSilence: () => void): Watched {
  const ticks = Math.ceil(silence / tick) + 1;
  const one: Watched = { left: ticks, ticks, onSilence, place: -1 };
  watched.add(one);
  timer ??= setInterval(look, tick);
  return one;
}

/** It showed life. */
export function touch(one: Watched): void {
  one.left = one.ticks;
}

/** It need not be watched any more. */
export function unwatch(one: Watched): void {
  watched.delete(one);
}

function look(): void {
  for (const one of watched) {
    one.left--;
    // Another's silence may have ended this one's watch.
    if (one.left > 0 || one.place < 0) continue;
    watched.delete(one);
    one.onSilence();
  }
  if (watched.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}
