/**
 * The keywords of JSON Schema that the service knows, and in which of its two ways of saying a schema: as `parameters` and
 * `responseSchema` (a part of OpenAPI's, all models), or as `parametersJsonSchema` and `responseJsonSchema`.
 * Source: Gemini API reference, `Schema` and `GenerationConfig.responseJsonSchema`; November 2026.
 */
export const keywords: Readonly<Record<string, "both" | "openapi" | "json">> = {
  type: "both",
  format: "both",
  title: "both",
  description: "both",
  enum: "both",
  items: "both",
  minItems: "both",
  maxItems: "both",
  minimum: "both",
  maximum: "both",
  anyOf: "both",
  properties: "both",
  required: "both",
  propertyOrdering: "both",
  nullable: "openapi",
  default: "openapi",
  example: "openapi",
  pattern: "openapi",
  minLength: "openapi",
  maxLength: "openapi",
  minProperties: "openapi",
  maxProperties: "openapi",
  $id: "json",
  $defs: "json",
  $ref: "json",
  $anchor: "json",
  prefixItems: "json",
  oneOf: "json",
  additionalProperties: "json",
};

/** Formats that OpenAPI's way takes, by type. Source: Gemini API reference, `Schema.format`. */
export const formats: Readonly<Record<string, readonly string[]>> = {
  STRING: ["enum", "date-time"],
  NUMBER: ["float", "double"],
  INTEGER: ["int32", "int64"],
};

/** Keywords whose value is a number, and text in OpenAPI's way: its integers have 64 bits. */
export const counts: ReadonlySet<string> = new Set([
  "minItems",
  "maxItems",
  "minLength",
  "maxLength",
  "minProperties",
  "maxProperties",
]);
