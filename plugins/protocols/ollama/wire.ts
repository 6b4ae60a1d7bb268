import type * as ollama from "ollama";

/** Written by newer servers, and read by them; the SDK's typings do not have it yet. Source: ollama/ollama, api/types.go. */
interface CallId {
  id?: string;
}

/** The SDK takes bytes too; on the wire images are base64. */
interface Images {
  images?: string[];
}

/** Dates are text on the wire. What only the last line of a stream tells may be missing. */
type OnWire<T extends { created_at: Date }> = Partial<Omit<T, "created_at" | "message">> & {
  created_at: string;
};

export type ToolCallBody = ollama.ToolCall & CallId;
export type ToolBody = ollama.Tool;
export type MessageBody = Omit<ollama.Message, "images" | "tool_calls"> &
  Images & { tool_calls?: ToolCallBody[]; tool_call_id?: string };
export type ChatBody = Omit<ollama.ChatRequest, "messages"> & { messages: MessageBody[] };
export type OptionsBody = Partial<ollama.Options>;
export type ChatAnswerBody = OnWire<ollama.ChatResponse> & { message: MessageBody };
export type GenerateAnswerBody = OnWire<ollama.GenerateResponse>;
export type EmbedBody = ollama.EmbedRequest;
export type EmbedAnswerBody = Pick<ollama.EmbedResponse, "model" | "embeddings"> &
  Partial<ollama.EmbedResponse>;
export type EmbeddingsAnswerBody = ollama.EmbeddingsResponse;
export type LogprobBody = ollama.Logprob;
export type ErrorBody = ollama.ErrorResponse;
export type VersionBody = ollama.VersionResponse;
/** Without dates. */
export type ModelBody = Omit<ollama.ModelResponse, "modified_at" | "expires_at"> & {
  modified_at: string;
  expires_at: string;
};
export type ShowBody = Omit<ollama.ShowResponse, "modified_at" | "model_info" | "projector_info"> & {
  modified_at: string;
  model_info: Record<string, unknown>;
};
