/** When a target's failures are too many. */
export interface TallyLimits {
  /** Failures in a row; 0: never for that. */
  consecutive: number;
  /** Share of failures, above 0 to 1; 0: never for that. */
  rate: number;
  /** The share counts from so many calls on. */
  minCalls: number;
  /** ms over which the share is taken. */
  window: number;
}

/**
 * Counts how a target's calls end. The window slides in steps of its half: two pairs of numbers are all that is kept,
 * however many calls there are, and a success costs two additions.
 */
export class Tally {
  inRow = 0;
  #begin = 0;
  #calls = 0;
  #failures = 0;
  #callsBefore = 0;
  #failuresBefore = 0;

  success(now: number, { window }: TallyLimits): void {
    this.#turn(now, window / 2);
    this.#calls++;
    this.inRow = 0;
  }

  /** @returns why these failures are too many; undefined while they are not */
  failure(now: number, limits: TallyLimits): string | undefined {
    this.#turn(now, limits.window / 2);
    this.#calls++;
    this.#failures++;
    this.inRow++;
    if (limits.consecutive > 0 && this.inRow >= limits.consecutive) {
      return this.inRow === 1 ? "it failed" : `${this.inRow} failures in a row`;
    }
    const calls = this.#calls + this.#callsBefore;
    const failures = this.#failures + this.#failuresBefore;
    if (limits.rate > 0 && calls >= limits.minCalls && failures / calls >= limits.rate) {
      return `${failures} of ${calls} calls failed`;
    }
    return undefined;
  }

  forget(): void {
    this.inRow = 0;
    this.#calls = this.#failures = this.#callsBefore = this.#failuresBefore = 0;
  }

  #turn(now: number, half: number): void {
    const passed = now - this.#begin;
    // Calls do not end in the order of their times; a clock that was set back is another thing.
    if (passed < half && passed > -60 * half) return;
    const next = passed >= half && passed < 2 * half;
    this.#callsBefore = next ? this.#calls : 0;
    this.#failuresBefore = next ? this.#failures : 0;
    this.#calls = 0;
    this.#failures = 0;
    this.#begin = next ? this.#begin + half : now;
  }
}
