import { isFields, maxTokensOf, stopOf } from "../../../core/index.ts";
import type { ChatRequest, CodecContext, Fields } from "../../../core/index.ts";
import { plainMembers } from "./config-decode.ts";
import { ownOf } from "./fields.ts";
import { encodeSchema } from "./schema-encode.ts";
import { encodeThinking } from "./thinking.ts";
import type { GenerationConfig } from "./wire.ts";

/** Source: Gemini API reference, `GenerationConfig.stopSequences`. */
const maxStops = 5;

/** `generationConfig` for a neutral request; undefined where there is nothing to say. */
export function encodeConfig(request: ChatRequest, context: CodecContext): Fields | undefined {
  const kept = ownOf(request)?.["generationConfig"];
  const own = isFields(kept) ? kept : {};
  const thinkingConfig = encodeThinking(request, context);
  const config: GenerationConfig = {
    ...encodePlain(request),
    ...encodeStop(request, context),
    ...encodeFormat(request, own, context),
    ...encodeModalities(request, context),
    ...encodeVoice(request, own, context),
    ...(thinkingConfig && { thinkingConfig }),
    ...own,
  };
  for (const _ in config) return config;
  return undefined;
}

function encodePlain(request: ChatRequest): GenerationConfig {
  const config: Fields = {};
  for (const [name, neutral] of Object.entries(plainMembers)) {
    const value = neutral === "max_completion_tokens" ? maxTokensOf(request) : request[neutral];
    if (value != null) config[name] = value;
  }
  // A seed has 32 bits here.
  if (typeof request.seed === "number") config["seed"] = request.seed | 0;
  return config;
}

function encodeStop(request: ChatRequest, context: CodecContext): GenerationConfig {
  if (request.stop == null) return {};
  const stops = stopOf(request);
  if (stops.length > maxStops) context.drop("stop");
  return { stopSequences: stops.slice(0, maxStops) };
}

function encodeFormat(request: ChatRequest, own: Fields, context: CodecContext): GenerationConfig {
  const format = request.response_format;
  if (!format) return {};
  if (format.type === "text") return { responseMimeType: "text/plain" };
  const json = { responseMimeType: "application/json" };
  if (format.type !== "json_schema" || !format.json_schema.schema) return json;
  if (own["responseSchema"] !== undefined || own["responseJsonSchema"] !== undefined) return json;
  const { schema, jsonSchema } = encodeSchema(format.json_schema.schema, context.model);
  return schema ? { ...json, responseSchema: schema } : { ...json, responseJsonSchema: jsonSchema };
}

type ModalityName = NonNullable<GenerationConfig["responseModalities"]>[number];

function encodeModalities({ modalities }: ChatRequest, context: CodecContext): GenerationConfig {
  if (!modalities) return {};
  const names = modalities.map((name) => name.toUpperCase());
  // An answer of this service is either spoken or written: `["text", "audio"]` of OpenAI's is speech with its text.
  if (!names.includes("AUDIO") || names.length === 1) return { responseModalities: names as ModalityName[] };
  if (names.includes("TEXT")) context.drop("modalities");
  return { responseModalities: names.filter((name) => name !== "TEXT") as ModalityName[] };
}

function encodeVoice({ audio }: ChatRequest, own: Fields, context: CodecContext): GenerationConfig {
  if (!audio || own["speechConfig"] !== undefined) return {};
  if (audio.format !== "pcm16") context.drop("audio.format");
  if (typeof audio.voice === "string") {
    return { speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: audio.voice } } } };
  }
  context.drop("audio.voice");
  return {};
}
