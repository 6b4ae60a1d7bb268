import { badRequest, isFields } from "../../../core/index.ts";
import type { ChatRequest, ChatTool, Fields, ToolChoice } from "../../../core/index.ts";

/** The name under which this protocol's extensions stand. */
export const protocolName = "openai-chat";

/** The deprecated `functions` as tools. The first is marked, so that the answer is given in the same old shape. */
export function readFunctions(functions: unknown): ChatTool[] {
  if (!Array.isArray(functions)) throw badRequest("functions must be a list.", "functions");
  return functions.map((one, index) => {
    if (!isFields(one) || typeof one["name"] !== "string") {
      throw badRequest(`functions[${index}] must have a name.`, `functions[${index}]`);
    }
    const tool = { type: "function" as const, function: { ...one, name: one["name"] } };
    return index > 0 ? tool : { ...tool, extensions: { [protocolName]: { functions: true } } };
  });
}

/** The deprecated `function_call`: `none`, `auto` or a name. */
export function readFunctionChoice(choice: unknown): ToolChoice {
  if (choice === "none" || choice === "auto") return choice;
  if (isFields(choice) && typeof choice["name"] === "string") {
    return { type: "function", function: { name: choice["name"] } };
  }
  throw badRequest("function_call must be none, auto or an object with a name.", "function_call");
}

/** Whether the client asked with `functions`, and knows no `tool_calls`. */
export function wantsFunctionCall({ tools }: ChatRequest): boolean {
  const first: Fields | undefined = tools?.[0] as Fields | undefined;
  const extensions = first?.["extensions"];
  const own = isFields(extensions) ? extensions[protocolName] : undefined;
  return isFields(own) && own["functions"] === true;
}
