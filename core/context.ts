import type { HookableCore } from "hookable";
import type { Call, Caller } from "./call.ts";
import type { Clock } from "./clock.ts";
import type { KeyConfig, ServerConfig } from "./config.ts";
import type { Gate, TargetRest, UpstreamCheck } from "./gate.ts";
import type { Meaning } from "./meaning.ts";
import type { BodyAdapter } from "./plugin.ts";
import type { Strategy } from "./strategy.ts";
import type { Outcome } from "./call.ts";
import type { Operation, Protocol } from "./protocol.ts";
import type { Provider } from "./provider.ts";
import type { State } from "./state/index.ts";
import type { Attempt, Upstream } from "./upstream.ts";

/** What happens in a gateway, for those who want to know. Handlers run off the call's path; what they throw is logged. */
export interface GatewayHooks {
  "call:start": (call: Call) => void;
  "call:finish": (call: Call, outcome: Outcome) => void | Promise<void>;
  "attempt:finish": (call: Call, attempt: Attempt) => void;
  /** A reload was asked for; `message` says what the new configuration's mistakes are. */
  "config:reload": (result: { ok: boolean; message?: string }) => void;
  /** The models of an upstream were listed anew. */
  "models:change": (upstream: Upstream) => void;
  /** A gate of this process keeps calls from a target from now on. */
  "target:rest": (rest: TargetRest) => void;
  /** An upstream was asked whether it is well. */
  "upstream:check": (check: UpstreamCheck) => void;
  "state:lost": (error: Error) => void;
  "state:restored": () => void;
}

/** A message to whoever runs the gateway. */
export interface Log {
  debug(message: string, ...data: unknown[]): void;
  info(message: string, ...data: unknown[]): void;
  warn(message: string, ...data: unknown[]): void;
  error(message: string, ...data: unknown[]): void;
}

/** A call that a plugin makes on its own account, such as a moderation. It starts at the `route` stage. */
export interface InnerCall {
  operation: Operation;
  /** The endpoint's path in its protocol, such as `/v1/moderations`. */
  path: string;
  body: unknown;
  signal?: AbortSignal;
  /** Whose models and upstreams it may use. Default: all. */
  caller?: Caller | undefined;
}

/** What a plugin may use of the gateway it is set up in. */
export interface GatewayContext {
  readonly server: ServerConfig;
  readonly keys: readonly KeyConfig[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly upstreams: readonly Upstream[];
  readonly providers: ReadonlyMap<string, Provider>;
  /** What a client means by the name of a model: aliases and names of upstreams in it are read. */
  meaningOf(asked: string): Meaning;
  readonly protocols: ReadonlyMap<string, Protocol>;
  readonly strategies: ReadonlyMap<string, Strategy>;
  /** In the order in which they are asked. */
  readonly gates: readonly Gate[];
  /** In the order in which they change a body. */
  readonly adapters: readonly BodyAdapter[];
  /** Adds a gate to the others, once; for one that is only there when it is needed. */
  watch(gate: Gate): void;
  /** Time and chance: what plugins use, so that a simulation can stand in for both. */
  readonly clock: Clock;
  /** Where callers' credentials stand; send keeps them from upstreams. */
  readonly credentials: { readonly headers: ReadonlySet<string>; readonly query: boolean };
  readonly state: State;
  readonly hooks: HookableCore<GatewayHooks>;
  readonly log: Log;
  /** Reads the configuration again and takes it over. Rejects with a ConfigError, or a GatewayError where it cannot be. */
  reload(): Promise<void>;
  /** Makes a call of the gateway's own. Rejects with a GatewayError. */
  dispatch(inner: InnerCall): Promise<Response>;
  /**
   * Who sent a request to an endpoint of the gateway's own (`routes`), as the plugin `auth` tells; see also
   * `requireAdmin`. Rejects with a GatewayError: 401, or 403, also where no plugin tells.
   */
  authenticate(request: Request): Promise<Caller>;
}
