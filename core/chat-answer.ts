/** The neutral shape of a chat's answer, whole and as a stream's chunks. What `chat.ts` says of the shape holds here too. */
import type {
  Annotation,
  AssistantMessage,
  ExtensionPart,
  Extensions,
  ImagePart,
  ReasoningDetail,
} from "./chat.ts";

/** `stop`, `length`, `tool_calls`, `content_filter`, `function_call`. */
export type FinishReason =
  | "stop"
  | "length"
  | "tool_calls"
  | "content_filter"
  | "function_call"
  | (string & {});

export interface ChatAnswer {
  id: string;
  object: "chat.completion";
  /** s since the epoch. */
  created: number;
  model: string;
  choices: ChatChoice[];
  usage?: ChatUsage | null;
  service_tier?: string | null;
  system_fingerprint?: string | null;
  extensions?: Extensions;
}

export interface ChatChoice {
  index: number;
  message: AssistantMessage;
  finish_reason: FinishReason;
  /** Extension: the upstream's own word for it. */
  native_finish_reason?: string | null;
  /** Extension: the stop sequence that ended it. */
  stop_sequence?: string | null;
  logprobs?: unknown;
}

export interface ChatChunk {
  id: string;
  object: "chat.completion.chunk";
  created: number;
  model: string;
  /** Empty in the chunk that brings the usage. */
  choices: ChunkChoice[];
  usage?: ChatUsage | null;
  service_tier?: string | null;
  system_fingerprint?: string | null;
  extensions?: Extensions;
}

export interface ChunkChoice {
  index: number;
  delta: ChatDelta;
  finish_reason?: FinishReason | null;
  native_finish_reason?: string | null;
  stop_sequence?: string | null;
  logprobs?: unknown;
}

/** What a chunk adds to the message. */
export interface ChatDelta {
  role?: "assistant";
  content?: string | null;
  refusal?: string | null;
  tool_calls?: ToolCallDelta[];
  audio?: Record<string, unknown> | null;
  reasoning_content?: string | null;
  /** Pieces of one detail share its `index`; text, summary, data and signature add up. */
  reasoning_details?: ReasoningDetail[];
  images?: ImagePart[];
  annotations?: Annotation[];
  /** Extension: pieces of content that are no text. */
  parts?: ExtensionPart[];
}

export interface ToolCallDelta {
  /** 0, 1, … over the message. */
  index: number;
  /** Only in the call's first delta, as are type and name. */
  id?: string;
  type?: "function" | "custom";
  function?: { name?: string; arguments?: string };
  custom?: { name?: string; input?: string };
  extra_content?: { google?: { thought_signature?: string } };
}

/** Tokens. The prompt's include cached ones, the completion's include reasoning. */
export interface ChatUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details?: {
    cached_tokens?: number;
    audio_tokens?: number;
    /** Extension, named as OpenRouter's: written to the prompt cache. */
    cache_write_tokens?: number;
    /** Extension: of these, kept for an hour. */
    cache_write_1h_tokens?: number;
  } | null;
  completion_tokens_details?: {
    reasoning_tokens?: number;
    audio_tokens?: number;
    accepted_prediction_tokens?: number;
    rejected_prediction_tokens?: number;
  } | null;
  extensions?: Extensions;
}
