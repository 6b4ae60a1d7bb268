import { draw } from "./draw.ts";
import { runningSums } from "./sums.ts";
import type { Clock, Strategy } from "../../core/index.ts";

/** Each place is drawn among those left, by weight. */
export function lottery({ random }: Clock): Strategy {
  return {
    name: "lottery",
    weighted: true,
    prepare(choices) {
      const lots = { sums: runningSums(choices.map(({ weight }) => weight)), random, factor: () => 1 };
      return { cycle: 0, order: () => draw(lots) };
    },
  };
}
