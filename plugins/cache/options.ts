import * as v from "valibot";
import { duration, size } from "../../core/index.ts";
import { keyParts } from "./key.ts";

const names = v.array(v.string());
const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const moreThanNothing = "more than 0";

export const cacheOptions = v.pipe(
  v.strictObject({
    operations: v.pipe(
      v.optional(names, ["chat", "embeddings", "completion"]),
      v.description("Operations whose answers are cached, where `paths` is not given."),
    ),
    paths: v.pipe(
      v.optional(names),
      v.description(
        "Paths whose answers are cached, whatever their operation; `*` is a wildcard, `!` takes away. Bodies are only read of endpoints that a protocol knows; elsewhere only GET is cached.",
      ),
    ),
    key: v.pipe(
      v.optional(v.pipe(v.array(v.picklist(keyParts)), v.nonEmpty()), [...keyParts]),
      v.description("What must be equal for a stored answer to be served; `key` is the caller."),
    ),
    shared: v.pipe(
      v.optional(v.boolean(), false),
      v.description(
        "One caller's answers are served to others, too. Calls with a caller's own upstream key are then never cached.",
      ),
    ),
    vary: v.pipe(
      v.optional(names, ["accept", "anthropic-version", "anthropic-beta", "openai-beta", "openai-project"]),
      v.description("Request headers that must be equal, too."),
    ),
    ttl: v.pipe(
      v.optional(v.pipe(duration, v.minValue(1, moreThanNothing)), "1h"),
      v.description("How long an answer is served."),
    ),
    maxSize: v.pipe(
      v.optional(v.pipe(size, v.minValue(1, moreThanNothing)), "1MiB"),
      v.description("Longer answers are not stored."),
    ),
    maxEntries: v.pipe(
      v.optional(count, 1000),
      v.description(
        "Answers that a memory or fs state keeps; the oldest go first. Redis keeps all until `ttl`.",
      ),
    ),
    maxTotal: v.pipe(
      v.optional(v.pipe(size, v.minValue(1, moreThanNothing)), "128MiB"),
      v.description("Bytes of answers that a memory or fs state keeps."),
    ),
    bodyField: v.pipe(
      v.optional(v.pipe(v.string(), v.nonEmpty())),
      v.description(
        "Field of the request's JSON body with which a client says `true` or `false` to the cache (openai-forward: `caching`). It is taken out before the call goes on.",
      ),
    ),
    default: v.pipe(
      v.optional(v.boolean(), true),
      v.description("Whether calls are cached whose body has no `bodyField`."),
    ),
  }),
  v.forward(
    v.check((options) => options.default || options.bodyField !== undefined, "true, unless bodyField is set"),
    ["default"],
  ),
);

export type CacheOptions = v.InferOutput<typeof cacheOptions>;
