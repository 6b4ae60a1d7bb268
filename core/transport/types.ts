import type { Canceller } from "../cancel.ts";

/** Names and values in turn, as they go on the wire: `[name, value, name, value, …]`. */
export type HeaderPairs = string[];

/** Time-outs of one request, in ms; 0 turns one off. */
export interface Timeouts {
  /** To an open connection. */
  connect: number;
  /** From the request sent to the answer's headers. */
  firstByte: number;
  /** Between two pieces of the answer's body. */
  silence: number;
  /** Of the whole call, all attempts and the body included. */
  total: number;
}

/** What goes to an upstream. */
export interface TransportInit {
  method: string;
  headers: HeaderPairs;
  /** Bytes are sent with their length; a stream is sent in chunks, or with the `content-length` given. */
  body: Uint8Array | AsyncIterable<Uint8Array> | null;
  canceller: Canceller;
  timeouts: Timeouts;
  proxy?: string | undefined;
}

/** What an upstream answered, before it is a Response. */
export interface TransportAnswer {
  status: number;
  statusText: string;
  /** Lower-case names and values in turn, in the upstream's order. */
  headers: HeaderPairs;
  /** The body, still on the wire: it must be read, started or cancelled. */
  body: WireBody;
}

/** Who takes a body's pieces as they come. */
export interface BodySink {
  chunk(chunk: Uint8Array): void;
  end(): void;
  fail(error: unknown): void;
}

/** A body on the wire. Pieces flow from `start` on, and stop between `pause` and `resume`. */
export interface WireBody {
  /** Resolves when the first piece or the end is here; rejects when it broke before. To be called before `start`. */
  ready(): Promise<void>;
  /** All of it, where it came at once and is here; it need not be started then. To be called before `start`. */
  whole?(): Uint8Array | undefined;
  start(sink: BodySink): void;
  pause(): void;
  resume(): void;
  /** Gives it up; the sink hears nothing more. */
  cancel(reason?: unknown): void;
}

/** One request to an upstream. Rejects with a GatewayError (502, 504) whose `retryable` is set. */
export type Transport = (url: string, init: TransportInit) => Promise<TransportAnswer>;
