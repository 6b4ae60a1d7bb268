import * as v from "valibot";
import { duration, size } from "../../../../core/index.ts";

const moreThanNothing = "more than 0";

export const keepOptions = v.strictObject({
  ttl: v.pipe(
    v.optional(v.pipe(duration, v.minValue(1, moreThanNothing)), "30d"),
    v.description("How long a response is kept for a client that asks for it, or goes on from it."),
  ),
  maxSize: v.pipe(
    v.optional(v.pipe(size, v.minValue(1, moreThanNothing)), "8MiB"),
    v.description("Longer responses, with what they were given, are not kept."),
  ),
  maxTotal: v.pipe(
    v.optional(v.pipe(size, v.minValue(1, moreThanNothing)), "128MiB"),
    v.description(
      "What a memory or fs state keeps of all responses; the oldest go first. Redis keeps all until `ttl`.",
    ),
  ),
});

export type KeepOptions = v.InferOutput<typeof keepOptions>;
