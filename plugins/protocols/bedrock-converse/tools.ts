import { allowedNames, badRequest, functionTool, isFields } from "../../../core/index.ts";
import type { ChatRequest, ChatTool, CodecContext, Fields, ToolChoice } from "../../../core/index.ts";
import { familyOf } from "./families.ts";
import { cachePoint } from "./messages-encode.ts";
import { asOwn, markOf, ownOf, ownPart, name as protocol } from "./own.ts";
import type { AnswerTool } from "./schema.ts";
import type { Json, WireTool, WireToolConfig } from "./wire.ts";

/** Tools and choice of a `toolConfig`. @throws GatewayError 400 for what is none. */
export function decodeTools(config: unknown): Pick<ChatRequest, "tools" | "tool_choice"> {
  if (config === undefined) return {};
  const list = isFields(config) ? config["tools"] : undefined;
  if (!isFields(config) || !Array.isArray(list) || !list.every(isFields)) {
    throw badRequest("toolConfig must have a list of tools.", "toolConfig.tools");
  }
  const tools: ChatTool[] = [];
  for (const tool of list) {
    const mark = markOf(tool);
    const last = tools.at(-1);
    if (mark && last && last.type !== "extension" && !last.cache_control) last.cache_control = mark;
    else tools.push(decodeTool(tool));
  }
  const choice = decodeChoice(config["toolChoice"]);
  return { tools, ...(choice !== undefined && { tool_choice: choice }) };
}

function decodeTool(tool: Fields): ChatTool {
  const spec = tool["toolSpec"];
  if (!isFields(spec)) return ownPart(tool);
  const { name, description, inputSchema, strict, ...rest } = spec;
  if (typeof name !== "string")
    throw badRequest("A toolSpec must have a name.", "toolConfig.tools.toolSpec.name");
  const parameters = isFields(inputSchema) ? inputSchema["json"] : undefined;
  return { ...functionTool(name, { description, parameters, strict }), ...asOwn(rest) };
}

function decodeChoice(choice: unknown): ToolChoice | undefined {
  if (choice === undefined) return undefined;
  if (isFields(choice)) {
    if (choice["auto"]) return "auto";
    if (choice["any"]) return "required";
    const tool = choice["tool"];
    if (isFields(tool) && typeof tool["name"] === "string") {
      return { type: "function", function: { name: tool["name"] } };
    }
  }
  throw badRequest("toolChoice must hold auto, any, or tool with a name.", "toolConfig.toolChoice");
}

/** What hangs on other parts of the request. */
export interface ToolWishes {
  model: string;
  /** The tool by which the answer comes as JSON. */
  answer: AnswerTool | undefined;
  /** The model reasons: then Claude takes no forced call. */
  thinking: boolean;
  /** The choice stands among the model's own fields instead. */
  choiceElsewhere: boolean;
}

/**
 * The `toolConfig` of a request; undefined for none. A conversation with calls in it is refused without one: then it
 * names the tools that were called.
 */
export function encodeTools(
  request: ChatRequest,
  wishes: ToolWishes,
  context: CodecContext,
): Fields | undefined {
  const calls = calledTools(request);
  const offered = allowedTools(request, context);
  const none = request.tool_choice === "none";
  if (none && calls.length > 0 && offered.length > 0) context.drop("tool_choice");
  const tools =
    none && calls.length === 0 ? [] : offered.flatMap((tool) => encodeTool(tool, wishes, context));
  if (tools.length === 0) tools.push(...calls.map((name) => toolSpec({ name })));
  const { answer } = wishes;
  if (answer)
    tools.push(toolSpec({ name: answer.name, description: answer.description, parameters: answer.schema }));
  if (tools.length === 0) return undefined;
  const choice = wishes.choiceElsewhere ? undefined : encodeChoice(request, tools.length, wishes, context);
  const config: WireToolConfig = {
    tools: tools as unknown as WireTool[],
    ...(choice && { toolChoice: choice }),
  };
  return config;
}

/** The tools that the client allows of those it offers. */
function allowedTools({ tools = [], tool_choice: choice }: ChatRequest, context: CodecContext): ChatTool[] {
  if (typeof choice !== "object" || choice.type !== "allowed_tools") return tools;
  const names = allowedNames(choice);
  const allowed = tools.filter((tool) => tool.type === "function" && names?.has(tool.function.name));
  if (allowed.length === 0) context.drop("tool_choice");
  return allowed.length === 0 ? tools : allowed;
}

function encodeTool(tool: ChatTool, { model }: ToolWishes, context: CodecContext): Fields[] {
  if (tool.type === "extension") {
    if (tool.protocol === protocol) return [tool.value];
    context.drop(`tools.${String(tool.value["type"] ?? tool.protocol)}`);
    return [];
  }
  if (tool.type === "custom") {
    context.drop("tools.custom");
    return [];
  }
  return [toolSpec(tool.function, ownOf(tool)), ...cachePoint(tool.cache_control, { context, model })];
}

interface FunctionSpec {
  name: string;
  description?: string | undefined;
  parameters?: Fields | undefined;
  strict?: boolean | null | undefined;
}

/** An input schema is required, and a description may not be empty. */
function toolSpec({ name, description, parameters, strict }: FunctionSpec, own: Fields = {}): Fields {
  const json = (parameters ?? { type: "object", properties: {} }) as Json;
  const tool: WireTool = {
    toolSpec: {
      name,
      ...(description && { description }),
      inputSchema: { json },
      ...(strict != null && { strict }),
      ...own,
    },
  };
  return tool;
}

/** Names of the tools that were called, in order. */
function calledTools({ messages }: ChatRequest): string[] {
  const names = new Set<string>();
  for (const message of messages) {
    if (message.role !== "assistant") continue;
    for (const call of message.tool_calls ?? []) {
      names.add(call.type === "function" ? call.function.name : call.custom.name);
    }
  }
  return [...names];
}

function encodeChoice(
  request: ChatRequest,
  count: number,
  { model, answer, thinking }: ToolWishes,
  context: CodecContext,
): WireToolConfig["toolChoice"] {
  const choice = request.tool_choice;
  const named = typeof choice === "object" && choice.type === "function" ? choice.function.name : undefined;
  const required =
    choice === "required" ||
    (typeof choice === "object" &&
      choice.type === "allowed_tools" &&
      choice.allowed_tools.mode === "required");
  const forced = answer !== undefined || named !== undefined || required;
  if (forced && thinking && familyOf(model).claude) {
    context.drop(answer ? "response_format" : "tool_choice");
    return { auto: {} };
  }
  if (named !== undefined) return { tool: { name: named } };
  if (answer) {
    const only = count === 1 || choice === "none";
    return only && familyOf(model).schema === "tool" ? { tool: { name: answer.name } } : { any: {} };
  }
  if (required) return { any: {} };
  if (typeof choice === "object" && choice.type === "custom") context.drop("tool_choice");
  return choice === "auto" || typeof choice === "object" ? { auto: {} } : undefined;
}
