import { badRequest, fieldsAt, functionTool, isFields, listAt, textAt } from "../../../core/index.ts";
import type { ChatRequest, ChatTool, CodecContext, Fields, ToolChoice } from "../../../core/index.ts";
import { asOwn, ours, ownOf } from "./own.ts";
import { flatten, grouped } from "./namespaces.ts";

/** The tools of a request; those that OpenAI runs itself are kept as they are. */
export function decodeTools(tools: unknown): ChatTool[] {
  return listAt(tools, "tools").flatMap((value, at) => {
    const param = `tools[${at}]`;
    const tool = fieldsAt(value, param);
    return tool["type"] === "namespace" ? decodeNamespace(tool, param) : [decodeTool(tool, param)];
  });
}

/** Other protocols have no namespaces: their tools stand beside the others. */
function decodeNamespace({ tools, ...about }: Fields, param: string): ChatTool[] {
  textAt(about["name"], `${param}.name`);
  return listAt(tools, `${param}.tools`).map((value, at) => {
    const place = `${param}.tools[${at}]`;
    return flatten(decodeTool(fieldsAt(value, place), place), about);
  });
}

function decodeTool(tool: Fields, param: string): ChatTool {
  const { type, ...members } = tool;
  if (type === "function") return decodeFunction(members, param);
  if (type === "custom") {
    const { name, description, format, ...rest } = members;
    return {
      type: "custom",
      custom: {
        name: textAt(name, `${param}.name`),
        ...(typeof description === "string" && { description }),
        ...(format !== undefined && { format: nestGrammar(format) }),
      },
      ...asOwn(rest),
    };
  }
  if (typeof type === "string") return { type: "extension", protocol: ours, value: tool };
  throw badRequest(`${param}.type must be a string.`, `${param}.type`);
}

function decodeFunction(members: Fields, param: string): ChatTool {
  const { name, description, parameters, strict, ...rest } = members;
  if (typeof name !== "string" || name === "")
    throw badRequest(`${param}.name must be a name.`, `${param}.name`);
  if (description === null) rest["description"] = null;
  if (parameters === undefined) rest["parameters"] = "none";
  const tool = functionTool(name, { description, parameters, strict });
  if (strict === null) tool.function.strict = null;
  return { ...tool, ...asOwn(rest) };
}

/** Chat Completions tells a grammar one level deeper. */
function nestGrammar(format: unknown): unknown {
  if (!isFields(format) || format["type"] !== "grammar") return format;
  const { type, ...grammar } = format;
  return { type, grammar };
}

function flattenGrammar(format: unknown): unknown {
  if (!isFields(format) || format["type"] !== "grammar" || !isFields(format["grammar"])) return format;
  return { type: "grammar", ...format["grammar"] };
}

/** A request's tools as this protocol writes them; undefined for none. */
export function encodeTools(request: ChatRequest, context: CodecContext): Fields[] | undefined {
  const isOwn = ownOf(request) !== undefined;
  const each = (request.tools ?? []).flatMap<Fields>((tool) => encodeTool(tool, isOwn, context) ?? []);
  const tools = grouped(each);
  const search = request.web_search_options;
  if (search) tools.push(encodeSearch(search));
  return tools.length > 0 || (isOwn && request.tools) ? tools : undefined;
}

function encodeTool(tool: ChatTool, isOwn: boolean, context: CodecContext): Fields | undefined {
  if (tool.type === "extension") {
    if (tool.protocol === ours) return tool.value;
    context.drop("tools");
    return undefined;
  }
  if (tool.type === "custom") {
    const { format, ...custom } = tool.custom;
    return {
      type: "custom",
      ...custom,
      ...(format !== undefined && { format: flattenGrammar(format) }),
      ...ownOf(tool),
    };
  }
  const { parameters = null, strict, ...about } = tool.function;
  const { parameters: none, ...own } = ownOf(tool) ?? {};
  // Here a function is strict unless it says otherwise; in Chat Completions and elsewhere it is not.
  const strictness = strict === undefined && isOwn ? {} : { strict: strict ?? (isOwn ? null : false) };
  return { type: "function", ...about, ...(none === undefined && { parameters }), ...strictness, ...own };
}

/** Chat Completions' option of models that search the web is a tool here. */
function encodeSearch({ search_context_size, user_location }: Fields): Fields {
  const place = isFields(user_location) ? user_location["approximate"] : undefined;
  return {
    type: "web_search",
    ...(search_context_size !== undefined && { search_context_size }),
    ...(isFields(place) && { user_location: { type: "approximate", ...place } }),
  };
}

/** Which tool is to be called; undefined for a tool that only OpenAI has. */
export function decodeToolChoice(choice: unknown): ToolChoice | undefined {
  if (choice === "none" || choice === "auto" || choice === "required") return choice;
  if (!isFields(choice))
    throw badRequest("tool_choice must be none, auto, required or an object.", "tool_choice");
  const { type, name, mode, tools } = choice;
  if (type === "function") return { type, function: { name: textAt(name, "tool_choice.name") } };
  if (type === "custom") return { type, custom: { name: textAt(name, "tool_choice.name") } };
  if (type !== "allowed_tools") return undefined;
  const allowed = listAt(tools, "tool_choice.tools").map((tool) =>
    nestName(fieldsAt(tool, "tool_choice.tools")),
  );
  return { type, allowed_tools: { mode: mode === "required" ? "required" : "auto", tools: allowed } };
}

function nestName(tool: Fields): Fields {
  const { type, ...rest } = tool;
  return type === "function" || type === "custom" ? { type, [type]: rest } : tool;
}

function flattenName(tool: Fields): Fields {
  const { type } = tool;
  const named = type === "function" || type === "custom" ? tool[type] : undefined;
  return isFields(named) ? { type, ...named } : tool;
}

export function encodeToolChoice(choice: ToolChoice): unknown {
  if (typeof choice === "string") return choice;
  if (choice.type === "function") return { type: "function", name: choice.function.name };
  if (choice.type === "custom") return { type: "custom", name: choice.custom.name };
  const { mode, tools } = choice.allowed_tools;
  return { type: "allowed_tools", mode, tools: tools.map(flattenName) };
}
