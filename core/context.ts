import type { HookableCore } from "hookable";
import type { Call, Caller } from "./call.ts";
import type { KeyConfig, ServerConfig } from "./config.ts";
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
}

/** What a plugin may use of the gateway it is set up in. */
export interface GatewayContext {
  readonly server: ServerConfig;
  readonly keys: readonly KeyConfig[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly upstreams: readonly Upstream[];
  readonly providers: ReadonlyMap<string, Provider>;
  readonly protocols: ReadonlyMap<string, Protocol>;
  /** Where callers' credentials stand; send keeps them from upstreams. */
  readonly credentials: { readonly headers: ReadonlySet<string>; readonly query: boolean };
  readonly state: State;
  readonly hooks: HookableCore<GatewayHooks>;
  readonly log: Log;
  /** Makes a call of the gateway's own. Rejects with a GatewayError. */
  dispatch(inner: InnerCall): Promise<Response>;
  /**
   * Who sent a request to an endpoint of the gateway's own (`routes`), as the plugin `auth` tells; see also
   * `requireAdmin`. Rejects with a GatewayError: 401, or 403, also where no plugin tells.
   */
  authenticate(request: Request): Promise<Caller>;
}
