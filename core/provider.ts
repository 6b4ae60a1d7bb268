import type { GenericSchema } from "valibot";
import type { Call } from "./call.ts";
import type { Operation } from "./protocol.ts";
import type { HeaderPairs } from "./transport/types.ts";
import type { Target } from "./upstream.ts";

/** What a provider is asked to address: one attempt of one call. */
export interface Attempted {
  call: Call;
  target: Target;
  operation: Operation;
  /** The query for the upstream, `?…` or `""`: the client's, without a key of ours and with the upstream's name of the model. */
  search: string;
}

/**
 * The plugin part that knows a service: its URLs, its authentication and its quirks.
 * A provider names the protocol it speaks for each operation; the protocol plugins do the rest.
 */
export interface Provider {
  readonly name: string;
  /** Used when an upstream gives no `baseURL`. Without one, an upstream must give it. */
  readonly baseURL?: string;
  /** Which protocol it speaks for which operation, by the protocol's name. */
  readonly protocols: Partial<Record<Operation, string>>;
  /** valibot schema of `upstreams[].options`; without one, an upstream with options is a mistake. */
  readonly options?: GenericSchema;
  /** The URL of an operation. Never holds a key. */
  url(attempt: Attempted): string;
  /** The URL that a forwarded path goes to. Default: `forwardURL ?? baseURL` of the upstream, then the rest of the path. */
  forwardURL?(attempt: Attempted, rest: string, search: string): string;
  /** Adds the upstream's key to the headers. The client's own credentials are already gone. */
  authenticate(headers: HeaderPairs, target: Target): void | Promise<void>;
  /** Changes the outgoing headers or body further (quirks). Same-protocol bodies arrive as the client's bytes. */
  prepare?(
    request: { headers: HeaderPairs; body: Uint8Array | null },
    attempt: Attempted,
  ): void | Promise<void>;
  /** Answers in process, without a network: a provider that is its own upstream. */
  answer?(request: Request, attempt: Attempted): Promise<Response>;
}

/** Identity function that gives a provider its types. */
export function defineProvider<P extends Provider>(provider: P): P {
  return provider;
}
