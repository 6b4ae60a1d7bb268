import * as v from "valibot";
import { duration } from "../../core/index.ts";

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const headerName = v.pipe(v.string(), v.nonEmpty(), v.toLowerCase());

export const options = v.strictObject({
  "lowest-latency": v.pipe(
    v.optional(
      v.strictObject({
        halfLife: v.pipe(
          v.optional(v.pipe(duration, v.minValue(1)), 30_000),
          v.description("After this time a measurement counts half."),
        ),
        explore: v.pipe(
          v.optional(share, 0.05),
          v.description("Share of the calls that measure the one that was not tried for the longest time."),
        ),
        failure: v.pipe(
          v.optional(duration, 10_000),
          v.description("How slow a failure counts, at least; so does what is not measured yet."),
        ),
      }),
      {},
    ),
    v.description("The strategy lowest-latency."),
  ),
  affinity: v.pipe(
    v.optional(
      v.strictObject({
        headers: v.pipe(
          v.optional(v.array(headerName), ["x-sluice-session", "x-session-id"]),
          v.description("Request headers that name a conversation; the first that is there counts."),
        ),
      }),
      {},
    ),
    v.description("The strategy affinity."),
  ),
});
