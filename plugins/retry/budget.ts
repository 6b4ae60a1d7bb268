/** s over which calls and retries are counted. */
const seconds = 10;

interface Slice {
  /** Which second it is of. */
  second: number;
  calls: number;
  /** Retries that ended, and how many of them in a failure. */
  retried: number;
  failed: number;
}

/**
 * How many retries a process may have. What is counted are retries that did not help, in the last 10 s: when one of
 * several upstreams dies, its calls all succeed elsewhere and none of them has to fail; when everything is down,
 * retries do not help and soon come to an end. Those under way count by how often the last ones failed.
 */
export class RetryBudget {
  readonly #ratio: number;
  readonly #minimum: number;
  readonly #tick: () => number;
  readonly #slices: Slice[] = Array.from({ length: seconds }, () => empty(-1));
  #underWay = 0;

  /** @param tick ms */
  constructor({ ratio, minimum }: { ratio: number; minimum: number }, tick: () => number) {
    this.#ratio = ratio;
    this.#minimum = minimum;
    this.#tick = tick;
  }

  /** A call came. */
  called(): void {
    this.#now().calls++;
  }

  /** Takes the right to one retry, whose end has to be told; false where there is none. */
  take(): boolean {
    const { second } = this.#now();
    let calls = 0;
    let retried = 0;
    let failed = 0;
    for (const slice of this.#slices) {
      if (slice.second <= second - seconds) continue;
      calls += slice.calls;
      retried += slice.retried;
      failed += slice.failed;
    }
    const expected = retried > 0 ? (this.#underWay * failed) / retried : 0;
    if (failed + expected >= this.#ratio * calls + this.#minimum * seconds) return false;
    this.#underWay++;
    return true;
  }

  /** A retry that was taken ended. */
  ended(helped: boolean): void {
    this.#underWay--;
    const slice = this.#now();
    slice.retried++;
    if (!helped) slice.failed++;
  }

  #now(): Slice {
    const second = Math.floor(this.#tick() / 1000);
    const at = second % seconds;
    const slice = this.#slices[at];
    if (slice?.second === second) return slice;
    return (this.#slices[at] = empty(second));
  }
}

function empty(second: number): Slice {
  return { second, calls: 0, retried: 0, failed: 0 };
}
