import * as v from "valibot";
import { duration } from "../../core/index.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const atLeastOne = v.pipe(v.number(), v.integer(), v.minValue(1));

const rest = v.strictObject({
  first: v.pipe(v.optional(duration, 5000), v.description("The first rest. Default 5s.")),
  max: v.pipe(
    v.optional(duration, 300_000),
    v.description("Rests double up to this; as long as `first`, all are the same. Default 5m."),
  ),
});

const statuses = v.array(
  v.union(
    [v.pipe(v.number(), v.integer()), v.picklist(["4xx", "5xx"])],
    "statuses such as 503, or 4xx or 5xx",
  ),
);

const own = {
  consecutive: v.pipe(
    count,
    v.description("Failures in a row after which a target rests; 0: none. Default 5."),
  ),
  rate: v.pipe(
    v.number(),
    v.minValue(0),
    v.maxValue(1),
    v.description("Share of failures at which it rests; 0: none. Default 0.5."),
  ),
  minCalls: v.pipe(atLeastOne, v.description("The share counts from so many calls on. Default 20.")),
  window: v.pipe(
    duration,
    v.check((ms) => ms > 0, "a time above 0"),
    v.description("The time over which the share is taken. Default 30s."),
  ),
  rest: v.pipe(
    rest,
    v.description("How long it rests: doubled each time that it fails when it is tried again."),
  ),
  probes: v.pipe(atLeastOne, v.description("Calls that try it at once after a rest. Default 1.")),
  scope: v.pipe(
    v.picklist(["target", "upstream-model", "upstream"]),
    v.description(
      "What rests: `target` (an upstream's key, for a model and region), `upstream-model` (a model over all keys), or `upstream`. Default target.",
    ),
  ),
  statuses: v.pipe(
    statuses,
    v.description("Answers that are failures, beside those that break or never come."),
  ),
};

const override = v.partial(v.strictObject(own));

export const breakerOptions = v.strictObject({
  consecutive: v.optional(own.consecutive, 5),
  rate: v.optional(own.rate, 0.5),
  minCalls: v.optional(own.minCalls, 20),
  window: v.optional(own.window, 30_000),
  rest: v.optional(own.rest, {}),
  probes: v.optional(own.probes, 1),
  scope: v.optional(own.scope, "target"),
  statuses: v.optional(own.statuses, [408, 500, 502, 503, 504, 529]),
  upstreams: v.optional(
    v.pipe(
      v.record(v.string(), override),
      v.description("Other options for some upstreams, by name or pattern."),
    ),
  ),
});

export type BreakerSettings = Omit<v.InferOutput<typeof breakerOptions>, "upstreams">;
