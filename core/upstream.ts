import type { Provider } from "./provider.ts";
import type { Timeouts } from "./transport/types.ts";

/** One model that an upstream offers. */
export interface OfferedModel {
  /** The name that callers ask for; may end in or hold `*`. */
  name: string;
  /** The name that the upstream knows; the asked name itself where this is missing. */
  upstreamName?: string;
}

/** One configured service, ready to use. */
export interface Upstream {
  readonly name: string;
  readonly provider: Provider;
  /** Without a trailing slash. */
  readonly baseURL: string;
  /** Where forwarded paths go; `baseURL` unless configured. Without a trailing slash. */
  readonly forwardURL: string;
  readonly keys: readonly string[];
  /** As configured; else, for a provider that lists its models, as it lists them: then it changes (hook `models:change`). */
  models: readonly OfferedModel[];
  /** Route prefixes without a trailing slash; `""` is the root. */
  readonly prefixes: readonly string[];
  /** Share among upstreams of one priority; positive, default 1. */
  readonly weight: number;
  /** Higher goes first; default 0. */
  readonly priority: number;
  /** Headers set on every request to it. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeouts: Timeouts;
  /** `http://` or `https://` proxy through which it is reached. */
  readonly proxy: string | undefined;
  /** Send `x-forwarded-*`. */
  readonly forwarded: boolean;
  /** A translated call with a field that the upstream's protocol cannot say is refused. */
  readonly strict: boolean;
  /** The provider's own settings, validated by its schema. */
  readonly options: unknown;
}

/** What one attempt uses. */
export interface Target {
  readonly upstream: Upstream;
  /** The upstream's key, where it has keys. */
  readonly key: string | undefined;
  /** The model's name at the upstream, where the call has a model. */
  readonly model: string | undefined;
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
  /** ms from the start to the answer's headers, or to the failure. */
  duration: number;
  status: number | undefined;
  /** Code of the failure, when it failed. */
  error: string | undefined;
  /** Fields of the client's request that the upstream's protocol could not say, where there are some. */
  dropped?: readonly string[];
}
