import { test } from "node:test";

/** Takes what is to be done after a test. */
export type Defer = (close: () => Promise<void>) => void;

/** Registers a test; what it defers is done after it, however it ended, last one first. */
export function deferTest(name: string, run: (defer: Defer) => Promise<void>): void {
  test(name, async () => {
    const deferred: (() => Promise<void>)[] = [];
    const failures: unknown[] = [];
    const attempt = (work: () => Promise<void>): Promise<void> =>
      work().catch((error: unknown) => void failures.push(error));
    await attempt(() => run((close) => void deferred.unshift(close)));
    for (const close of deferred) await attempt(close);
    // What went wrong first is what the test is about.
    if (failures.length > 0) throw failures[0];
  });
}
