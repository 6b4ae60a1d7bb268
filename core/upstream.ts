import type { Provider } from "./provider.ts";
import type { UpstreamFailure } from "./codec.ts";
import type { HeaderPairs, Timeouts } from "./transport/types.ts";

/** One model that an upstream offers. */
export interface OfferedModel {
  /** The name that callers ask for; may end in or hold `*`. */
  name: string;
  /** The name that the upstream knows; the asked name itself where this is missing. */
  upstreamName?: string;
}

/** One key of an upstream. */
export interface UpstreamKey {
  /** The secret. */
  readonly value: string;
  /** Its share among the upstream's keys; positive, default 1. */
  readonly weight: number;
  readonly limits: LimitsByModel | undefined;
  /** The most calls that it has at once. */
  readonly concurrency: number | undefined;
}

/** Limits such as `60/min`, by model (offered name or pattern; `*` for the rest). */
export type LimitsByModel = Readonly<Record<string, readonly string[]>>;

/** One configured service, ready to use. */
export interface Upstream {
  readonly name: string;
  readonly provider: Provider;
  /** Without a trailing slash. */
  readonly baseURL: string;
  /** Where forwarded paths go; `baseURL` unless configured. Without a trailing slash. */
  readonly forwardURL: string;
  readonly keys: readonly UpstreamKey[];
  /** Name of the strategy by which its keys take turns. Default `round-robin`. */
  readonly keyStrategy: string | undefined;
  /** As configured; else, for a provider that lists its models, as it lists them: then it changes (hook `models:change`). */
  models: readonly OfferedModel[];
  /** Route prefixes without a trailing slash; `""` is the root. */
  readonly prefixes: readonly string[];
  /** Share among upstreams of one priority; positive, default 1. */
  readonly weight: number;
  /** Higher goes first; default 0. */
  readonly priority: number;
  /** Its share for a model, by the offered name or a pattern of it; 0 takes it out. Elsewhere `weight` holds. */
  readonly weights: Readonly<Record<string, number>>;
  /** What it as a whole takes: over all of its keys. */
  readonly limits: LimitsByModel;
  /** What each of its keys takes, where the key has no limits of its own. */
  readonly keyLimits: LimitsByModel;
  /** The most calls that it has at once. */
  readonly concurrency: number | undefined;
  /** The most calls that each of its keys has at once, where the key says nothing else. */
  readonly keyConcurrency: number | undefined;
  /** Regions to be used, for a provider that has some, in the place of the provider's own list. */
  readonly regions: readonly string[] | undefined;
  /** Headers set on every request to it. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeouts: Timeouts;
  /** Time-outs by model (offered name or pattern), before `timeouts`; the first that fits. */
  readonly modelTimeouts: Readonly<Record<string, Partial<Timeouts>>>;
  /** `http://` or `https://` proxy through which it is reached. */
  readonly proxy: string | undefined;
  /** Send `x-forwarded-*`. */
  readonly forwarded: boolean;
  /** A translated call with a field that the upstream's protocol cannot say is refused. */
  readonly strict: boolean;
  /** The provider's own settings, validated by its schema. */
  readonly options: unknown;
}

/** What one attempt uses. There is one object for each (see `targetOf`). */
export interface Target {
  /** The same in every process that has the same configuration; holds no secret. */
  readonly id: string;
  readonly upstream: Upstream;
  /** The upstream's key, where it has keys. */
  readonly key: string | undefined;
  /** Its place among the upstream's keys; 0 where there are none. */
  readonly keyPlace: number;
  /** The model's name at the upstream, where the call has a model. */
  readonly model: string | undefined;
  /** Where a provider has several. */
  readonly region: string | undefined;
}

/** One upstream that could serve a call, and why it stands where it stands. */
export interface Candidate {
  upstream: Upstream;
  model: string | undefined;
  reason: string;
}

/** One try at a target, for logs and statistics. */
export interface Attempt {
  target: Target;
  /** ms since the epoch. */
  startedAt: number;
  /** ms from the start to the first piece of a stream, to the whole of a short answer, or to the failure. */
  duration: number;
  status: number | undefined;
  /** Code of the failure, when it failed. */
  error: string | undefined;
  /** Headers of the answer, lower-case names and values in turn; undefined where none came. */
  headers: HeaderPairs | undefined;
  /** What the body of a refusal says, where it could be read. */
  failure: UpstreamFailure | undefined;
  /** How it ended; undefined while it goes on. */
  end: AttemptEnd | undefined;
  /** How many gates it entered. */
  entered: number;
  /** Fields of the client's request that the upstream's protocol could not say, where there are some. */
  dropped?: readonly string[];
}

/**
 * How an attempt ended: `complete` with an answer that came whole, whatever its status; `failed` before there was one
 * (`error` says how); `broken` in the middle of one; `client-gone` or `cancelled` for no fault of the target's.
 */
export type AttemptEnd = "complete" | "failed" | "broken" | "client-gone" | "cancelled";
