import type { GatewayError } from "./errors.ts";
import type { Usage } from "./usage.ts";

/** What a call asks for. `forward` is a path under a prefix that no protocol recognises. */
export type Operation =
  | "chat"
  | "completion"
  | "responses"
  | "embeddings"
  | "image"
  | "speech"
  | "transcription"
  | "rerank"
  | "moderation"
  | "models"
  | "realtime"
  | "count-tokens"
  | "forward"
  | (string & {});

/** One path of a protocol. */
export interface Endpoint {
  /** `GET`, `POST`, … */
  method: string;
  /** Exact path (`/v1/chat/completions`), or one with `{model}` in it (`/v1beta/models/{model}:generateContent`). */
  path: string;
  operation: Operation;
  /** The body is JSON that the gateway reads (model, stream). Default: true for POST. */
  json?: boolean;
  /** The model is asked for in the query (`?model=…`). */
  modelInQuery?: boolean;
  /** Answers as a stream whatever the body says (Gemini's `:streamGenerateContent`). */
  stream?: boolean;
}

/** What the pipeline must know of a request before it is sent. */
export interface RequestFacts {
  model?: string;
  stream: boolean;
  /** The most tokens that the answer may have, when the request bounds it. */
  maxTokens?: number;
  /** The texts that count as input, for token estimates, moderation and the chat log. */
  messages: () => PromptMessage[];
}

/** One turn of a prompt, as text. */
export interface PromptMessage {
  role: string;
  text: string;
}

/** A protocol's reader of one stream: fed each event's data, it tells what it learned at the end. */
export interface StreamReader {
  /** Takes the `data` of one SSE event. */
  event(data: string): void;
  /** Usage, when the stream told it. */
  usage(): Usage | undefined;
  /** The answer's text so far, when `collect` was asked for. */
  text(): string;
  /** How many events carried output: a floor for the output tokens of a stream that told no usage. */
  outputEvents(): number;
  /** True once the protocol's own end mark was seen (`[DONE]`, `message_stop`, …). */
  ended(): boolean;
}

/** One model of a model list. */
export interface ListedModel {
  id: string;
  /** Name of the upstream that offers it. */
  ownedBy: string;
}

/**
 * The plugin part that reads and writes a wire format. All members but the name, the endpoints and
 * `renderError` may be left out by a protocol that is only forwarded.
 */
export interface Protocol {
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  /** Reads the facts of a parsed JSON request. Throws a GatewayError (400) when it is not of the protocol's shape. */
  readRequest?(body: unknown, endpoint: Endpoint, path: string): RequestFacts;
  /** The error as this protocol's clients expect it: a JSON body. Status and headers are the gateway's. */
  renderError(error: GatewayError): string;
  /** The error as one event of this protocol's streams, ready to be written (`data: …\n\n`). */
  renderStreamError?(error: GatewayError): string;
  /** The list of models as this protocol's clients expect it: a JSON body. */
  renderModels?(models: readonly ListedModel[]): string;
  /** Usage of a whole answer. */
  readUsage?(answer: unknown): Usage | undefined;
  /** Text of a whole answer. */
  readText?(answer: unknown): string;
  /** A reader for one stream's events; `collect` keeps the text too. */
  readStream?(options: { collect: boolean }): StreamReader;
}

/** Identity function that gives a protocol its types. */
export function defineProtocol<P extends Protocol>(protocol: P): P {
  return protocol;
}
