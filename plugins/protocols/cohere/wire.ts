import type { Cohere } from "cohere-ai";

/** `toolCalls` → `tool_calls`. */
type SnakeCase<S extends string> = S extends `${infer Head}${infer Tail}`
  ? Head extends Lowercase<Head>
    ? `${Head}${SnakeCase<Tail>}`
    : `_${Lowercase<Head>}${SnakeCase<Tail>}`
  : S;

/** A type of the official SDK, whose names are in camel case, as it goes over the wire. */
type Wire<T> = T extends readonly (infer Item)[]
  ? Wire<Item>[]
  : T extends object
    ? string extends keyof T
      ? T
      : { [Key in keyof T as Key extends string ? SnakeCase<Key> : Key]: Wire<T[Key]> }
    : T;

/** The SDK has a method for streams; on the wire it is a member. */
export type ChatBody = Wire<Cohere.V2ChatRequest> & { stream?: boolean };
export type ChatAnswerBody = Wire<Cohere.V2ChatResponse>;
export type ChatEvent = Wire<Cohere.V2ChatStreamResponse>;
export type Message = Wire<Cohere.ChatMessageV2>;
export type AssistantBody = Wire<Cohere.AssistantMessage>;
export type AssistantPart = Wire<Cohere.AssistantMessageV2ContentOneItem>;
export type UserPart = Wire<Cohere.Content>;
export type ToolPart = Wire<Cohere.ToolContent>;
export type ToolBody = Wire<Cohere.ToolV2>;
export type ToolCallBody = Wire<Cohere.ToolCallV2>;
export type DocumentBody = Wire<Cohere.V2ChatRequestDocumentsItem>;
export type CitationBody = Wire<Cohere.Citation>;
export type UsageBody = Wire<Cohere.Usage>;
export type LogprobBody = Wire<Cohere.LogprobItem>;
export type FinishReasonWord = Cohere.ChatFinishReason;
export type EmbedBody = Wire<Cohere.V2EmbedRequest>;
export type EmbedAnswerBody = Wire<Cohere.EmbedByTypeResponse>;
export type RerankBody = Wire<Cohere.V2RerankRequest>;
export type RerankAnswerBody = Wire<Cohere.V2RerankResponse>;
export type MetaBody = Wire<Cohere.ApiMeta>;
