import type { Canceller } from "../cancel.ts";
import type { Relay, RelayHooks } from "../relay.ts";
import type { HeaderPairs, Transport } from "../transport/types.ts";

/** What a server tells of a request that the request itself cannot say. */
export interface RequestInfo {
  /** The peer's address. */
  ip?: string;
}

/** A WebSocket that is to be passed through to an upstream. */
export interface TunnelInit {
  request: Request;
  /** `http(s)://` URL of the upstream. */
  url: string;
  headers: HeaderPairs;
  canceller: Canceller;
  connectTimeout: number;
  /** `http(s)://` proxy through which the upstream is reached. */
  proxy: string | undefined;
}

/** Unpacks a compressed body beside its way, in bounded memory. It never throws. */
export interface Unpacker {
  write(packed: Uint8Array): void;
  /** Resolves when all is unpacked that can be; bytes that are cut off or no such thing tell what they can. */
  end(): Promise<void>;
}

/** How a URL that a client names is fetched. */
export interface PublicFetch {
  /** Whether the connection may go to an address. */
  isAllowed: (ip: string) => boolean;
  /** Bytes. */
  maxSize: number;
  /** ms for all of it. */
  timeout: number;
  signal: AbortSignal;
}

export interface FetchedFile {
  /** As the server says, lower case, without parameters; `""` when it does not. */
  mediaType: string;
  bytes: Uint8Array;
}

/** What differs from runtime to runtime; `#runtime` is the one that fits. */
export interface Runtime {
  readonly name: "node" | "deno" | "web";
  send: Transport;
  closeConnections(): Promise<void>;
  /** A Response whose body is relayed. The headers may still be added to by `addHeaders`. */
  respond(status: number, statusText: string, headers: HeaderPairs, relay: Relay | null): Response;
  /** The relay behind a response that `respond` made and whose body nobody took; else undefined. */
  relayOf(response: Response): Relay | undefined;
  /** Lets the hooks watch the relay of a response that is about to leave. */
  attach(relay: Relay, hooks: RelayHooks): void;
  /** Sets headers; a name that is there already is replaced. Returns the response to use. */
  setHeaders(response: Response, headers: HeaderPairs): Response;
  /** Path and query as they came over the wire. */
  rawTarget(request: Request): string;
  /** Runs the work once the event loop has served what arrived by now. */
  defer(work: () => void): void;
  /** Runs what comes after a call as soon as its last byte is handed on, with what comes after those that end with it. */
  afterwards(work: () => void): void;
  /** All headers as they came, in order. */
  headerPairs(request: Request): HeaderPairs;
  /** The peer's address, or `""`. */
  peerAddress(request: Request): string;
  /** Runs the listener when the client goes away before the answer is through. */
  watchClient(request: Request, listener: () => void): void;
  /** Reads the body whole: rejects with GatewayErrors 413 (longer than `limit`), 408 (`silence` ms without a byte), 499. */
  readBody(request: Request, limit: number, silence: number): Promise<Uint8Array>;
  /** The body piece by piece, failing after `silence` ms without one; null when there is none. */
  streamBody(request: Request, silence: number): AsyncIterable<Uint8Array> | null;
  /** Fetches a file from an address that is allowed. Rejects with a 400 GatewayError that holds no more of the URL than its host. */
  fetchPublic(url: string, options: PublicFetch): Promise<FetchedFile>;
  /** Unpacks what has this `content-encoding` (lower case); undefined for one that it cannot read. */
  unpack(encoding: string, onPiece: (piece: Uint8Array) => void): Unpacker | undefined;
  /**
   * Passes a WebSocket through. Resolves with a 101 response that has a relay whose `hooks` hear each piece that
   * goes to the client and the end, or with the upstream's refusal as it is. Rejects with a GatewayError.
   */
  tunnel(init: TunnelInit): Promise<Response>;
}
