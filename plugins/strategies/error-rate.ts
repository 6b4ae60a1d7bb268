import { draw } from "./draw.ts";
import { ErrorWindow } from "./error-window.ts";
import { ChoiceRecords, Records } from "./records.ts";
import { runningSums } from "./sums.ts";
import { verdictOf } from "./verdict.ts";
import type { Clock, Strategy } from "../../core/index.ts";

/** What a rate of errors is added to before it divides. */
const floor = 0.1;
/** Over this, one is left to the end. */
const tooMany = 0.85;

/** AI Proxy's draw: by weight / (error rate + 0.1)², and those over 0.85 at the end. */
export function errorRate(clock: Clock): Strategy {
  const windows = new Records<ErrorWindow>((parts) => {
    const window = new ErrorWindow();
    for (const part of parts) window.include(part);
    return window;
  });
  return {
    name: "error-rate",
    weighted: true,
    prepare(choices) {
      const sums = runningSums(choices.map(({ weight }) => weight));
      const known = new ChoiceRecords(windows, choices);
      const { random } = clock;
      return {
        cycle: 0,
        order() {
          const now = clock.tick();
          return draw({ sums, random, factor: (index) => factorOf(known.meet(index)?.rate(now) ?? 0) });
        },
      };
    },
    gate: {
      name: "error-rate",
      leave(attempt) {
        const verdict = verdictOf(attempt);
        if (!verdict) return;
        const now = clock.tick();
        for (const window of windows.of(attempt.target)) window.add(now, verdict === "bad");
      },
      describe(target) {
        const [window] = windows.of(target);
        const rate = window?.rate(clock.tick());
        return window && rate !== undefined && window.requests > 0
          ? { requests: window.requests, errors: window.errors, rate: Math.round(rate * 1000) / 1000 }
          : undefined;
      },
    },
  };
}

/** How a rate of errors lowers a weight: 1 without any, 0 with too many. */
function factorOf(rate: number): number {
  return rate > tooMany ? 0 : (floor / (rate + floor)) ** 2;
}
