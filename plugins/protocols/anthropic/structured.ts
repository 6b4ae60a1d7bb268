import { isFields } from "../../../core/index.ts";
import { wire } from "./fields.ts";
import type { BetaJSONOutputFormat, BetaTool } from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type { ChatRequest, Fields, JsonSchemaFormat, ResponseFormat } from "../../../core/index.ts";
import type { CalledTools } from "./assistant-decode.ts";
import type { ModelFacts } from "./models.ts";

/** The name that a schema gets, which has none here. */
const schemaName = "response";

export function decodeFormat(format: unknown): ResponseFormat | undefined {
  if (!isFields(format) || format["type"] !== "json_schema" || !isFields(format["schema"])) return undefined;
  return { type: "json_schema", json_schema: { name: schemaName, schema: format["schema"], strict: true } };
}

function schemaOf({ response_format: format }: ChatRequest): JsonSchemaFormat | undefined {
  return format?.type === "json_schema" ? format.json_schema : undefined;
}

/** The format of the answer, where the model can be held to one. */
export function encodeFormat(request: ChatRequest, facts: ModelFacts): Fields | undefined {
  const format = schemaOf(request);
  if (!format || !facts.structured) return undefined;
  return wire<BetaJSONOutputFormat>({ type: "json_schema", schema: closed(format.schema ?? {}) as Fields });
}

/**
 * On other models a tool is called in the answer's place, and its input is the answer. Undefined where there is no
 * need of it.
 */
export function answerTool(
  request: ChatRequest,
  facts: ModelFacts,
): { name: string; tool: Fields } | undefined {
  const format = schemaOf(request);
  if (!format || facts.structured) return undefined;
  const taken = new Set(
    request.tools?.map((tool) => (tool.type === "function" ? tool.function.name : undefined)),
  );
  let name = format.name.replace(/[^\w-]/g, "_").slice(0, 60) || schemaName;
  while (taken.has(name)) name += "_";
  const description = format.description ?? "Gives the answer. Call it once, with the whole answer.";
  const input_schema = { type: "object" as const, ...format.schema };
  return { name, tool: wire<BetaTool>({ name, description, input_schema }) };
}

/** What the calls of an answer to a request mean. */
export function calledTools(request: ChatRequest, facts: ModelFacts): CalledTools {
  const custom = new Set<string>();
  for (const tool of request.tools ?? []) if (tool.type === "custom") custom.add(tool.custom.name);
  return { custom, answer: answerTool(request, facts)?.name };
}

/** Free JSON cannot be held to; the model is told. */
export function jsonInstruction({ response_format: format }: ChatRequest): string | undefined {
  return format?.type === "json_object" ? "Answer with one JSON object and nothing else." : undefined;
}

/** Keywords that the service refuses. Source: Anthropic's documentation of structured outputs, JSON Schema limitations. */
const refused = new Set([
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
  "patternProperties",
]);

/** Members of a schema that hold schemas by name, which are no keywords. */
const byName = new Set(["properties", "$defs", "definitions"]);

/** A schema as the service takes it: every object closed; a keyword that it refuses becomes part of the description. */
function closed(schema: unknown, named = false): unknown {
  if (Array.isArray(schema)) return schema.map((one) => closed(one));
  if (!isFields(schema)) return schema;
  const result: Fields = {};
  const told: string[] = [];
  for (const [name, value] of Object.entries(schema)) {
    const tooMany = name === "minItems" && typeof value === "number" && value > 1;
    if (!named && (refused.has(name) || tooMany)) told.push(`${name}: ${JSON.stringify(value)}`);
    else if (!named && (name === "enum" || name === "const" || name === "default")) result[name] = value;
    else result[name] = closed(value, !named && byName.has(name));
  }
  if (named) return result;
  if (result["type"] === "object") result["additionalProperties"] = false;
  if (told.length > 0) {
    const before = result["description"];
    result["description"] = [...(typeof before === "string" ? [before] : []), `{${told.join(", ")}}`].join(
      " ",
    );
  }
  return result;
}
