import * as v from "valibot";
import { limitList } from "../../core/index.ts";

const names = (what: string) => v.optional(v.pipe(v.array(v.string()), v.description(what)));

const models = names(
  "Models, by the name that is asked for or the one that an alias stands for; `*` and `!` as in `keys`. Default all.",
);
const paths = names("Paths as they come in, prefix included; `*` and `!` as in `keys`. Default all.");
const keys = names("Names of keys; `anonymous` stands for calls without one. Default all.");

export const dimensions = ["key", "ip", "model", "prefix", "path", "operation"] as const;

const rule = v.strictObject({
  name: v.optional(v.pipe(v.string(), v.description("Shown to who is refused. Counters are kept under it."))),
  per: v.optional(
    v.pipe(
      v.array(v.picklist(dimensions)),
      v.description(
        "What is counted apart: each key (calls without one: each address), address (an IPv6 address with its /64), model, prefix, path or operation. Default nothing: all that the rule describes is counted together.",
      ),
    ),
    [],
  ),
  models,
  paths,
  prefixes: names("Route prefixes; `*` and `!` as in `keys`. Default all, and the gateway's own API."),
  keys,
  limits: v.pipe(limitList, v.description("How much is allowed.")),
  strategy: v.optional(
    v.pipe(
      v.picklist(["sliding", "fixed"]),
      v.description(
        "`sliding`: no stretch of time as long as the window holds more than the limit. `fixed`: counted from 0 at the start of every window by the clock. Default sliding.",
      ),
    ),
    "sliding",
  ),
});

const pace = v.strictObject({
  paths,
  models,
  keys,
  rate: v.pipe(
    limitList,
    v.check(([rate, more]) => rate?.unit === "requests" && !more, 'one rate such as "20/second"'),
    v.transform(([rate]) => (rate ? rate.window / rate.amount : 0)),
    v.description("Events a second and the like, such as `20/second`."),
  ),
});

export const rateLimitOptions = v.strictObject({
  global: v.optional(v.pipe(limitList, v.description("Limits of all calls together."))),
  perKey: v.optional(
    v.pipe(
      limitList,
      v.description(
        "Limits of each key that has no `limits` of its own; of each address for calls without a key.",
      ),
    ),
  ),
  perIP: v.optional(
    v.pipe(limitList, v.description("Limits of each address; an IPv6 address counts with its /64.")),
  ),
  perModel: v.optional(
    v.pipe(
      v.record(v.string(), limitList),
      v.description(
        "Limits of each key on each model, by model; `*` is a wildcard. An exact name goes first, then the first that fits.",
      ),
    ),
  ),
  rules: v.optional(
    v.pipe(v.array(rule), v.description("Further limits. All that fit a call hold at once.")),
    [],
  ),
  pace: v.optional(
    v.pipe(
      v.array(pace),
      v.description("How fast streams go out, at most; the slowest that fits holds. Nothing is refused."),
    ),
    [],
  ),
  estimate: v.optional(
    v.strictObject({
      output: v.optional(
        v.pipe(
          v.number(),
          v.integer(),
          v.minValue(0),
          v.description("Output tokens that are reserved for a call that sets no maximum. Default 256."),
        ),
        256,
      ),
    }),
    {},
  ),
  headers: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        "Tell callers of their limits, in the headers that their protocol has for it. Default true.",
      ),
    ),
    true,
  ),
});

export type RateLimitOptions = v.InferOutput<typeof rateLimitOptions>;
export type RuleOptions = v.InferOutput<typeof rule>;
export type Dimension = (typeof dimensions)[number];
