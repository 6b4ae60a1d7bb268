import type { GenericSchema } from "valibot";
import type { Call } from "./call.ts";
import type { ChatRequest } from "./chat.ts";
import type { UpstreamFailure } from "./codec.ts";
import type { Fields } from "./fields.ts";
import type { Operation, Protocol, Takes } from "./protocol.ts";
import type { HeaderPairs } from "./transport/types.ts";
import type { Target, Upstream } from "./upstream.ts";

/** What a provider is asked to address: one attempt of one call. */
export interface Attempted {
  call: Call;
  target: Target;
  operation: Operation;
  /** The protocol that is spoken to the upstream; undefined for a path under a prefix that no protocol knows. */
  protocol: Protocol | undefined;
  /** The path in that protocol (`/v1/chat/completions`), with the upstream's name of the model where it holds one. */
  path: string;
  /** The query for the upstream, `?…` or `""`: the client's, without a key of ours and with the upstream's name of the model. */
  search: string;
  /** The answer is to be a stream. */
  stream: boolean;
  /** The call is translated: the body was made by the gateway. Else it is the client's. */
  translated: boolean;
}

/**
 * The plugin part that knows a service: its URLs, its authentication and its quirks.
 * A provider names the protocol it speaks for each operation; the protocol plugins do the rest.
 */
export interface Provider {
  readonly name: string;
  /** Used when an upstream gives no `baseURL`; may follow from its options. Without one, an upstream must give it. */
  readonly baseURL?: string | ((options: unknown) => string | undefined);
  /**
   * Which protocols it speaks for which operation, by name. A client's own protocol goes through as it is where it is
   * among them; else the call is translated to the first.
   */
  readonly protocols: Partial<Record<Operation, string | readonly string[]>>;
  /** The same where it hangs on the model (Vertex: Gemini or Claude); undefined: as in `protocols`. */
  protocolsFor?(operation: Operation, model: string, upstream: Upstream): readonly string[] | undefined;
  /**
   * The name of the protocol that says a translated chat best, by what it asks for; undefined: the first of those that
   * it speaks. One that would leave out more of the request than the first is not taken.
   * @param request The neutral request; it must not be changed.
   */
  chatProtocol?(request: ChatRequest, target: Target): string | undefined;
  /**
   * Whether the upstream refused a call for what only the choice of `chatProtocol` asks of it: the same attempt then
   * goes on in the first protocol. To choose otherwise the next time is the provider's own business.
   */
  refusesChoice?(status: number, failure: UpstreamFailure, target: Target): boolean;
  /** What its models can take, where that is other than the protocol's. */
  readonly takes?: Takes;
  /** Regions that serve a model, each a target of its own, in order. Default: none, the upstream's one place. */
  regions?(upstream: Upstream, model: string | undefined): readonly string[];
  /** valibot schema of `upstreams[].options`; without one, an upstream with options is a mistake. */
  readonly options?: GenericSchema;
  /** The URL of an operation. Never holds a key. */
  url(attempt: Attempted): string;
  /** The URL that a forwarded path goes to. Default: `forwardURL ?? baseURL` of the upstream, then the rest of the path. */
  forwardURL?(attempt: Attempted, rest: string, search: string): string;
  /** Its credentials may stand in its options: `authenticate` is called for an upstream without keys too. */
  readonly ownCredentials?: boolean;
  /**
   * Adds the upstream's key to the headers. The client's own credentials are already gone.
   * @param url Of a GET that the gateway makes itself for `listModels`, for a provider that signs; undefined for calls,
   * which `prepare` signs.
   */
  authenticate(headers: HeaderPairs, target: Target, url?: string): void | Promise<void>;
  /**
   * Changes a JSON body for this service (quirks). Returns the body to send, or undefined to leave it: the client's
   * bytes then pass as they are. `body` must not be changed itself.
   */
  adapt?(body: Fields, attempt: Attempted): Fields | undefined;
  /** Changes the outgoing headers further (a signature over the body, say). Comes last. */
  prepare?(
    request: { headers: HeaderPairs; body: Uint8Array | null },
    attempt: Attempted,
  ): void | Promise<void>;
  /**
   * The names of the models that the service lists, for an upstream that is configured without any. `get` asks for a
   * path below the base URL (or a whole URL), authenticated, and gives the JSON object that came, a bare list as
   * `{ data }`; it rejects with a GatewayError.
   */
  listModels?(upstream: Upstream, get: (path: string, search?: string) => Promise<Fields>): Promise<string[]>;
  /**
   * Takes an answer that is not translated out of the form in which this service has it, into that of the protocol it
   * is in otherwise; undefined for one that is as it should be.
   */
  unwrap?(answer: { status: number; contentType: string }, attempt: Attempted): Unwrapper | undefined;
  /** Answers in process, without a network: a provider that is its own upstream. */
  answer?(request: Request, attempt: Attempted): Promise<Response>;
}

/** Turns the bytes of one answer into text of its protocol, piece by piece. What it throws breaks the answer. */
export interface Unwrapper {
  /** Of what it makes. */
  contentType: string;
  push(bytes: Uint8Array): string;
  /** The last bytes were pushed: what is left, and whether the answer was whole. */
  end(): { text: string; complete: boolean };
}

/** Identity function that gives a provider its types. */
export function defineProvider<P extends Provider>(provider: P): P {
  return provider;
}
