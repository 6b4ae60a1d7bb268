/**
 * The neutral shape of a chat: OpenAI's Chat Completions, as its API reference has it, plus the extension
 * members that are marked here. Each protocol reads its clients' requests into it and writes its upstreams'
 * requests from it, and the other way round for answers, so N protocols give N × N pairs.
 *
 * Members that are not listed (a vendor's own, or OpenAI's newest) are kept where they stand: the objects are open.
 * What only one protocol can say stands under `extensions`, by the protocol's name: that protocol writes it again,
 * every other one leaves it out, knowingly.
 */

export type * from "./chat-answer.ts";

/** What only one protocol can say, by that protocol's name. */
export type Extensions = Record<string, Record<string, unknown>>;

/** Extension: marks the end of a prefix that the upstream shall keep (`{ type: "ephemeral", ttl: "1h" }`). */
export interface CacheControl {
  type: "ephemeral";
  ttl?: string;
}

export interface ChatRequest {
  model: string;
  messages: ChatMessage[];
  stream?: boolean | null;
  stream_options?: { include_usage?: boolean; include_obfuscation?: boolean } | null;
  /** See `maxTokensOf`. */
  max_completion_tokens?: number | null;
  max_tokens?: number | null;
  temperature?: number | null;
  top_p?: number | null;
  /** Extension. */
  top_k?: number | null;
  frequency_penalty?: number | null;
  presence_penalty?: number | null;
  seed?: number | null;
  n?: number | null;
  /** See `stopOf`. */
  stop?: string | string[] | null;
  logprobs?: boolean | null;
  top_logprobs?: number | null;
  logit_bias?: Record<string, number> | null;
  response_format?: ResponseFormat;
  tools?: ChatTool[];
  tool_choice?: ToolChoice;
  parallel_tool_calls?: boolean;
  /** `none`, `minimal`, `low`, `medium`, `high`, `xhigh`, `max`. */
  reasoning_effort?: string | null;
  /** Extension: what an effort alone cannot say. */
  reasoning?: ReasoningOptions;
  verbosity?: string | null;
  modalities?: string[] | null;
  audio?: { format: string; voice: unknown } | null;
  prediction?: unknown;
  web_search_options?: Record<string, unknown>;
  user?: string;
  safety_identifier?: string;
  prompt_cache_key?: string;
  metadata?: Record<string, string> | null;
  service_tier?: string | null;
  store?: boolean | null;
  /** Extension: a mark over the whole request, where a protocol has one. */
  cache_control?: CacheControl | null;
  extensions?: Extensions;
}

/** Extension, named as OpenRouter's `reasoning`. The effort itself stands in `reasoning_effort`. */
export interface ReasoningOptions {
  /** Tokens that the reasoning may have. */
  max_tokens?: number;
  /** False turns reasoning off, true on; without it the model decides. */
  enabled?: boolean;
  /** The model decides how much, up to the effort. */
  adaptive?: boolean;
  /** Reasoning may happen and its text is not wanted. */
  exclude?: boolean;
  /** `auto`, `concise`, `detailed`: how its text is summed up. */
  summary?: string;
}

export type ResponseFormat =
  | { type: "text" }
  | { type: "json_object" }
  | { type: "json_schema"; json_schema: JsonSchemaFormat };

export interface JsonSchemaFormat {
  name: string;
  description?: string;
  schema?: Record<string, unknown>;
  strict?: boolean | null;
}

export type ChatTool = FunctionTool | CustomTool | ExtensionTool;

export interface FunctionTool {
  type: "function";
  function: {
    name: string;
    description?: string;
    parameters?: Record<string, unknown>;
    strict?: boolean | null;
  };
  cache_control?: CacheControl | null;
  extensions?: Extensions;
}

export interface CustomTool {
  type: "custom";
  custom: { name: string; description?: string; format?: unknown };
  cache_control?: CacheControl | null;
  extensions?: Extensions;
}

/** Extension: a tool that one protocol's upstream runs itself (web search, code execution, …), as that protocol writes it. */
export interface ExtensionTool {
  type: "extension";
  protocol: string;
  value: Record<string, unknown>;
}

export type ToolChoice =
  | "none"
  | "auto"
  | "required"
  | { type: "function"; function: { name: string } }
  | { type: "custom"; custom: { name: string } }
  | {
      type: "allowed_tools";
      allowed_tools: { mode: "auto" | "required"; tools: Record<string, unknown>[] };
    };

export type ChatMessage = InstructionMessage | UserMessage | AssistantMessage | ToolMessage;

export interface InstructionMessage {
  role: "system" | "developer";
  content: string | ContentPart[];
  name?: string;
  extensions?: Extensions;
}

export interface UserMessage {
  role: "user";
  content: string | ContentPart[];
  name?: string;
  extensions?: Extensions;
}

export interface AssistantMessage {
  role: "assistant";
  content?: string | ContentPart[] | null;
  name?: string;
  refusal?: string | null;
  tool_calls?: ToolCall[];
  audio?: Record<string, unknown> | null;
  /** Extension: the reasoning's text, all of it. */
  reasoning_content?: string | null;
  /** Extension: the reasoning piece by piece, with its signatures; in order. Where it stands, `reasoning_content` repeats its text. */
  reasoning_details?: ReasoningDetail[];
  /** Extension: images that the model made, as data URLs. */
  images?: ImagePart[];
  annotations?: Annotation[];
  /**
   * Extension: the order of the pieces, where it is not reasoning, content, tool calls. Each entry takes the next
   * piece of its kind: of `reasoning_details`, of `content`'s parts, of `tool_calls`.
   */
  order?: ("reasoning" | "content" | "tool_call")[];
  extensions?: Extensions;
}

export interface ToolMessage {
  role: "tool";
  tool_call_id: string;
  /** Parts may be images and files too (extension). */
  content: string | ContentPart[];
  /** Extension: the tool failed, and this is its message. */
  is_error?: boolean;
  cache_control?: CacheControl | null;
  extensions?: Extensions;
}

export type ContentPart = TextPart | ImagePart | AudioPart | FilePart | RefusalPart | ExtensionPart;

export interface TextPart {
  type: "text";
  text: string;
  cache_control?: CacheControl | null;
  extensions?: Extensions;
}

export interface ImagePart {
  type: "image_url";
  /** `https:` or `data:<type>;base64,…`. */
  image_url: { url: string; detail?: string };
  cache_control?: CacheControl | null;
  extensions?: Extensions;
}

export interface AudioPart {
  type: "input_audio";
  /** Base64; `format` is `wav`, `mp3`, … */
  input_audio: { data: string; format: string };
  cache_control?: CacheControl | null;
  extensions?: Extensions;
}

export interface FilePart {
  type: "file";
  /** `file_data` is `data:<type>;base64,…`. Extension: `file_url`, `https:`. */
  file: { file_data?: string; file_id?: string; filename?: string; file_url?: string };
  cache_control?: CacheControl | null;
  extensions?: Extensions;
}

export interface RefusalPart {
  type: "refusal";
  refusal: string;
}

/** Extension: a piece that only one protocol knows, as that protocol writes it. */
export interface ExtensionPart {
  type: "extension";
  protocol: string;
  value: Record<string, unknown>;
}

export type ToolCall = FunctionCall | CustomCall;

export interface FunctionCall {
  id: string;
  type: "function";
  /** `arguments` is JSON text; `{}` when there are none. */
  function: { name: string; arguments: string };
  /** Extension, named as Google's own compatible API has it. */
  extra_content?: { google?: { thought_signature?: string } };
  cache_control?: CacheControl | null;
  extensions?: Extensions;
}

export interface CustomCall {
  id: string;
  type: "custom";
  custom: { name: string; input: string };
  extensions?: Extensions;
}

/**
 * Extension, named as OpenRouter's `reasoning_details`. `format` says whose signature it is: one that another
 * vendor made is never sent.
 */
export type ReasoningDetail =
  | {
      type: "reasoning.text";
      text: string;
      signature?: string | null;
      id?: string | null;
      format?: string;
      index?: number;
    }
  | { type: "reasoning.summary"; summary: string; id?: string | null; format?: string; index?: number }
  | { type: "reasoning.encrypted"; data: string; id?: string | null; format?: string; index?: number };

/** Values of a reasoning detail's `format`. */
export const reasoningFormats = {
  anthropic: "anthropic-claude-v1",
  gemini: "google-gemini-v1",
  responses: "openai-responses-v1",
} as const;

/** A citation. Extension: other types than `url_citation` are kept as their protocol has them. */
export type Annotation = { type: string } & Record<string, unknown>;
