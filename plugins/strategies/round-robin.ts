import { around } from "./around.ts";
import type { Strategy } from "../../core/index.ts";

/** One after the other, whatever their weights. */
export const roundRobin: Strategy = {
  name: "round-robin",
  prepare: ({ length }) => ({ cycle: length, order: ({ position }) => around(position % length, length) }),
};
