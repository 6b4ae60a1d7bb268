import { isFields } from "../../../core/index.ts";
import type { ChatRequest, Fields, ResponseFormat } from "../../../core/index.ts";
import { camel, isText, object } from "./fields.ts";
import { fromSchema } from "./schema-decode.ts";
import { decodeThinking } from "./thinking.ts";

/** Numbers and flags of `generationConfig` by their neutral names. */
export const plainMembers = {
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  maxOutputTokens: "max_completion_tokens",
  candidateCount: "n",
  seed: "seed",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
  responseLogprobs: "logprobs",
  logprobs: "top_logprobs",
} as const;

/** Reads `generationConfig`; `own` gets what the neutral request cannot say. */
export function decodeConfig(given: unknown, own: Fields): Partial<ChatRequest> {
  if (given === undefined || given === null) return {};
  const { stopSequences, responseModalities, ...config } = object(given, "generationConfig");
  const request: Partial<Record<keyof ChatRequest, unknown>> = {};
  for (const [name, neutral] of Object.entries(plainMembers)) {
    if (config[name] == null) continue;
    request[neutral] = config[name];
    delete config[name];
  }
  if (Array.isArray(stopSequences)) request.stop = stopSequences.filter(isText);
  if (Array.isArray(responseModalities)) {
    request.modalities = responseModalities.filter(isText).map((name) => name.toLowerCase());
  }
  const format = decodeFormat(config);
  const voice = decodeVoice(config);
  // Levels and budgets are not the same on other models: kept, they are written as they came.
  const thinking = isFields(config["thinkingConfig"]) ? camel(config["thinkingConfig"]) : undefined;
  if (thinking) config["thinkingConfig"] = thinking;
  for (const _ in config) own["generationConfig"] = config;
  return {
    ...(request as Partial<ChatRequest>),
    ...(format && { response_format: format }),
    ...(voice !== undefined && { audio: { format: "pcm16", voice } }),
    ...(thinking && decodeThinking(thinking)),
  };
}

/** The answer's form. A schema in OpenAPI's way is kept beside the one that is made of it. */
function decodeFormat(config: Fields): ResponseFormat | undefined {
  const { responseMimeType: type, responseSchema: openapi, responseJsonSchema: json } = config;
  if (type === "text/plain") {
    delete config["responseMimeType"];
    return { type: "text" };
  }
  if (type !== "application/json") return undefined;
  delete config["responseMimeType"];
  const schema = isFields(json) ? json : isFields(openapi) ? fromSchema(openapi) : undefined;
  if (!schema) return { type: "json_object" };
  return { type: "json_schema", json_schema: { name: "response", schema } };
}

/** The voice, where nothing but its name is said; else it stays this protocol's own. */
function decodeVoice(config: Fields): string | undefined {
  const speech = config["speechConfig"];
  const voice = isFields(speech) ? camel(speech)["voiceConfig"] : undefined;
  const prebuilt = isFields(voice) ? camel(voice)["prebuiltVoiceConfig"] : undefined;
  const name = isFields(prebuilt) ? camel(prebuilt)["voiceName"] : undefined;
  if (!isText(name)) return undefined;
  const alone = [speech, voice, prebuilt].every((one) => Object.keys(one as Fields).length === 1);
  if (alone) delete config["speechConfig"];
  return name;
}
