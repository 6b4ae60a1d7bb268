import { around } from "./around.ts";
import { wholeWeights } from "./schedule.ts";
import { runningSums, stretchAt } from "./sums.ts";
import type { Strategy } from "../../core/index.ts";

/** Each as often in a row as its weight says, then the next: weights 1 and 2 give A B B, A B B, … */
export const weightedRuns: Strategy = {
  name: "weighted-runs",
  weighted: true,
  prepare(choices) {
    const sums = runningSums(wholeWeights(choices));
    const { length } = choices;
    const cycle = sums.at(-1) ?? 0;
    return { cycle, order: ({ position }) => around(stretchAt(sums, position % cycle), length) };
  },
};
