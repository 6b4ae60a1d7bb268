import { badRequest, isFields } from "../../../core/index.ts";
import { cacheMark } from "./blocks-decode.ts";
import { protocolName } from "./fields.ts";
import { decodeMessages } from "./messages-decode.ts";
import { decodeFormat } from "./structured.ts";
import { decodeThinking } from "./thinking.ts";
import { decodeToolChoice, decodeTools } from "./tools.ts";
import type { ChatRequest, CodecContext, Fields } from "../../../core/index.ts";

/** Members that the neutral shape holds; all others are kept as this protocol's own. */
const said = new Set([
  "model",
  "messages",
  "system",
  "max_tokens",
  "stream",
  "stop_sequences",
  "temperature",
  "top_p",
  "top_k",
  "metadata",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
  "output_format",
  "service_tier",
  "cache_control",
]);

/** Anthropic's tiers of service as OpenAI names them. */
const tiers: Readonly<Record<string, string>> = { auto: "auto", standard_only: "default" };

/** A client's request. Throws a 400 GatewayError that names the field. */
export function decodeRequest(body: Fields, { model }: CodecContext): ChatRequest {
  const tools = decodeTools(body["tools"]);
  const { thinking, outputConfig, ...reasoning } = decodeThinking(body);
  const { output_config: config, output_format: legacyFormat } = body;
  const format = decodeFormat(isFields(config) ? config["format"] : undefined) ?? decodeFormat(legacyFormat);
  const own: Fields = {
    ...(thinking && { thinking }),
    ...(outputConfig && { output_config: outputConfig }),
    ...(legacyFormat !== undefined && { output_format: legacyFormat }),
  };
  for (const name in body) if (!said.has(name)) own[name] = body[name];
  const { user, tier } = readAbout(body, own);
  return {
    model: typeof body["model"] === "string" ? body["model"] : model,
    messages: decodeMessages(body),
    ...numbers(body),
    ...(typeof body["stream"] === "boolean" && { stream: body["stream"] }),
    ...stopSequences(body),
    ...(user !== undefined && { user }),
    ...(tools && { tools }),
    ...decodeToolChoice(body["tool_choice"]),
    ...reasoning,
    ...(format && { response_format: format }),
    ...(tier !== undefined && { service_tier: tier }),
    ...cacheMark(body),
    ...(Object.keys(own).length > 0 && { extensions: { [protocolName]: own } }),
  };
}

function numbers(body: Fields) {
  return {
    ...named(body, "max_tokens", "max_completion_tokens"),
    ...named(body, "temperature", "temperature"),
    ...named(body, "top_p", "top_p"),
    ...named(body, "top_k", "top_k"),
  };
}

function named<Name extends string>(body: Fields, from: string, to: Name): { [K in Name]?: number } {
  const value = body[from];
  if (value === undefined || value === null) return {};
  if (typeof value !== "number") throw badRequest(`${from}: Input should be a valid number`, from);
  return { [to]: value } as { [K in Name]?: number };
}

function stopSequences({ stop_sequences: stop }: Fields): Pick<ChatRequest, "stop"> {
  if (stop === undefined || stop === null) return {};
  if (Array.isArray(stop) && stop.every((one) => typeof one === "string")) return { stop };
  throw badRequest("stop_sequences: Input should be a list of strings", "stop_sequences");
}

/** Who asks, and in which tier; what is neither of the two usual shapes is kept in `own`. */
function readAbout(body: Fields, own: Fields): { user?: string; tier?: string } {
  const { metadata, service_tier: tier } = body;
  const known = typeof tier === "string" ? tiers[tier] : undefined;
  if (tier !== undefined && known === undefined) own["service_tier"] = tier;
  const about = known === undefined ? {} : { tier: known };
  if (metadata === undefined) return about;
  const user = isFields(metadata) ? metadata["user_id"] : undefined;
  const isOnly = isFields(metadata) && Object.keys(metadata).length === 1;
  if (typeof user !== "string" || !isOnly) own["metadata"] = metadata;
  return typeof user === "string" ? { ...about, user } : about;
}
