/**
 * Shapes of Gemini's API as its SDK types them, with the values of its enumerations as plain text. They stay inside this
 * folder: what it exports speaks of neutral shapes and of `Fields`, so that no published type needs the SDK.
 */
import type * as sdk from "@google/genai";

/** An SDK type as it goes over the wire. */
export type Wire<T> = T extends string
  ? `${T}`
  : T extends (infer U)[]
    ? Wire<U>[]
    : T extends object
      ? { [K in keyof T]: Wire<T[K]> }
      : T;

export type Part = Wire<sdk.Part>;
export type Content = Wire<sdk.Content>;
export type Schema = Wire<sdk.Schema>;
export type FunctionDeclaration = Wire<sdk.FunctionDeclaration>;
export type FunctionResponse = Wire<sdk.FunctionResponse>;
export type Tool = Wire<sdk.Tool>;
export type ToolConfig = Wire<sdk.ToolConfig>;
export type ThinkingConfig = Wire<sdk.ThinkingConfig>;
export type Candidate = Wire<sdk.Candidate>;
export type GroundingMetadata = Wire<sdk.GroundingMetadata>;
export type LogprobsResult = Wire<sdk.LogprobsResult>;
export type UsageMetadata = Wire<sdk.GenerateContentResponseUsageMetadata>;
export type FinishReason = Wire<sdk.FinishReason>;

/** `generationConfig`; the SDK's own type of it lacks what only newer models take. */
export type GenerationConfig = Wire<sdk.GenerationConfig> &
  Wire<Pick<sdk.GenerateContentConfig, "imageConfig">>;

/** The body of generateContent. */
export type GenerateContentRequest = {
  contents: Content[];
  systemInstruction?: Content;
  tools?: Tool[];
  toolConfig?: ToolConfig;
  generationConfig?: GenerationConfig;
} & Wire<
  Pick<
    sdk.GenerateContentConfig,
    "safetySettings" | "cachedContent" | "labels" | "serviceTier" | "continuationToken" | "store"
  >
>;

/** The answer of generateContent, and each piece of its stream. */
export type GenerateContentResponse = Wire<
  Partial<
    Pick<
      sdk.GenerateContentResponse,
      | "candidates"
      | "createTime"
      | "modelVersion"
      | "promptFeedback"
      | "responseId"
      | "usageMetadata"
      | "modelStatus"
    >
  >
>;

export type CountTokensResponse = Wire<
  Pick<sdk.CountTokensResponse, "totalTokens" | "cachedContentTokenCount">
>;
export type ContentEmbedding = Wire<sdk.ContentEmbedding>;
