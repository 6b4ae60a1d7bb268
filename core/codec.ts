import type { ChatAnswer, ChatChunk, ChatRequest } from "./chat.ts";
import type { GatewayError } from "./errors.ts";
import type { Fields } from "./fields.ts";
import type {
  EmbeddingsAnswer,
  EmbeddingsRequest,
  RerankAnswer,
  RerankRequest,
  TokenCount,
} from "./neutral.ts";
import type { Endpoint, Takes } from "./protocol.ts";

/** What a codec may know of the call that it translates for. */
export interface CodecContext {
  /** The call's id. */
  readonly id: string;
  /** s since the epoch, when the call came. */
  readonly created: number;
  /** For requests: the model's name at the upstream. For answers: its name as the client wrote it. */
  readonly model: string;
  readonly stream: boolean;
  /** The client's endpoint when a client's side is read or written, the upstream's for an upstream's side. */
  readonly endpoint: Endpoint;
  /** The path as it was asked for, without the query; holds the model where the endpoint has it in its path. */
  readonly path: string;
  /** The client's query, `?…` or `""`; only where a client's side is read or written. */
  readonly search?: string;
  /** The caller's name; `""` without one. */
  readonly caller: string;
  /** What the service behind an upstream's side takes, where that is other than the protocol's. */
  readonly takes?: Takes | undefined;
  /** Notes that a field cannot be said on the other side. Throws a 400 GatewayError where the upstream is `strict`. */
  drop(field: string): void;
  /** Lets a stop of the gateway wait for work that goes on after the answer. */
  waitUntil(work: Promise<unknown>): void;
}

/** A context of an answer: the neutral request is there too. */
export interface AnswerContext<Request> extends CodecContext {
  readonly request: Request;
}

/**
 * Reads and writes one operation's requests and answers between a wire format and the neutral shape.
 * All of it is pure but for what it notes in the context. Reading a client's request throws a 400 GatewayError that names the field.
 */
export interface Codec<Request, Answer> {
  /** A client's request. */
  decodeRequest(body: Fields, context: CodecContext): Request | Promise<Request>;
  /** The body for an upstream. The neutral request is shared by all attempts: it must not be changed. */
  encodeRequest(request: Request, context: CodecContext): Fields;
  /** An upstream's answer with a status of success. */
  decodeAnswer(body: Fields, context: AnswerContext<Request>): Answer;
  /** The answer for a client. */
  encodeAnswer(answer: Answer, context: AnswerContext<Request>): Fields | Promise<Fields>;
}

/** A codec that also does streams. */
export interface StreamCodec<Request, Answer, Chunk> extends Codec<Request, Answer> {
  decodeStream(context: AnswerContext<Request>): StreamDecoder<Chunk>;
  encodeStream(context: AnswerContext<Request>): StreamEncoder<Chunk>;
}

/** One event of a stream: of SSE, a line of NDJSON, a message of a binary event stream. */
export interface StreamEvent {
  /** SSE's `event`, or what stands for it in other framings. */
  event?: string | undefined;
  data: string;
}

/** Reads an upstream's stream. What it throws breaks the stream; a GatewayError is shown to the client. */
export interface StreamDecoder<Chunk> {
  event(event: StreamEvent): Chunk[];
  /** The upstream's stream came to its end. False when the protocol's own end mark is missing: then the stream broke. */
  end(): { chunks: Chunk[]; complete: boolean };
}

/** Writes a client's stream, as text that is ready to be sent. */
export interface StreamEncoder<Chunk> {
  /** Default `text/event-stream`. */
  readonly contentType?: string;
  /** Makes what it wrote the bytes that go out, for a stream that is no text. Default: UTF-8. */
  toBytes?(text: string): Uint8Array;
  /** May give `""`. */
  chunk(chunk: Chunk): string;
  /** What closes a stream that is complete. */
  end(): string;
  /** A sign of life between two chunks. Default: a comment where the stream is of server-sent events, else nothing. */
  ping?(): string;
  /** What tells of an error after the first byte; nothing comes after it. */
  error(error: GatewayError): string;
}

/** What a protocol can translate, by operation. */
export interface Codecs {
  chat?: StreamCodec<ChatRequest, ChatAnswer, ChatChunk>;
  embeddings?: Codec<EmbeddingsRequest, EmbeddingsAnswer>;
  rerank?: Codec<RerankRequest, RerankAnswer>;
  "count-tokens"?: Codec<ChatRequest, TokenCount>;
}

/** Cuts an upstream's bytes into events. Throws when what comes is not of its form. */
export interface FrameReader {
  push(bytes: Uint8Array): StreamEvent[];
  /** The last bytes were pushed. */
  end(): StreamEvent[];
}

/** What an upstream's error body says. */
export interface UpstreamFailure {
  message: string;
  /** Machine-readable reason, such as `insufficient_quota`. */
  code?: string;
  /** The field at fault. */
  param?: string;
  /** For an error that came with a status of success: the status that it should have had. */
  status?: number;
  /** Seconds after which the same call may succeed, where the body says so. */
  retryAfter?: number;
}
