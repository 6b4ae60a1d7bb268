import type { Strategy } from "../../core/index.ts";

/** Always as configured, the next only when one fails. */
export const order: Strategy = {
  name: "order",
  prepare(choices) {
    const indexes = choices.map((_choice, index) => index);
    return { cycle: 0, order: () => indexes };
  },
};
