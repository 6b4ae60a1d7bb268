import { allowedName, isFields } from "../../../core/index.ts";
import type { ChatRequest, ChatTool, CodecContext, Fields, ToolChoice } from "../../../core/index.ts";
import { ownOf } from "./fields.ts";
import { encodeSchema } from "./schema-encode.ts";
import { usualLayout } from "./tools-decode.ts";
import type { FunctionDeclaration, ToolConfig } from "./wire.ts";

/** `tools` for a neutral request; empty for none. */
export function encodeTools(request: ChatRequest, context: CodecContext): Fields[] {
  const tools = (request.tools ?? []).filter((tool) => {
    const known = tool.type !== "extension" || tool.protocol === "gemini";
    if (!known) context.drop(`tools.${tool.protocol}`);
    return known;
  });
  const given = ownOf(request)?.["toolLayout"] as number[] | undefined;
  const fits = given?.reduce((sum, count) => sum + count, 0) === tools.length;
  const left = [...tools];
  const written = (given && fits ? given : usualLayout(tools)).map((count) =>
    toolOf(left.splice(0, count), context),
  );
  if (request.web_search_options && !written.some((tool) => "googleSearch" in tool)) {
    for (const _ in request.web_search_options) context.drop("web_search_options");
    written.push({ googleSearch: {} });
  }
  return written;
}

function toolOf(tools: readonly ChatTool[], context: CodecContext): Fields {
  const functionDeclarations: Fields[] = [];
  let own: Fields = {};
  for (const tool of tools) {
    if (tool.type === "extension") own = { ...own, ...tool.value };
    else functionDeclarations.push(declarationOf(tool, context));
  }
  return { ...(functionDeclarations.length > 0 && { functionDeclarations }), ...own };
}

function declarationOf(tool: Exclude<ChatTool, { type: "extension" }>, context: CodecContext): Fields {
  if (tool.type === "custom") {
    const { name, description, format } = tool.custom;
    if (format) context.drop("tools.custom.format");
    // A free text is an argument like any other.
    const parameters = { type: "object", properties: { input: { type: "string" } }, required: ["input"] };
    return declaration(name, description, parametersOf(parameters, context));
  }
  const { name, description, parameters, strict } = tool.function;
  if (strict) context.drop("tools.function.strict");
  return declaration(name, description, ownOf(tool) ?? parametersOf(parameters, context));
}

function declaration(name: string, description: string | undefined, more: Fields): FunctionDeclaration {
  return { name, ...(description !== undefined && { description }), ...more };
}

/** A function's parameters under the name that can say them; nothing for none, which an empty schema would be refused for. */
function parametersOf(parameters: Fields | undefined, context: CodecContext): Fields {
  const { properties, ...rest } = parameters ?? {};
  const none = isFields(properties) ? Object.keys(properties).length === 0 : properties === undefined;
  if (!parameters || (none && !hasShape(rest))) return {};
  const { schema, jsonSchema } = encodeSchema(parameters, context.model);
  return schema ? { parameters: schema } : { parametersJsonSchema: jsonSchema };
}

/** Whether a schema without properties says anything of an object. */
function hasShape(schema: Fields): boolean {
  return (
    ["$ref", "anyOf", "oneOf", "allOf"].some((name) => name in schema) || !!schema["additionalProperties"]
  );
}

/** `toolConfig` for a neutral request; undefined for none. */
export function encodeToolConfig(request: ChatRequest, context: CodecContext): ToolConfig | undefined {
  const own = ownOf(request)?.["toolConfig"];
  const { functionCallingConfig: ownCalling, ...rest } = isFields(own) ? own : {};
  const chosen = request.tool_choice ? callingOf(request.tool_choice, context) : undefined;
  if (!own && !chosen) return undefined;
  const calling = { ...chosen, ...(isFields(ownCalling) ? ownCalling : {}) };
  return { ...rest, ...(chosen || ownCalling ? { functionCallingConfig: calling } : {}) };
}

function callingOf(choice: ToolChoice, context: CodecContext): ToolConfig["functionCallingConfig"] {
  if (choice === "none") return { mode: "NONE" };
  if (choice === "auto") return { mode: "AUTO" };
  if (choice === "required") return { mode: "ANY" };
  if (choice.type === "function") return { mode: "ANY", allowedFunctionNames: [choice.function.name] };
  if (choice.type === "custom") return { mode: "ANY", allowedFunctionNames: [choice.custom.name] };
  const { mode, tools } = choice.allowed_tools;
  const allowedFunctionNames = tools.flatMap((tool) => {
    const name = allowedName(tool);
    if (typeof name === "string") return [name];
    context.drop("tool_choice.allowed_tools");
    return [];
  });
  return { mode: mode === "required" ? "ANY" : "VALIDATED", allowedFunctionNames };
}
