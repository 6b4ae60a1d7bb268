import { badRequest, functionTool, isFields, objectsAt, otherFields, textAt } from "../../../core/index.ts";
import { decodeMessages } from "./messages-decode.ts";
import { asOwn, optionalNumber } from "./fields.ts";
import type {
  ChatRequest,
  ChatTool,
  CodecContext,
  Fields,
  JsonSchemaFormat,
  ReasoningOptions,
  ResponseFormat,
  ToolChoice,
} from "../../../core/index.ts";

/** Members that have a neutral counterpart; all others are Cohere's own and kept as they are. */
const neutral = new Set([
  "model",
  "messages",
  "stream",
  "tools",
  "strict_tools",
  "response_format",
  "max_tokens",
  "stop_sequences",
  "temperature",
  "seed",
  "frequency_penalty",
  "presence_penalty",
  "k",
  "p",
  "logprobs",
  "tool_choice",
  "thinking",
]);

const numbers = {
  max_tokens: "max_completion_tokens",
  temperature: "temperature",
  seed: "seed",
  frequency_penalty: "frequency_penalty",
  presence_penalty: "presence_penalty",
  k: "top_k",
  p: "top_p",
} as const;

/** Reads a request to `/v2/chat`. Throws a 400 GatewayError for a shape that is none of its. */
export function decodeRequest(body: Fields, { model }: CodecContext): ChatRequest {
  const request: ChatRequest = { model, messages: decodeMessages(objectsAt(body["messages"], "messages")) };
  for (const [name, neutralName] of Object.entries(numbers) as [keyof typeof numbers, NumberName][]) {
    const value = optionalNumber(body[name], name);
    if (value !== undefined) request[neutralName] = value;
  }
  if (typeof body["stream"] === "boolean") request.stream = body["stream"];
  if (typeof body["logprobs"] === "boolean") request.logprobs = body["logprobs"];
  const stop = body["stop_sequences"];
  if (stop !== undefined && stop !== null) request.stop = texts(stop, "stop_sequences");
  const tools = decodeTools(body["tools"], body["strict_tools"] === true);
  if (tools) request.tools = tools;
  const choice = decodeToolChoice(body["tool_choice"]);
  if (choice) request.tool_choice = choice;
  const format = decodeFormat(body["response_format"]);
  if (format) request.response_format = format;
  const reasoning = decodeThinking(body["thinking"]);
  if (reasoning) request.reasoning = reasoning;
  const own = otherFields(body, neutral);
  if (typeof body["strict_tools"] === "boolean" && !(body["strict_tools"] && tools?.length)) {
    own["strict_tools"] = body["strict_tools"];
  }
  return { ...request, ...asOwn(own) };
}

type NumberName = (typeof numbers)[keyof typeof numbers];

function texts(value: unknown, param: string): string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  throw badRequest(`${param} must be a list of strings.`, param);
}

function decodeTools(value: unknown, strict: boolean): ChatTool[] | undefined {
  if (value === undefined || value === null) return undefined;
  return objectsAt(value, "tools").map((tool): ChatTool => {
    const given = tool["function"];
    if (!isFields(given)) throw badRequest("A tool must have a function.", "tools");
    const { description, parameters } = given;
    const name = textAt(given["name"], "tools.function.name");
    return functionTool(name, { description, parameters, ...(strict && { strict }) });
  });
}

function decodeToolChoice(value: unknown): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === "REQUIRED") return "required";
  if (value === "NONE") return "none";
  throw badRequest("tool_choice must be REQUIRED or NONE.", "tool_choice");
}

function decodeFormat(value: unknown): ResponseFormat | undefined {
  if (value === undefined || value === null) return undefined;
  const type = isFields(value) ? value["type"] : undefined;
  if (!isFields(value) || (type !== "text" && type !== "json_object")) {
    throw badRequest("response_format.type must be text or json_object.", "response_format");
  }
  // Older clients write `schema`.
  const schema = value["json_schema"] ?? value["schema"];
  if (type === "text" || !isFields(schema)) return { type };
  const json_schema: JsonSchemaFormat = { name: "response", schema };
  return { type: "json_schema", json_schema };
}

function decodeThinking(value: unknown): ReasoningOptions | undefined {
  if (!isFields(value)) return undefined;
  const enabled = value["type"] !== "disabled";
  const budget = optionalNumber(value["token_budget"], "thinking.token_budget");
  return { enabled, ...(budget !== undefined && { max_tokens: budget }) };
}
