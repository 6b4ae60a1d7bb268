import { toJsonSchema } from "@valibot/to-json-schema";
import type { ConversionConfig, JsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import type { GenericSchema } from "valibot";
import { duration, size } from "../core/duration.ts";
import { configSchema } from "./schema.ts";
import type { Registry } from "./session.ts";

type Inner = JsonSchema | boolean;

/** Named once, as they stand in many places. A variable may stand wherever its value may. */
const shared: Record<string, JsonSchema> = {
  variable: { type: "string", pattern: "\\$\\{.+\\}" },
  duration: withUnits("(?:ms|s|m|min|h|d)"),
  size: withUnits("[kKmMgG]?[iI]?[bB]"),
};

const noOptions: JsonSchema = { type: "object", additionalProperties: false };
const onOrOff: JsonSchema = { type: ["boolean", "null"], description: "false takes the plugin out." };

/**
 * The JSON Schema (draft-07) of configuration files, with the options of the plugins. Development only: the
 * converter is not needed to run a gateway.
 */
export async function buildJSONSchema(
  plugins: Registry["plugins"],
  providers: Registry["providers"] = {},
): Promise<JsonSchema> {
  const names = Object.keys(plugins).sort();
  const definitions = { ...shared };
  for (const name of names) {
    const schema = (await plugins[name]?.())?.default.options;
    definitions[definitionName(name)] = { anyOf: [schema ? convert(schema) : noOptions, onOrOff] };
  }
  // Without what only its `plugins` refer to, which are put in anew.
  const { $defs: _, ...schema } = convert(configSchema);
  const properties = schema.properties ?? {};
  properties.plugins = { ...describe(properties.plugins), ...pluginsSchema(names) };
  const upstream = (properties.upstreams as JsonSchema).items as JsonSchema;
  if (upstream.properties) {
    upstream.properties.provider = {
      ...describe(upstream.properties.provider),
      ...providerSchema(names, providers),
    };
  }
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Configuration of Sluice",
    ...schema,
    definitions,
  };
}

function definitionName(plugin: string): string {
  // A slash in a reference would be read as one more step.
  return `plugin-${plugin.replaceAll("/", "-")}`;
}

function pluginsSchema(names: readonly string[]): JsonSchema {
  const map: JsonSchema = {
    type: "object",
    properties: Object.fromEntries(names.map((name) => [name, reference(definitionName(name))])),
  };
  const entry: JsonSchema = {
    anyOf: [{ enum: [...names] }, { type: "string" }, { ...map, minProperties: 1, maxProperties: 1 }],
  };
  return { anyOf: [{ type: "array", items: entry }, map] };
}

function providerSchema(names: readonly string[], others: Registry["providers"]): JsonSchema {
  const own = names
    .filter((name) => name.startsWith("providers/"))
    .map((name) => name.slice("providers/".length));
  const all = [...new Set([...own, ...Object.keys(others)])].sort();
  return { anyOf: [{ enum: all }, { type: "string", minLength: 1 }] };
}

function convert(schema: GenericSchema): JsonSchema {
  const { $schema: _, ...converted } = toJsonSchema(schema, {
    typeMode: "input",
    errorMode: "ignore",
    overrideSchema,
  });
  return allowVariables(converted);
}

/** What the converter does not see: units, and descriptions behind a transformation. */
const overrideSchema: NonNullable<ConversionConfig["overrideSchema"]> = ({ valibotSchema, jsonSchema }) => {
  const text = descriptionOf(valibotSchema) ?? jsonSchema.description;
  const description = text ? { description: text } : {};
  const inner = innermost(valibotSchema);
  // Beside a $ref of its own, draft-07 reads nothing.
  if (inner === duration) return { ...description, allOf: [reference("duration")] };
  if (inner === size) return { ...description, allOf: [reference("size")] };
  // A plain object is strict for the loader too.
  const strict = (valibotSchema as { type: string }).type === "object" ? { additionalProperties: false } : {};
  return { ...jsonSchema, ...strict, ...description };
};

/** valibot's own search for a description ends at `optional`. */
function descriptionOf(schema: unknown): string | undefined {
  const { wrapped } = schema as { wrapped?: unknown };
  return v.getDescription(schema as GenericSchema) ?? (wrapped ? descriptionOf(wrapped) : undefined);
}

/** The schema that nested pipes and `optional`s begin with. */
function innermost(schema: unknown): unknown {
  if (schema === duration || schema === size) return schema;
  const { pipe, wrapped } = schema as { pipe?: readonly unknown[]; wrapped?: unknown };
  if (wrapped) return innermost(wrapped);
  return pipe && pipe[0] !== schema ? innermost(pipe[0]) : schema;
}

function withUnits(units: string): JsonSchema {
  const text: JsonSchema = { type: "string", pattern: `^\\s*\\d+(?:\\.\\d+)?\\s*${units}\\s*$` };
  return { anyOf: [{ type: "number", minimum: 0 }, text, reference("variable")] };
}

function reference(name: string): JsonSchema {
  return { $ref: `#/definitions/${name}` };
}

/** Lets variables stand for numbers, choices and texts of a certain form. */
function allowVariables(schema: JsonSchema): JsonSchema {
  const inside = mapSchemas(schema, allowVariables);
  const { description, ...rest } = inside;
  const narrow = ["number", "integer", "boolean"].includes(String(rest.type)) || rest.enum || rest.pattern;
  if (narrow) return { ...(description && { description }), anyOf: [rest, reference("variable")] };
  if (inside.anyOf) inside.anyOf = flatten(inside.anyOf);
  return inside;
}

/** Alternatives of alternatives as one list, each once. */
function flatten(options: readonly Inner[]): Inner[] {
  const flat = options.flatMap((option) => {
    const alone = typeof option === "object" && option.anyOf && Object.keys(option).length === 1;
    return alone ? (option.anyOf ?? []) : [option];
  });
  return [...new Map(flat.map((option) => [JSON.stringify(option), option])).values()];
}

function mapSchemas(schema: JsonSchema, change: (schema: JsonSchema) => JsonSchema): JsonSchema {
  const one = (inner: Inner): Inner => (typeof inner === "boolean" ? inner : change(inner));
  const { properties, items, additionalProperties, anyOf, oneOf } = schema;
  return {
    ...schema,
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, inner]) => [key, one(inner)])),
    }),
    ...(items !== undefined && { items: Array.isArray(items) ? items.map(one) : one(items) }),
    ...(additionalProperties !== undefined && { additionalProperties: one(additionalProperties) }),
    ...(anyOf && { anyOf: anyOf.map(one) }),
    ...(oneOf && { oneOf: oneOf.map(one) }),
  };
}

function describe(schema: Inner | undefined): { description?: string } {
  return typeof schema === "object" && schema.description ? { description: schema.description } : {};
}
