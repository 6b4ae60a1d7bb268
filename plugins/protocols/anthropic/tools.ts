import { allowedNames, badRequest, functionTool, isFields } from "../../../core/index.ts";
import { cacheMark } from "./blocks-decode.ts";
import { cacheMarkOf, listed } from "./blocks-encode.ts";
import { ownOf, protocolName, restOf, textIn, wire } from "./fields.ts";
import { answerTool } from "./structured.ts";
import type {
  BetaTool,
  BetaToolChoice,
  BetaWebSearchTool20250305,
} from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type { ChatRequest, ChatTool, CodecContext, Fields, ToolChoice } from "../../../core/index.ts";
import type { ModelFacts } from "./models.ts";

const toolMembers = new Set(["name", "description", "input_schema", "strict", "cache_control"]);

/** Tools that Anthropic knows or runs itself have a type of their own; all others are functions. */
export function decodeTools(tools: unknown): ChatTool[] | undefined {
  if (tools === undefined || tools === null) return undefined;
  if (!Array.isArray(tools)) throw badRequest("tools: Input should be a valid list", "tools");
  return tools.map((tool, i) => decodeTool(tool, `tools.${i}`));
}

function decodeTool(tool: unknown, place: string): ChatTool {
  if (!isFields(tool)) throw badRequest(`${place}: Input should be an object`, place);
  const { type, name, description, input_schema: parameters, strict } = tool;
  const isFunction = type === undefined || type === null || type === "custom";
  if (!isFunction) return { type: "extension", protocol: protocolName, value: tool };
  if (typeof name !== "string") throw badRequest(`${place}.name: Field required`, `${place}.name`);
  return {
    ...functionTool(name, { description, parameters, strict }),
    ...cacheMark(tool),
    ...restOf(tool, toolMembers),
  };
}

export function decodeToolChoice(choice: unknown): Pick<ChatRequest, "tool_choice" | "parallel_tool_calls"> {
  if (choice === undefined || choice === null) return {};
  if (!isFields(choice)) throw badRequest("tool_choice: Input should be an object", "tool_choice");
  const { disable_parallel_tool_use: single } = choice;
  return {
    tool_choice: readChoice(choice),
    ...(typeof single === "boolean" && { parallel_tool_calls: !single }),
  };
}

function readChoice(choice: Fields): ToolChoice {
  const { type, name } = choice;
  if (type === "auto" || type === "none") return type;
  if (type === "any") return "required";
  if (type === "tool" && typeof name === "string") return { type: "function", function: { name } };
  throw badRequest("tool_choice: Input should be 'auto', 'any', 'tool' or 'none'", "tool_choice");
}

export interface WrittenTools {
  tools?: Fields[];
  tool_choice?: Fields;
  /** A tool has to be called: no thinking goes before it. */
  forced: boolean;
}

/** The tools for an upstream, and how they are to be used. */
export function encodeTools(
  request: ChatRequest,
  facts: ModelFacts,
  turns: readonly Fields[],
  context: CodecContext,
): WrittenTools {
  const answer = answerTool(request, facts);
  const tools = wantedTools(request).flatMap((tool) => listed(encodeTool(tool, facts, context)));
  if (request.web_search_options) tools.push(webSearch(request.web_search_options));
  const others = tools.length > 0;
  if (answer) tools.push(answer.tool);
  if (tools.length === 0) return withoutTools(turns);
  const choice = chosen(request, answer?.name, others);
  const forced = choice?.type === "any" || choice?.type === "tool";
  if (!forced || facts.forcedTools) return { tools, forced, ...(choice && { tool_choice: wire(choice) }) };
  // Newer models take no such order: they are left the choice.
  context.drop("tool_choice");
  return { tools, forced: false };
}

/** Calls in the conversation are refused where no tools are given: then those that were called are. */
function withoutTools(turns: readonly Fields[]): WrittenTools {
  const names = new Set<string>();
  for (const { content } of turns) {
    if (!Array.isArray(content)) continue;
    for (const block of content as Fields[]) {
      if (block["type"] === "tool_use") names.add(textIn(block, "name"));
    }
  }
  if (names.size === 0) return { forced: false };
  const tools = [...names].map((name) => wire<BetaTool>({ name, input_schema: { type: "object" } }));
  return { tools, tool_choice: wire<BetaToolChoice>({ type: "none" }), forced: false };
}

/** All tools, or those that `allowed_tools` names. */
function wantedTools({ tools = [], tool_choice: choice }: ChatRequest): ChatTool[] {
  if (typeof choice !== "object" || choice.type !== "allowed_tools") return tools;
  const allowed = allowedNames(choice);
  return tools.filter((tool) => tool.type !== "extension" && allowed?.has(nameOf(tool)));
}

function nameOf(tool: Exclude<ChatTool, { type: "extension" }>): string {
  return tool.type === "function" ? tool.function.name : tool.custom.name;
}

const emptySchema: BetaTool["input_schema"] = { type: "object", properties: {} };

/** The one member that the input of a tool has whose input is text. */
const textSchema: BetaTool["input_schema"] = {
  type: "object",
  properties: { input: { type: "string" } },
  required: ["input"],
  additionalProperties: false,
};

function encodeTool(tool: ChatTool, facts: ModelFacts, context: CodecContext): Fields | undefined {
  if (tool.type === "extension") {
    if (tool.protocol === protocolName) return tool.value;
    context.drop(`tools.${tool.protocol}`);
    return undefined;
  }
  const about =
    tool.type === "function" ? encodeFunction(tool.function, facts) : encodeCustom(tool.custom, context);
  return { ...wire<BetaTool>({ ...about, ...cacheMarkOf(tool) }), ...ownOf(tool) };
}

type FunctionFacts = Extract<ChatTool, { type: "function" }>["function"];

function encodeFunction(
  { name, description, parameters, strict }: FunctionFacts,
  facts: ModelFacts,
): BetaTool {
  const given = parameters && Object.keys(parameters).length > 0;
  return {
    name,
    ...(description !== undefined && { description }),
    input_schema: given ? { type: "object", ...parameters } : emptySchema,
    ...(typeof strict === "boolean" && (facts.structured || facts.unsigned) && { strict }),
  };
}

type CustomFacts = Extract<ChatTool, { type: "custom" }>["custom"];

function encodeCustom({ name, description, format }: CustomFacts, context: CodecContext): BetaTool {
  if (isFields(format) && format["type"] !== "text") context.drop("tools.custom.format");
  return { name, ...(description !== undefined && { description }), input_schema: textSchema };
}

/** The choice as Anthropic has it; undefined for what it does anyway. */
function chosen(
  request: ChatRequest,
  answer: string | undefined,
  others: boolean,
): BetaToolChoice | undefined {
  const choice = choiceOf(request.tool_choice, answer, others);
  const parallel = request.parallel_tool_calls;
  if (choice?.type === "none" || typeof parallel !== "boolean") return choice;
  if (parallel && !choice) return undefined;
  return { ...(choice ?? { type: "auto" }), disable_parallel_tool_use: !parallel };
}

function choiceOf(
  choice: ToolChoice | undefined,
  answer: string | undefined,
  others: boolean,
): BetaToolChoice | undefined {
  if (typeof choice === "object" && choice?.type === "function") {
    return { type: "tool", name: choice.function.name };
  }
  if (typeof choice === "object" && choice?.type === "custom")
    return { type: "tool", name: choice.custom.name };
  if (answer !== undefined) {
    return others && choice !== "none" ? { type: "any" } : { type: "tool", name: answer };
  }
  const word = typeof choice === "object" ? choice?.allowed_tools.mode : choice;
  if (word === "required") return { type: "any" };
  return word === "auto" || word === "none" ? { type: word } : undefined;
}

/** OpenAI's search of the web, as the tool that searches here. */
function webSearch(options: Fields): Fields {
  const { user_location: location } = options;
  const place = isFields(location) && isFields(location["approximate"]) ? location["approximate"] : undefined;
  return wire<BetaWebSearchTool20250305>({
    type: "web_search_20250305",
    name: "web_search",
    ...(place && { user_location: { type: "approximate", ...place } }),
  });
}
