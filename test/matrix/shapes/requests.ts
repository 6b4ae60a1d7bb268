/**
 * The bodies that services take, as their official SDKs type them; generate.ts makes JSON Schemas of them. What the SDKs
 * do not type is added here, with its source.
 */
import type { MessageCreateParamsBase } from "@anthropic-ai/sdk/resources/messages/messages";
import type { ConverseRequest } from "@aws-sdk/client-bedrock-runtime";
import type * as gemini from "@google/genai";
import type { Cohere } from "cohere-ai";
import type * as ollama from "ollama";
import type { ChatCompletionCreateParamsBase } from "openai/resources/chat/completions/completions";
import type {
  ResponseCreateParamsBase,
  ResponseInputItem,
  ResponseOutputRefusal,
  ResponseOutputText,
  ResponseReasoningItem,
} from "openai/resources/responses/responses";

export type OpenAIChat = ChatCompletionCreateParamsBase;

/** What was not stored needs no ids, and of its text no more than that. Source: openai/codex, which sends it so. */
interface AssistantMessage {
  type?: "message";
  role: "assistant";
  content: (
    | (Pick<ResponseOutputText, "type" | "text"> & Partial<ResponseOutputText>)
    | ResponseOutputRefusal
  )[];
}

type InputItem = ResponseInputItem | Omit<ResponseReasoningItem, "id"> | AssistantMessage;

export interface OpenAIResponses extends Omit<ResponseCreateParamsBase, "input"> {
  input: string | InputItem[];
}

/** What newer models refuse, newer SDKs no longer type. Source: Anthropic API reference, Messages. */
interface Sampling {
  temperature?: number;
  top_p?: number;
  top_k?: number;
}

export interface Anthropic extends MessageCreateParamsBase, Sampling {}

/** Source: openrouter.ai/docs, reasoning tokens. */
export interface OpenRouter extends ChatCompletionCreateParamsBase {
  reasoning?: { effort?: string; max_tokens?: number; exclude?: boolean; enabled?: boolean };
}

/** The model stands in the path. Source: Google Cloud, Vertex AI, request predictions with Claude models. */
export interface ClaudeOnVertex extends Omit<MessageCreateParamsBase, "model">, Sampling {
  anthropic_version: "vertex-2023-10-16";
}

/** In camel case, which it is not on the wire; the SDK has a method of its own for streams. */
export interface CohereChat extends Cohere.V2ChatRequest {
  stream?: boolean;
}

/** The model stands in the path. */
export type Converse = Omit<ConverseRequest, "modelId">;

/** generateContent; the SDK puts this together itself. */
export interface Gemini {
  contents: gemini.Content[];
  systemInstruction?: gemini.Content;
  tools?: gemini.Tool[];
  toolConfig?: gemini.ToolConfig;
  generationConfig?: gemini.GenerationConfig;
  safetySettings?: gemini.SafetySetting[];
  cachedContent?: string;
}

/** Of calls the SDK has no ids yet. Source: ollama/ollama, api/types.go. */
interface OllamaMessage extends Omit<ollama.Message, "tool_calls"> {
  tool_calls?: (ollama.ToolCall & { id?: string })[];
  tool_call_id?: string;
}

export interface Ollama extends Omit<ollama.ChatRequest, "messages"> {
  messages: OllamaMessage[];
}
