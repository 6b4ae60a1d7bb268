import * as v from "valibot";
import { duration } from "../duration.ts";
import { limitList } from "../limits.ts";

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const weights = v.record(v.string(), v.pipe(v.number(), v.finite(), v.minValue(0)));

const lengthOfTime = v.union([duration, v.strictObject({ p50: duration, p95: duration })]);
const tokens = v.pipe(v.number(), v.integer(), v.minValue(0));
const tokenCount = v.union([tokens, v.strictObject({ p50: tokens, p95: tokens })]);

/** Calls a second: a number, or a text such as `600/min`. */
const rate = v.union([
  v.pipe(v.number(), v.finite(), v.minValue(0)),
  v.pipe(
    limitList,
    v.check(([only, more]) => only?.unit === "requests" && !more, 'one rate such as "600/min"'),
    v.transform(([only]) => (only ? (only.amount * 1000) / only.window : 0)),
  ),
]);

const phase = v.strictObject({
  for: v.pipe(duration, v.description("How long it lasts.")),
  rate: v.pipe(rate, v.description("Calls that come: `50/s`, `600/min`, or calls a second.")),
  to: v.optional(v.pipe(rate, v.description("The rate at its end, which is grown or fallen to evenly."))),
});

/** What goes wrong with an attempt, other than a status. */
export const mishaps = ["refuse", "reset", "hang", "cut"] as const;
export type Mishap = (typeof mishaps)[number];

const errorRates = v.pipe(
  v.record(
    v.pipe(
      v.string(),
      v.check(
        (name) => /^[45]\d\d$/.test(name) || (mishaps as readonly string[]).includes(name),
        `a status from 400 to 599, or one of ${mishaps.join(", ")}`,
      ),
    ),
    share,
  ),
  v.description(
    "Shares of attempts that fail, by status or `refuse`, `reset`, `hang`, `cut`: { 500: 0.01, reset: 0.001 }.",
  ),
);

const behaviour = v.strictObject({
  firstByte: v.optional(
    v.pipe(lengthOfTime, v.description("Time to the first byte: always the same, or { p50, p95 }.")),
  ),
  tokensPerSecond: v.optional(v.pipe(positive, v.description("How fast an answer is written."))),
  refusal: v.optional(v.pipe(duration, v.description("How long an answer of status 400 or more takes."))),
  errors: v.optional(errorRates),
  limits: v.optional(
    v.pipe(
      limitList,
      v.description(
        "The service's own limits, such as `500/min, 200000 tokens/min`; beyond them it answers 429.",
      ),
    ),
  ),
  limitPer: v.optional(
    v.pipe(v.picklist(["key", "upstream"]), v.description("What its own limits hold for. Default each key.")),
  ),
});

const failure = v.strictObject({
  at: v.pipe(duration, v.description("When it begins, from the start.")),
  for: v.pipe(duration, v.description("How long it lasts.")),
  upstream: v.optional(v.pipe(v.string(), v.description("Name or pattern. Default all.")), "*"),
  key: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.description("Only its key of this place.")),
  ),
  do: v.pipe(
    v.union([
      v.picklist([...mishaps, "slow"]),
      v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599)),
    ]),
    v.description(
      "`refuse` connections, `reset` them before the answer, `hang` without an answer, `cut` the answer in the middle, be `slow`, or answer with this status.",
    ),
  ),
  share: v.optional(v.pipe(share, v.description("Of the attempts. Default all.")), 1),
  times: v.optional(v.pipe(positive, v.description("How many times as slow. Default 10.")), 10),
  retryAfter: v.optional(
    v.pipe(duration, v.description("The `Retry-After` of such a status. Default none.")),
  ),
});

/** valibot schema of a load: what comes, and how the services behave that answer it. */
export const loadSchema = v.strictObject({
  seed: v.optional(
    v.pipe(v.number(), v.integer(), v.description("All chance follows from it. Default 1.")),
    1,
  ),
  phases: v.optional(
    v.pipe(v.array(phase), v.description("How many calls come and when; not needed with a trace.")),
    [],
  ),
  calls: v.optional(v.pipe(tokens, v.description("No more calls than this."))),
  arrivals: v.optional(
    v.pipe(
      v.picklist(["poisson", "constant"]),
      v.description("`poisson`: by chance, as of many callers; `constant`: evenly. Default poisson."),
    ),
    "poisson",
  ),
  models: v.optional(
    v.pipe(
      weights,
      v.description("Models that are asked for, by weight. Default all that are offered, evenly."),
    ),
  ),
  keys: v.optional(
    v.pipe(
      weights,
      v.description("Names of gateway keys that calls come with, by weight. Default all, evenly."),
    ),
  ),
  tokens: v.optional(
    v.strictObject({
      input: v.optional(tokenCount, { p50: 500, p95: 4000 }),
      output: v.optional(tokenCount, { p50: 200, p95: 1000 }),
      max: v.optional(
        v.pipe(tokens, v.description("The most tokens that each call asks for. Default it says nothing.")),
      ),
    }),
    {},
  ),
  stream: v.optional(v.pipe(share, v.description("Share of calls that are streamed. Default 0.5.")), 0.5),
  conversations: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.description("Calls belong to so many conversations, by chance. Default each is one of its own."),
    ),
  ),
  upstreams: v.optional(
    v.pipe(
      v.record(v.string(), behaviour),
      v.description(
        "How services behave, by name of the upstream or pattern; `*` holds where others say nothing.",
      ),
    ),
    {},
  ),
  failures: v.optional(v.pipe(v.array(failure), v.description("What goes wrong, and when.")), []),
});

export type Load = v.InferOutput<typeof loadSchema>;
export type Behaviour = v.InferOutput<typeof behaviour>;
export type ScriptedFailure = v.InferOutput<typeof failure>;
export type Phase = v.InferOutput<typeof phase>;

/** How a service behaves where the load says nothing. */
export const defaultBehaviour = {
  firstByte: { p50: 500, p95: 2000 },
  tokensPerSecond: 60,
  refusal: 50,
  errors: {},
  limits: [],
  limitPer: "key",
} satisfies Behaviour;
