import type { ChatRequest, Fields } from "../../../core/index.ts";
import { familyOf } from "./families.ts";
import { ownOf } from "./own.ts";

/** The tool by which a model is made to answer in JSON where it knows no other way. */
export interface AnswerTool {
  name: string;
  schema: Fields;
  description: string;
}

/** What an answer's schema is written as: a field of Converse, a tool, or nothing. */
export type SchemaWay = { way: "native" } | { way: "tool"; tool: AnswerTool } | { way: "none" };

/** How a request's wish for JSON is written for a model; undefined where it has none. The answer is read by the same. */
export function schemaWay(request: ChatRequest, model: string): SchemaWay | undefined {
  const format = request.response_format;
  if (!format || format.type === "text") return undefined;
  // Without a schema there is nothing to hold a model to; its prompt asks for JSON as well.
  if (format.type === "json_object") return { way: "none" };
  // A client of Converse wrote it itself.
  if (ownOf(request)?.["outputConfig"] !== undefined) return { way: "native" };
  const { schema: way } = familyOf(model);
  if (way === "native" || way === "none") return { way };
  const { schema, description } = format.json_schema;
  return {
    way: "tool",
    tool: {
      name: freeName(request),
      schema: schema ?? { type: "object" },
      description: description || "Gives the answer. Call it with all of the answer.",
    },
  };
}

function freeName(request: ChatRequest): string {
  const taken = new Set(
    (request.tools ?? []).map((tool) => (tool.type === "function" ? tool.function.name : "")),
  );
  let free = "json_answer";
  while (taken.has(free)) free += "_";
  return free;
}

/** The name of the tool whose input is the answer; undefined where the answer is text. */
export function answerToolName(request: ChatRequest, model: string): string | undefined {
  const way = schemaWay(request, model);
  return way?.way === "tool" ? way.tool.name : undefined;
}
