import { around } from "./around.ts";
import { scheduleOf } from "./schedule.ts";
import type { Strategy } from "../../core/index.ts";

/**
 * Smooth weighted round robin: over a cycle each gets exactly its share, and heavy ones are spread out rather than
 * chosen in runs. After the chosen one come the others, from where it stands.
 */
export const weighted: Strategy = {
  name: "weighted",
  weighted: true,
  prepare(choices) {
    const schedule = scheduleOf(choices);
    const { length } = choices;
    return { cycle: schedule.length, order: ({ position }) => around(schedule.at(position), length) };
  },
};
