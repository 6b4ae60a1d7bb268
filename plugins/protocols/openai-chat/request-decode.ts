import { badRequest, isFields } from "../../../core/index.ts";
import type {
  ChatRequest,
  ChatTool,
  CodecContext,
  Fields,
  ReasoningOptions,
  ToolChoice,
} from "../../../core/index.ts";
import { protocolName, readFunctionChoice, readFunctions } from "./functions.ts";
import { readMessages } from "./messages-decode.ts";

/** Members that others do sums with, or send where only a number will do. */
const numbers = [
  "max_completion_tokens",
  "max_tokens",
  "temperature",
  "top_p",
  "top_k",
  "frequency_penalty",
  "presence_penalty",
  "seed",
  "n",
  "top_logprobs",
];

/**
 * A client's request: nearly as it is. What others rely on is checked; `functions` become tools; the ways in which
 * vendors and their clients ask for reasoning become `reasoning_effort` and `reasoning`. Unknown members stay.
 */
export function decodeRequest(body: Fields, context: CodecContext): ChatRequest {
  checkMembers(body);
  const { functions, function_call, thinking, enable_thinking, thinking_budget, ...rest } = body;
  const request: Fields = { ...rest, messages: readMessages(body["messages"], context.id) };
  if (rest["tools"] !== undefined && rest["tools"] !== null) request["tools"] = readTools(rest["tools"]);
  else delete request["tools"];
  if (functions !== undefined && functions !== null && !request["tools"])
    request["tools"] = readFunctions(functions);
  const choice = rest["tool_choice"] ?? undefined;
  if (choice !== undefined) checkToolChoice(choice);
  else if (function_call !== undefined && function_call !== null)
    request["tool_choice"] = readFunctionChoice(function_call);
  if (rest["reasoning"] !== undefined) readReasoningObject(rest["reasoning"], request);
  const wish = readThinking({ thinking, enable_thinking, thinking_budget });
  if (wish && request["reasoning"] === undefined) request["reasoning"] = wish;
  return request as unknown as ChatRequest;
}

function checkMembers(body: Fields): void {
  if (typeof body["model"] !== "string") throw badRequest("You must provide a model parameter.", "model");
  for (const name of numbers) {
    const value = body[name];
    if (value !== undefined && value !== null && typeof value !== "number") {
      throw badRequest(`${name} must be a number.`, name);
    }
  }
  const { stop, response_format: format, stream_options: options } = body;
  const isList = Array.isArray(stop) && stop.every((one) => typeof one === "string");
  if (stop !== undefined && stop !== null && typeof stop !== "string" && !isList) {
    throw badRequest("stop must be a string or a list of strings.", "stop");
  }
  if (format !== undefined && format !== null) checkFormat(format);
  if (options !== undefined && options !== null && !isFields(options)) {
    throw badRequest("stream_options must be an object.", "stream_options");
  }
}

function checkFormat(format: unknown): void {
  const type = isFields(format) ? format["type"] : undefined;
  if (type !== "text" && type !== "json_object" && type !== "json_schema") {
    throw badRequest("response_format.type must be text, json_object or json_schema.", "response_format");
  }
  const described = (format as Fields)["json_schema"];
  if (type === "json_schema" && !(isFields(described) && typeof described["name"] === "string")) {
    throw badRequest("response_format.json_schema must have a name.", "response_format.json_schema");
  }
}

function readTools(tools: unknown): ChatTool[] {
  if (!Array.isArray(tools)) throw badRequest("tools must be a list.", "tools");
  return tools.map((tool, index) => readTool(tool, `tools[${index}]`));
}

/** A tool of a type that is not known here is a vendor's own. */
function readTool(tool: unknown, path: string): ChatTool {
  if (!isFields(tool) || typeof tool["type"] !== "string")
    throw badRequest(`${path} must have a type.`, path);
  const { type, function: called, custom } = tool;
  if (type !== "function" && type !== "custom")
    return { type: "extension", protocol: protocolName, value: tool };
  const described = type === "function" ? called : custom;
  if (!isFields(described) || typeof described["name"] !== "string" || !described["name"]) {
    throw badRequest(`${path}.${type} must have a name.`, `${path}.${type}`);
  }
  const { parameters } = described;
  if (parameters !== undefined && parameters !== null && !isFields(parameters)) {
    throw badRequest(
      `${path}.${type}.parameters must be a JSON Schema object.`,
      `${path}.${type}.parameters`,
    );
  }
  return tool as unknown as ChatTool;
}

function checkToolChoice(choice: unknown): asserts choice is ToolChoice {
  if (choice === "none" || choice === "auto" || choice === "required") return;
  const { type } = isFields(choice) ? choice : {};
  const named = isFields(choice) ? choice[String(type)] : undefined;
  const fits =
    type === "function" || type === "custom" ? isNamed(named) : type === "allowed_tools" && isAllowed(named);
  if (!fits) throw badRequest("tool_choice must be none, auto, required or name a tool.", "tool_choice");
}

function isNamed(value: unknown): boolean {
  return isFields(value) && typeof value["name"] === "string";
}

function isAllowed(value: unknown): boolean {
  return isFields(value) && Array.isArray(value["tools"]) && value["tools"].every(isFields);
}

/** OpenRouter's `reasoning`: its effort stands in `reasoning_effort`, the rest is the neutral shape's own. */
function readReasoningObject(reasoning: unknown, request: Fields): void {
  delete request["reasoning"];
  if (reasoning === null) return;
  if (!isFields(reasoning)) throw badRequest("reasoning must be an object.", "reasoning");
  const { effort, ...options } = reasoning;
  if (effort !== undefined && effort !== null) request["reasoning_effort"] ??= effort;
  if (Object.keys(options).length > 0) request["reasoning"] = options;
}

/** `thinking: { type, budget_tokens }` (Anthropic's, z.ai's, DeepSeek's) and `enable_thinking`, `thinking_budget` (Qwen's). */
function readThinking({ thinking, enable_thinking, thinking_budget }: Fields): ReasoningOptions | undefined {
  const given = isFields(thinking) ? thinking : {};
  const { type, budget_tokens } = given;
  const max_tokens = [budget_tokens, thinking_budget].find((one) => typeof one === "number");
  const budget = typeof max_tokens === "number" ? { max_tokens } : {};
  if (type === "disabled" || enable_thinking === false) return { enabled: false };
  if (type === "adaptive" || type === "auto") return { adaptive: true, ...budget };
  if (type === "enabled" || enable_thinking === true) return { enabled: true, ...budget };
  return typeof max_tokens === "number" ? { enabled: true, ...budget } : undefined;
}
