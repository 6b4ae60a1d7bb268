import type { Call } from "../../core/index.ts";

/** Resolves true after `ms`, false when the call was given up before. */
export function wait(ms: number, { gateway, canceller }: Call): Promise<boolean> {
  if (canceller.cancelled) return Promise.resolve(false);
  if (ms <= 0) return Promise.resolve(true);
  return new Promise((resolve) => {
    const done = (result: boolean): void => {
      off();
      forget();
      resolve(result);
    };
    const off = gateway.clock.after(ms, () => done(true));
    const forget = canceller.onCancel(() => done(false));
  });
}
