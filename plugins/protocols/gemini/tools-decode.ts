import { badRequest, isFields } from "../../../core/index.ts";
import type { ChatRequest, ChatTool, Fields, FunctionTool, ToolChoice } from "../../../core/index.ts";
import { asOwn, camel, isText, object, objects } from "./fields.ts";
import { fromSchema } from "./schema-decode.ts";

/**
 * Reads `tools`: functions, and what the service runs itself as tools of this protocol alone. `own` gets how many of
 * them stood together, where that is not as usual.
 */
export function decodeTools(given: unknown, own: Fields): Pick<ChatRequest, "tools"> {
  const tools: ChatTool[] = [];
  const layout: number[] = [];
  for (const { functionDeclarations, ...rest } of objects(given, "tools")) {
    const read: ChatTool[] = objects(functionDeclarations, "functionDeclarations").map(decodeFunction);
    for (const _ in rest) {
      read.push({ type: "extension", protocol: "gemini", value: rest });
      break;
    }
    if (read.length > 0) layout.push(read.length);
    tools.push(...read);
  }
  if (tools.length === 0) return {};
  const usual = usualLayout(tools);
  if (layout.length !== usual.length || layout.some((count, i) => count !== usual[i]))
    own["toolLayout"] = layout;
  return { tools };
}

/** How many tools stand together: neighbouring functions, every other one alone. */
export function usualLayout(tools: readonly ChatTool[]): number[] {
  const layout: number[] = [];
  for (const [i, { type }] of tools.entries()) {
    const before = tools[i - 1];
    if (before && before.type !== "extension" && type !== "extension") layout.push((layout.pop() ?? 0) + 1);
    else layout.push(1);
  }
  return layout;
}

function decodeFunction({ name, description, ...own }: Fields): FunctionTool {
  if (!isText(name)) throw badRequest("tools: a function needs a name", "tools");
  const { parameters, parametersJsonSchema } = own;
  const schema = isFields(parametersJsonSchema)
    ? parametersJsonSchema
    : isFields(parameters)
      ? fromSchema(parameters)
      : undefined;
  return {
    type: "function",
    function: { name, ...(isText(description) && { description }), ...(schema && { parameters: schema }) },
    ...asOwn(own),
  };
}

/** Reads `toolConfig`; `own` gets what a tool choice cannot say. */
export function decodeToolConfig(given: unknown, own: Fields): Pick<ChatRequest, "tool_choice"> {
  if (given === undefined || given === null) return {};
  const { functionCallingConfig, ...rest } = object(given, "toolConfig");
  const calling = isFields(functionCallingConfig) ? camel(functionCallingConfig) : {};
  const { mode, allowedFunctionNames, ...more } = calling;
  const names = Array.isArray(allowedFunctionNames) ? allowedFunctionNames.filter(isText) : [];
  const choice = isText(mode) ? choiceOf(mode.toUpperCase(), names) : undefined;
  const kept = { ...rest, ...(Object.keys(more).length > 0 && { functionCallingConfig: more }) };
  if (!choice?.exact) own["toolConfig"] = { ...rest, functionCallingConfig: calling };
  else if (Object.keys(kept).length > 0) own["toolConfig"] = kept;
  return choice ? { tool_choice: choice.choice } : {};
}

interface Choice {
  choice: ToolChoice;
  /** The choice says all that the mode does. */
  exact: boolean;
}

function choiceOf(mode: string, names: readonly string[]): Choice | undefined {
  if (mode === "NONE") return { choice: "none", exact: names.length === 0 };
  if (mode === "AUTO") return { choice: "auto", exact: names.length === 0 };
  if (mode !== "ANY" && mode !== "VALIDATED") return undefined;
  const [only] = names;
  if (only === undefined) {
    return mode === "ANY" ? { choice: "required", exact: true } : { choice: "auto", exact: false };
  }
  if (mode === "ANY" && names.length === 1) {
    return { choice: { type: "function", function: { name: only } }, exact: true };
  }
  const tools = names.map((name) => ({ type: "function", function: { name } }));
  const allowed = { mode: mode === "ANY" ? ("required" as const) : ("auto" as const), tools };
  return { choice: { type: "allowed_tools", allowed_tools: allowed }, exact: true };
}
