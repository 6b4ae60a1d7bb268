import * as v from "valibot";
import { duration } from "../../core/index.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const status = v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599));
const code = v.pipe(v.string(), v.nonEmpty());

export const options = v.strictObject({
  attempts: v.pipe(
    v.optional(count, 3),
    v.description(
      "How many attempts a call has with one model. A model that stands in for it (`routing.fallbacks`) has as many of its own.",
    ),
  ),
  keys: v.pipe(
    v.optional(v.record(v.string(), count), {}),
    v.description(
      "The same for the calls of certain keys, by their names or patterns of them; 1: no retries.",
    ),
  ),
  statuses: v.pipe(
    v.optional(v.array(status), [408, 409, 424, 429, 500, 502, 503, 504, 529]),
    v.description(
      "Answers that are tried again: with another key or upstream at once, else with the same one after a wait.",
    ),
  ),
  elsewhere: v.pipe(
    v.optional(v.array(v.union([status, code])), [
      401,
      402,
      403,
      "insufficient_quota",
      "billing_error",
      "billing_hard_limit_reached",
      "invalid_api_key",
      "api_key_invalid",
      "model_not_found",
      "not_found_error",
    ]),
    v.description(
      "Statuses, and codes that an upstream's error has, that are tried again with another key or upstream only.",
    ),
  ),
  never: v.pipe(
    v.optional(v.array(v.union([status, code])), [
      "content_filter",
      "content_policy_violation",
      "invalid_prompt",
      "bio_policy",
    ]),
    v.description("Statuses and codes that are never tried again, whatever the other lists say."),
  ),
  connection: v.pipe(
    v.optional(v.boolean(), true),
    v.description("Try again after a failed or lost connection and after a time-out."),
  ),
  backoff: v.pipe(
    v.optional(v.strictObject({ base: v.optional(duration, 250), max: v.optional(duration, 8000) }), {}),
    v.description(
      "Wait before the same target is tried again: grows from base to max, with jitter. Another target is tried at once.",
    ),
  ),
  maxRetryAfter: v.pipe(
    v.optional(duration, 10_000),
    v.description(
      "The longest Retry-After, or rest of a target, that is waited for; where there is nothing else, the answer goes to the client.",
    ),
  ),
  deadline: v.pipe(
    v.optional(duration),
    v.description(
      "How long all attempts of a call may take together, up to the first byte of its answer; then it is refused with 504. Default: no bound.",
    ),
  ),
  budget: v.pipe(
    v.optional(
      v.strictObject({
        ratio: v.pipe(
          v.optional(v.pipe(v.number(), v.minValue(0)), 0.2),
          v.description("Share of the calls of the last 10 s."),
        ),
        minimum: v.pipe(
          v.optional(v.pipe(v.number(), v.minValue(0)), 10),
          v.description("For each second, beside the share."),
        ),
      }),
      {},
    ),
    v.description(
      "How many retries that do not help there may be in this process, so that retries do not multiply an outage. When it is used up, failures go to the client at once.",
    ),
  ),
  hedge: v.pipe(
    v.optional(
      v.strictObject({
        after: v.pipe(
          v.optional(v.union([v.literal("p95"), duration])),
          v.description(
            "When a second target is asked beside the first: a duration, or `p95` of the model's own times. Default: never.",
          ),
        ),
        max: v.pipe(v.optional(count, 1), v.description("Further targets for one call.")),
        ratio: v.pipe(v.optional(share, 0.05), v.description("Share of the calls that may have them.")),
      }),
      {},
    ),
    v.description(
      "Ask a second target where the first byte does not come: the first to answer wins, the other is given up.",
    ),
  ),
});

export type Options = v.InferOutput<typeof options>;
