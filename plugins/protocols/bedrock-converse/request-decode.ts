import { badRequest, isFields } from "../../../core/index.ts";
import type { ChatMessage, ChatRequest, CodecContext, Fields, ResponseFormat } from "../../../core/index.ts";
import { blocksOf, contentOf, decodeMessages, partsOfBlocks } from "./messages-decode.ts";
import { readModelFields } from "./model-fields.ts";
import { asOwn } from "./own.ts";
import { decodeTools } from "./tools.ts";

/**
 * A client's Converse request. What hangs on the model (`additionalModelRequestFields`, `outputConfig`) is read as far
 * as other protocols can say it, and kept as it is for Bedrock.
 */
export function decodeRequest(body: Fields, context: CodecContext): ChatRequest {
  const { messages, system, inferenceConfig, toolConfig, requestMetadata, serviceTier, ...rest } = body;
  const { modelId: _, ...own } = rest;
  const { sampling, others } = readInference(inferenceConfig);
  const tier =
    isFields(serviceTier) && typeof serviceTier["type"] === "string" ? serviceTier["type"] : undefined;
  const metadata = readMetadata(requestMetadata);
  const format = readFormat(own["outputConfig"]);
  return {
    model: context.model,
    messages: [...systemMessages(system), ...decodeMessages(messages, context.model)],
    ...(context.stream && { stream: true }),
    ...sampling,
    ...readModelFields(own["additionalModelRequestFields"], own["outputConfig"]),
    ...decodeTools(toolConfig),
    ...(format && { response_format: format }),
    ...(metadata && { metadata }),
    ...(tier !== undefined && { service_tier: tier }),
    ...asOwn({ ...own, ...(Object.keys(others).length > 0 && { inferenceConfig: others }) }),
  };
}

function systemMessages(system: unknown): ChatMessage[] {
  if (system === undefined) return [];
  const parts = partsOfBlocks(blocksOf(system, "system"));
  return parts.length === 0 ? [] : [{ role: "system", content: contentOf(parts) }];
}

function readInference(config: unknown): { sampling: Partial<ChatRequest>; others: Fields } {
  if (config === undefined) return { sampling: {}, others: {} };
  if (!isFields(config)) throw badRequest("inferenceConfig must be an object.", "inferenceConfig");
  const { maxTokens, temperature, topP, stopSequences, ...others } = config;
  const stops = Array.isArray(stopSequences)
    ? stopSequences.filter((one) => typeof one === "string")
    : undefined;
  return {
    sampling: {
      ...(maxTokens !== undefined && { max_completion_tokens: numberIn(maxTokens, "maxTokens") }),
      ...(temperature !== undefined && { temperature: numberIn(temperature, "temperature") }),
      ...(topP !== undefined && { top_p: numberIn(topP, "topP") }),
      ...(stops && { stop: stops }),
    },
    others,
  };
}

function numberIn(value: unknown, name: string): number {
  if (typeof value === "number") return value;
  throw badRequest(`inferenceConfig.${name} must be a number.`, `inferenceConfig.${name}`);
}

function readMetadata(metadata: unknown): Record<string, string> | undefined {
  if (metadata === undefined) return undefined;
  if (isFields(metadata) && Object.values(metadata).every((one) => typeof one === "string")) {
    return metadata as Record<string, string>;
  }
  throw badRequest("requestMetadata must hold texts.", "requestMetadata");
}

/** The schema stands there as JSON text. */
function readFormat(config: unknown): ResponseFormat | undefined {
  const format = isFields(config) ? config["textFormat"] : undefined;
  const structure = isFields(format) ? format["structure"] : undefined;
  const given = isFields(structure) ? structure["jsonSchema"] : undefined;
  if (!isFields(given) || typeof given["schema"] !== "string") return undefined;
  const { schema: text, name, description } = given;
  let schema: unknown;
  try {
    schema = JSON.parse(text as string);
  } catch {
    schema = undefined;
  }
  const param = "outputConfig.textFormat.structure.jsonSchema.schema";
  if (!isFields(schema)) throw badRequest(`${param} must be a JSON schema as text.`, param);
  return {
    type: "json_schema",
    json_schema: {
      name: typeof name === "string" ? name : "answer",
      ...(typeof description === "string" && { description }),
      // Bedrock holds every model to its schema.
      strict: true,
      schema,
    },
  };
}
