import type { Codecs, FrameReader, UpstreamFailure } from "./codec.ts";
import type { GatewayError } from "./errors.ts";
import type { Fields } from "./fields.ts";
import type { RateLimitHeaders } from "./rate-limits.ts";
import type { Usage } from "./usage.ts";

/** What a call asks for. `forward` is a path under a prefix that no protocol recognises. */
export type Operation =
  | "chat"
  | "completion"
  | "responses"
  | "embeddings"
  | "image"
  | "speech"
  | "image-edit"
  | "transcription"
  | "translation"
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
  /** A header, lower case, that a request must have to mean this protocol: another has an endpoint of the same path. */
  header?: string;
  /** The body is JSON that the gateway reads (model, stream). Default: true for POST. */
  json?: boolean;
  /**
   * The body is a form with files (`multipart/form-data`), whose text fields are read as those of a JSON body; a body
   * that says to be JSON is read as such.
   */
  form?: boolean;
  /**
   * About things that one upstream keeps (files, batches): no model is asked for and the body passes unread, to the
   * upstream that the header `x-sluice-upstream` names, else to the first that speaks the operation, with its first key.
   */
  modelless?: boolean;
  /**
   * Reaches what the upstream keeps for all callers together, and any of its models (a batch names its own): a caller
   * that may use certain models only is refused.
   */
  accountWide?: boolean;
  /** The model is asked for in the query (`?model=…`). */
  modelInQuery?: boolean;
  /** Answers as a stream whatever the body says (Gemini's `:streamGenerateContent`). */
  stream?: boolean;
  /** The query that a translated call to an upstream has here (`alt=sse`). */
  query?: string;
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
  /** One model as this protocol's clients expect it: a JSON body. */
  renderModel?(model: ListedModel): string;
  /**
   * The field at the top of a whole answer in which `readUsage` finds all it reads: then an answer is not parsed whole
   * for it, and `readUsage` may be given an object with only this field and those that stand behind it.
   */
  readonly usageField?: string;
  /** Usage of a whole answer. */
  readUsage?(answer: unknown): Usage | undefined;
  /** Text of a whole answer. */
  readText?(answer: unknown): string;
  /** A reader for one stream's events; `collect` keeps the text too. */
  readStream?(options: { collect: boolean }): StreamReader;
  /** What it can translate to and from the neutral shapes, by operation. */
  readonly codecs?: Codecs;
  /** How an upstream's stream is cut into events. Default: server-sent events. */
  readonly frames?: () => FrameReader;
  /**
   * The error in an upstream's answer; undefined where there is none. Asked for bodies of any status: some services
   * tell of an error with a 200.
   */
  readError?(body: Fields, status: number): UpstreamFailure | undefined;
  /**
   * An answer's JSON, or the data of one event, with another name of the model. For the rest of the text, not a byte
   * may change (see `replaceTopLevelString`). Data that is no JSON stays as it is.
   */
  renameAnswer?(json: string, model: string): string;
  /** Its clients' own headers, lower case, `*` at the end for any rest: they go to no upstream of another protocol. */
  readonly ownHeaders?: readonly string[];
  /** How its services name their limits in an answer's headers. Default: `x-ratelimit-…`, which most services share. */
  readonly rateLimits?: RateLimitHeaders;
  /** What its messages can hold; a provider may say otherwise. */
  readonly takes?: Takes;
}

/** What a wire format, or the service behind it, can take as it is; what it cannot is brought into another form. */
export interface Takes {
  /** Images by URL; else the gateway fetches them and sends their bytes. Default true. */
  imageURLs?: boolean;
  /** Documents (PDF); else they go as their text. Default true. */
  documents?: boolean;
  /**
   * Goes on with an answer whose beginning stands as the last message; where it has to be told so, with these members of
   * the message or of the body. Default false.
   */
  prefill?: Prefill | ((model: string) => Prefill);
  /**
   * Extension members of the neutral shape that a service knows although its protocol has none of them
   * (`cache_control`, `reasoning`, `reasoning_content`, `top_k`, …). Default none.
   */
  extensions?: readonly string[];
}

/** Whether an answer can be given its beginning, and what has to be said beside it. */
export type Prefill = boolean | { message?: Fields; body?: Fields };

/** Identity function that gives a protocol its types. */
export function defineProtocol<P extends Protocol>(protocol: P): P {
  return protocol;
}
