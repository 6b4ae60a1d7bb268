import * as v from "valibot";
import { addressRange, limitTexts } from "../../core/index.ts";

const names = v.array(v.string());

const rights = v.strictObject({
  models: v.optional(
    v.pipe(names, v.description("Models they may ask for; `*` and `!` as in `keys`. Default all.")),
  ),
  prefixes: v.optional(v.pipe(names, v.description("Route prefixes they may use. Default all."))),
  upstreams: v.optional(v.pipe(names, v.description("Upstreams that may serve them. Default all."))),
  limits: v.optional(v.pipe(limitTexts, v.description("Limits of each address that calls without a key."))),
  unknownKeys: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        "Also take callers who send a key that is not one of ours, and drop that key. Default: only while no keys are configured, as then none can be mistyped.",
      ),
    ),
  ),
});

export const authOptions = v.strictObject({
  anonymous: v.optional(
    v.pipe(
      v.union([v.boolean(), rights]),
      v.description(
        "Lets calls in that bring no key, as caller `anonymous`; an object says what they may do. Default false.",
      ),
    ),
    false,
  ),
  passUnknownKeys: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        "A caller whose key is not one of ours keeps it: the key goes to the upstream as it came, and the caller is known as `own:` and a hash. Default false.",
      ),
    ),
    false,
  ),
  allow: v.optional(
    v.pipe(
      v.array(addressRange),
      v.description("Addresses and ranges (CIDR) that calls may come from. Default all."),
    ),
  ),
  deny: v.optional(
    v.pipe(v.array(addressRange), v.description("Addresses and ranges (CIDR) that calls may not come from.")),
  ),
  headers: v.optional(
    v.pipe(
      v.array(v.pipe(v.string(), v.regex(/^[\w!#$%&'*+.^`|~-]+$/, "a header name"), v.toLowerCase())),
      v.description("Further headers in which clients send their key. None of them goes to an upstream."),
    ),
    [],
  ),
  unofferedModels: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        "Let calls pass for models that a key may not use and no upstream offers: routing has a default model for them, or refuses them. Default false.",
      ),
    ),
    false,
  ),
  queryKey: v.optional(
    v.pipe(
      v.boolean(),
      v.description("Also read the key from the query, `?key=…`, as Gemini's clients send it. Default true."),
    ),
    true,
  ),
});

export type AuthOptions = v.InferOutput<typeof authOptions>;
export type AnonymousRights = v.InferOutput<typeof rights>;
