import { isFields } from "./fields.ts";
import type { FunctionTool, ToolChoice } from "./chat.ts";
import type { Fields } from "./fields.ts";

/** A function tool of what a client wrote; what is not of its type is left out. */
export function functionTool(name: string, { description, parameters, strict }: Fields): FunctionTool {
  return {
    type: "function",
    function: {
      name,
      ...(typeof description === "string" && { description }),
      ...(isFields(parameters) && { parameters }),
      ...(typeof strict === "boolean" && { strict }),
    },
  };
}

/** The name in an entry of `allowed_tools`: `{ type: "function", function: { name } }`, or with the name itself. */
export function allowedName(entry: Fields): unknown {
  const named = entry["function"] ?? entry["custom"] ?? entry;
  return isFields(named) ? named["name"] : entry["name"];
}

/** The names that a choice of one function, or of some tools, leaves; undefined for any other choice. */
export function allowedNames(choice: ToolChoice | undefined): ReadonlySet<unknown> | undefined {
  if (typeof choice !== "object") return undefined;
  if (choice.type === "function") return new Set([choice.function.name]);
  return choice.type === "allowed_tools" ? new Set(choice.allowed_tools.tools.map(allowedName)) : undefined;
}
