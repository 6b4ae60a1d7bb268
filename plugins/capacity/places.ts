import type { Call, Clock } from "../../core/index.ts";

/** How many calls an upstream and its keys may have at once. */
export interface Concurrency {
  /** Undefined: any number. */
  upstream: number | undefined;
  /** By the place of the key. */
  keys: readonly (number | undefined)[];
}

/** How a wait ended: with a place, with the deadline, or with the call. */
export type Waited = "in" | "late" | "gone";

interface Waiter {
  key: number | undefined;
  done(how: Waited): void;
}

/**
 * The calls that an upstream has at once in this process, and those that wait: first in, first out, but who waits for
 * one key does not hold up who waits for another.
 */
export class Places {
  concurrency: Concurrency;
  #active = 0;
  readonly #activeOfKey: number[] = [];
  readonly #waiting: Waiter[] = [];

  constructor(concurrency: Concurrency) {
    this.concurrency = concurrency;
  }

  get active(): number {
    return this.#active;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  activeOf(key: number): number {
    return this.#activeOfKey[key] ?? 0;
  }

  /** @param key the key's place; undefined for a call that uses none */
  isFull(key: number | undefined): boolean {
    const { upstream, keys } = this.concurrency;
    if (upstream !== undefined && this.#active >= upstream) return true;
    const most = key === undefined ? undefined : keys[key];
    return most !== undefined && this.activeOf(key ?? 0) >= most;
  }

  /** Takes a place where there is one. */
  enter(key: number | undefined): boolean {
    if (this.isFull(key)) return false;
    this.#active++;
    if (key !== undefined) this.#activeOfKey[key] = this.activeOf(key) + 1;
    return true;
  }

  leave(key: number | undefined): void {
    this.#active--;
    if (key !== undefined) this.#activeOfKey[key] = this.activeOf(key) - 1;
    this.admit();
  }

  /** Lets in who waits, as far as there are places. */
  admit(): void {
    for (let at = 0; at < this.#waiting.length && !this.isFull(undefined);) {
      const waiter = this.#waiting[at];
      // One that is let in takes itself off the list.
      if (waiter && this.enter(waiter.key)) waiter.done("in");
      else at++;
    }
  }

  /** Waits for a place, at most `timeout` ms, and no longer than the call lasts. Leaves no timer behind. */
  wait(
    key: number | undefined,
    timeout: number,
    { canceller }: Pick<Call, "canceller">,
    clock: Pick<Clock, "after">,
  ): Promise<Waited> {
    if (canceller.cancelled) return Promise.resolve("gone");
    return new Promise((resolve) => {
      const waiter: Waiter = {
        key,
        done: (how) => {
          stopTimer();
          forget();
          this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
          resolve(how);
        },
      };
      this.#waiting.push(waiter);
      const stopTimer = clock.after(timeout, () => waiter.done("late"));
      const forget = canceller.onCancel(() => waiter.done("gone"));
    });
  }
}
