import * as v from "valibot";
import { duration } from "../../core/index.ts";

const whole = v.pipe(v.number(), v.integer(), v.minValue(0));

export const capacityOptions = v.strictObject({
  queue: v.pipe(
    v.optional(
      v.strictObject({
        size: v.pipe(
          v.optional(whole, 100),
          v.description("Calls that may wait for each upstream. Default 100."),
        ),
        timeout: v.pipe(v.optional(duration, 10_000), v.description("The longest wait. Default 10s.")),
      }),
      {},
    ),
    v.description(
      "Calls that wait for a place, where an upstream or a key has as many as it may have at once.",
    ),
  ),
  estimate: v.pipe(
    v.optional(
      v.strictObject({
        output: v.pipe(
          v.optional(whole, 256),
          v.description("Output tokens that are reserved for a call that sets no maximum. Default 256."),
        ),
      }),
      {},
    ),
    v.description("What is reserved of token limits before a call is sent."),
  ),
});

export type CapacityOptions = v.InferOutput<typeof capacityOptions>;
