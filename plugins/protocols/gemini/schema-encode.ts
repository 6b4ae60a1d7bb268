import type { Fields } from "../../../core/index.ts";
import { toJsonSchema } from "./schema-json.ts";
import { toOpenAPI } from "./schema-openapi.ts";
import { bareModel } from "./thinking.ts";

export interface EncodedSchema {
  /** In OpenAPI's way: every model takes it. */
  schema?: Fields;
  /** As JSON Schema, where OpenAPI's way would lose something that the model takes in this one. */
  jsonSchema?: Fields;
}

/** Models that take no JSON Schema. Source: Gemini API documentation, "Structured outputs", model support. */
const olderModels = /^gemini-(?:1\.|2\.0|pro$|pro-vision)/;

/** Writes a JSON Schema in the way that says most of it to a model. */
export function encodeSchema(given: Fields, model: string): EncodedSchema {
  const { schema, lossy } = toOpenAPI(given);
  if (!lossy || olderModels.test(bareModel(model))) return { schema };
  return { jsonSchema: toJsonSchema(given) };
}
