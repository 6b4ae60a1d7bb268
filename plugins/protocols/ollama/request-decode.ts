import { badRequest, functionTool, isFields, otherFields } from "../../../core/index.ts";
import { asOwn, isGenerate, optionalObjects, optionalText } from "./fields.ts";
import { decodeImages } from "./images.ts";
import { decodeMessages } from "./messages-decode.ts";
import { decodeOptions } from "./options.ts";
import type {
  ChatMessage,
  ChatRequest,
  ChatTool,
  CodecContext,
  Fields,
  ResponseFormat,
} from "../../../core/index.ts";

/** Members that have a neutral counterpart; all others are Ollama's own and kept as they are. */
const neutral = new Set([
  "model",
  "messages",
  "stream",
  "format",
  "options",
  "tools",
  "think",
  "logprobs",
  "top_logprobs",
]);

/** Members of `/api/generate` beside those; what is not read of them has no place in a chat. */
const ofGenerate = new Set([
  ...neutral,
  "prompt",
  "system",
  "images",
  "suffix",
  "template",
  "raw",
  "context",
]);

/** Reads a request to `/api/chat` or `/api/generate`. Throws a 400 GatewayError for a shape that is none of theirs. */
export function decodeRequest(body: Fields, { model, endpoint }: CodecContext): ChatRequest {
  const generates = isGenerate(endpoint);
  const messages = generates
    ? promptMessages(body)
    : decodeMessages(optionalObjects(body["messages"], "messages"));
  const request: ChatRequest = { model, messages };
  const { stream, logprobs, top_logprobs } = body;
  if (typeof stream === "boolean") request.stream = stream;
  if (typeof logprobs === "boolean") request.logprobs = logprobs;
  if (typeof top_logprobs === "number") request.top_logprobs = top_logprobs;
  const tools = optionalObjects(body["tools"], "tools");
  if (tools.length > 0) request.tools = tools.map(decodeTool);
  const format = decodeFormat(body["format"]);
  if (format) request.response_format = format;
  const options = decodeOptions(body["options"], request);
  const own: Fields = {
    ...decodeThink(body["think"], request),
    ...otherFields(body, generates ? ofGenerate : neutral),
  };
  if (Object.keys(options).length > 0) own["options"] = options;
  return { ...request, ...asOwn(own) };
}

/**
 * The prompt of `/api/generate` as a chat. A template, a raw prompt's missing one and a context are the business of a
 * server that holds the model's own template: a chat goes without. A suffix would change what is asked for.
 */
function promptMessages(body: Fields): ChatMessage[] {
  if (optionalText(body["suffix"], "suffix") !== "") {
    throw badRequest("Only Ollama's own models fill in the middle here: suffix cannot be had.", "suffix");
  }
  const system = optionalText(body["system"], "system");
  const prompt = optionalText(body["prompt"], "prompt");
  const images = decodeImages(body["images"]);
  const content = images.length > 0 ? [{ type: "text" as const, text: prompt }, ...images] : prompt;
  const user: ChatMessage = { role: "user", content };
  return system === "" ? [user] : [{ role: "system", content: system }, user];
}

function decodeTool(tool: Fields): ChatTool {
  const given = tool["function"];
  const { name, description, parameters } = isFields(given) ? given : {};
  if (typeof name !== "string") throw badRequest("A tool must have a function with a name.", "tools");
  return functionTool(name, { description, parameters });
}

/** `"json"`, or a schema. */
function decodeFormat(format: unknown): ResponseFormat | undefined {
  if (format === undefined || format === null || format === "") return undefined;
  if (format === "json") return { type: "json_object" };
  if (!isFields(format)) throw badRequest('format must be "json" or a JSON schema.', "format");
  return { type: "json_schema", json_schema: { name: "response", schema: format } };
}

/** On, off, or how much. Which models know levels only their server knows: the level itself is kept, too. */
function decodeThink(think: unknown, request: ChatRequest): Fields {
  if (think === undefined || think === null) return {};
  if (typeof think === "boolean") {
    request.reasoning = { enabled: think };
    return {};
  }
  if (typeof think !== "string") throw badRequest("think must be a boolean or a level.", "think");
  request.reasoning_effort = think;
  // Whoever names a level is told the thoughts, as with `true`.
  request.reasoning = { enabled: true };
  return { think };
}
