import * as v from "valibot";
import { duration } from "../../core/index.ts";

const own = {
  rateLimit: v.pipe(
    duration,
    v.description("Rest of a key for a model after a 429 that does not say how long; 0: none. Default 5s."),
  ),
  maxRetryAfter: v.pipe(duration, v.description("The longest rest that an answer can ask for. Default 1h.")),
  resets: v.pipe(
    v.boolean(),
    v.description(
      "Rest until the reset, too, when an answer's headers say that nothing is left. Default true.",
    ),
  ),
  unauthorized: v.pipe(
    duration,
    v.description(
      "Rest of a key, for all models, after a 401 or 403; doubles each time. 0: none. Default 10m.",
    ),
  ),
  quota: v.pipe(
    duration,
    v.description(
      "Rest of a key, for all models, whose quota or credit is used up; doubles. 0: none. Default 1h.",
    ),
  ),
  max: v.pipe(duration, v.description("The longest rest that doubling leads to. Default 6h.")),
  notFound: v.pipe(
    duration,
    v.description("Rest of a key for a model that the upstream does not know (404); 0: none. Default 0."),
  ),
};

const override = v.partial(v.strictObject(own));

export const cooldownOptions = v.strictObject({
  rateLimit: v.optional(own.rateLimit, 5000),
  maxRetryAfter: v.optional(own.maxRetryAfter, 3_600_000),
  resets: v.optional(own.resets, true),
  unauthorized: v.optional(own.unauthorized, 600_000),
  quota: v.optional(own.quota, 3_600_000),
  max: v.optional(own.max, 21_600_000),
  notFound: v.optional(own.notFound, 0),
  upstreams: v.optional(
    v.pipe(
      v.record(v.string(), override),
      v.description("Other options for some upstreams, by name or pattern."),
    ),
  ),
});

export type CooldownSettings = Omit<v.InferOutput<typeof cooldownOptions>, "upstreams">;
