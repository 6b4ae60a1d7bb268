import type { Canceller } from "./cancel.ts";
import type { OnClientGone } from "./config.ts";
import type { GatewayContext } from "./context.ts";
import type { GatewayError } from "./errors.ts";
import type { Endpoint, Operation, Protocol, RequestFacts } from "./protocol.ts";
import type { Next } from "./plugin.ts";
import type { RouteRule } from "./route-rule.ts";
import type { HeaderPairs } from "./transport/types.ts";
import type { Attempt, Candidate, Target } from "./upstream.ts";
import type { Usage } from "./usage.ts";

/** Who sent a call. */
export interface Caller {
  /** The key's name; stands for the key in logs and limits. */
  name: string;
  role: string;
  /** Limits of this key, as configured. */
  limits?: readonly string[];
  /** May it ask for this model? */
  mayUseModel(model: string): boolean;
  /** True where no model is kept from it, whatever its name. */
  readonly mayUseAnyModel: boolean;
  /** May it use this prefix? */
  mayUsePrefix(prefix: string): boolean;
  /** Which upstreams serve which models for it, in order; undefined: all that are offered, as they are configured. */
  routes?: readonly RouteRule[] | undefined;
  /** Name of the strategy that orders its upstreams; undefined: the gateway's. */
  strategy?: string | undefined;
  /** May this upstream serve it? */
  mayUseUpstream(name: string): boolean;
  /**
   * True when the credentials that came with the request are the caller's own for the upstream:
   * they are passed on, and no key of ours is put in their place.
   */
  ownKey?: boolean;
}

/** How a call ended. */
export interface Outcome {
  /** What the client saw, or 499 when it left before it saw everything. */
  status: number;
  /**
   * `complete`: sent whole. `client-gone`: the client left. `broken`: the upstream broke in the middle.
   * A refusal by the gateway itself is `complete`, with `error`.
   */
  result: "complete" | "client-gone" | "broken";
  /** The refusal or failure, when there was one. */
  error: GatewayError | undefined;
  /** Measured, else estimated; undefined where the call has no tokens. */
  usage: Usage | undefined;
  /** Body bytes that went towards the client. */
  bytes: number;
  /** ms from the start of the call to the first byte of the answer's body. */
  firstByte: number | undefined;
  /** ms from the start of the call to its end. */
  duration: number;
}

/** What the pipeline knows of the answer that an upstream gave, without touching its body or headers object. */
export interface AnswerFacts {
  status: number;
  /** Media type without parameters, lower case; `""` when there is none. */
  contentType: string;
  /** `content-encoding`, lower case; `""` when there is none. */
  encoding: string;
  /** The body comes as server-sent events. */
  streaming: boolean;
}

/**
 * Yields targets one by one. What is given to `next` tells what the last one showed: `context`, that the model's
 * context window is too small, so that only models with a larger one are of use. It throws a GatewayError (429, 503)
 * where there are targets and none may be used.
 */
export type TargetSource = Iterator<Target, undefined, "context" | undefined>;

/** A chat's stream that broke when its client had the beginning of it. */
export interface BrokenStream {
  /** Why. */
  readonly error: GatewayError;
  /** The answer's text so far. */
  readonly text: string;
  /** How often it was continued before. */
  readonly continued: number;
  /**
   * Asks a target for the rest, with the text so far as the beginning of its answer. Resolves true when its first piece
   * is here; false when the target cannot go on, or did not. Never rejects.
   * @param next Of the plugin that asks.
   */
  continueOn(target: Target, next: Next): Promise<boolean>;
}

/** One client request on its way through the pipeline, with all that is known of it so far. */
export interface Call {
  readonly id: string;
  readonly gateway: GatewayContext;
  readonly request: Request;
  readonly method: string;
  /** As received: percent-encoding kept, query apart. */
  readonly path: string;
  /** `?…` as received, or `""`. */
  readonly search: string;
  /** The client's address, behind trusted proxies too; `""` when unknown. */
  readonly ip: string;
  /** ms since the epoch. */
  readonly startedAt: number;
  /** True for calls that the gateway makes itself. */
  readonly inner: boolean;
  /** Aborts when the client leaves (and is not to be drained) or the total time-out passes. */
  readonly signal: AbortSignal;
  /** The same, without the cost of a signal. */
  readonly canceller: Canceller;
  /** May be overridden by a plugin before the answer begins. */
  onClientGone: OnClientGone;

  /** The prefix this call is forwarded under (`/openai`, `""` for the root), or undefined for the gateway's own API. */
  readonly prefix: string | undefined;
  /** The path after the prefix; `path` itself without one. */
  readonly rest: string;
  /** The protocol's endpoint that the path names, if a protocol knows it. */
  readonly endpoint: Endpoint | undefined;
  /** The client's protocol; errors are rendered by it. */
  readonly protocol: Protocol | undefined;
  readonly operation: Operation;

  /**
   * Reads and parses the body of a JSON endpoint, once; for any other call it does nothing.
   * After it, `model`, `stream`, `facts`, `body` and `json` are set.
   * Rejects with a GatewayError: 400 (not JSON, not UTF-8, too deep), 408 (too slow), 413 (too large).
   */
  inspect(): Promise<void>;
  /** The model asked for; after `inspect()`. Plugins may set it (aliases). */
  model: string | undefined;
  /** The name as the client wrote it. */
  readonly askedModel: string | undefined;
  readonly stream: boolean;
  readonly facts: RequestFacts | undefined;
  /** The body's bytes as received, when it was read. */
  readonly body: Uint8Array | undefined;
  readonly json: unknown;
  /** Puts another body in the place of the client's; its JSON is not read again. */
  setBody(bytes: Uint8Array): void;

  /** Set by `auth`. */
  caller: Caller | undefined;
  /** Set by `route`: who could serve it; the order of this call is that of `targets`. */
  candidates: readonly Candidate[];
  /** Set by `route`: the targets to try, in order, keys unfolded. Pulled by `retry`. */
  targets: TargetSource | undefined;
  /** The target of the attempt that is going on. Set by `retry`, or by core to the first of `targets`. */
  target: Target | undefined;
  readonly attempts: Attempt[];
  /** What the last upstream answered. */
  answer: AnswerFacts | undefined;
  /**
   * Set by a plugin before an attempt at a chat's stream: is asked to see to the rest where it breaks in the middle.
   * Resolves true when `continueOn` did. A stream in the client's own protocol is written anew then, event by event.
   */
  onBreak: ((broken: BrokenStream) => Promise<boolean>) | undefined;
  /** True while another attempt is possible: the request body can be sent again, and somebody waits for the answer. */
  readonly replayable: boolean;

  /** Headers that are added to the answer, whatever it will be. Names in lower case. */
  readonly responseHeaders: HeaderPairs;
  /** Measured usage as soon as it is known. */
  usage: Usage | undefined;
  /** Asks core to read the answer as it passes: `usage` (default in all calls of a JSON endpoint) or also its text. */
  collectText(): void;
  /** The answer's text, when `collectText()` was called before the attempt; complete when the call is finished. */
  readonly answerText: string;
  /** Sees each piece of the answer as it goes towards the client. Neither slows nor copies it. */
  tap(listener: (chunk: Uint8Array) => void): void;
  /** Tokens of the request's texts, estimated; 0 before `inspect()` and where there are none. */
  estimateInput(): number;

  /** Resolves when the body was sent whole, the client left, or the upstream broke. Never rejects. */
  readonly finished: Promise<Outcome>;
  /** Runs after the end, in order of registration. What it throws is logged; a stop of the gateway waits for its promise. */
  onFinish(listener: (outcome: Outcome) => void | Promise<void>): void;
  /** Plugins' own notes on a call, by plugin name. */
  readonly notes: Map<string, unknown>;

  /**
   * A second view of the call for one attempt at a target beside another, to be given to `next`. What is set on it, and
   * its canceller, are its own; it is cancelled with the call. It has to be adopted or abandoned.
   */
  fork(target: Target): Call;
  /** The client gets the answer of the fork's attempt. */
  adopt(fork: Call): void;
  /** Aborts the fork's attempt and discards what comes of it. To gates it is `cancelled`. */
  abandon(fork: Call, answering: Promise<Response>, reason: GatewayError): void;
}
