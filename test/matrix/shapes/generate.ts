import { fileURLToPath } from "node:url";
import { createGenerator } from "ts-json-schema-generator";
import type { Schema } from "ts-json-schema-generator";

const types = [
  "OpenAIChat",
  "OpenAIResponses",
  "OpenRouter",
  "Anthropic",
  "ClaudeOnVertex",
  "Gemini",
  "Converse",
  "CohereChat",
  "Ollama",
] as const;

/** The name of a type in requests.ts. */
export type ShapeName = (typeof types)[number];

/**
 * Makes JSON Schemas of the types in requests.ts; members that the types do not name are errors. Takes some seconds,
 * most of them for reading the program.
 */
export function schemasOfRequests(): Record<ShapeName, Schema> {
  const generator = createGenerator({
    path: fileURLToPath(new URL("requests.ts", import.meta.url)),
    tsconfig: fileURLToPath(new URL("../../../tsconfig.json", import.meta.url)),
    additionalProperties: false,
    functions: "hide",
    jsDoc: "none",
    skipTypeCheck: true,
  });
  const schemas = types.map((type) => {
    const schema = onWire(generator.createSchema(type), type === "CohereChat" ? snakeCase : (name) => name);
    return [type, schema];
  });
  return Object.fromEntries(schemas) as Record<ShapeName, Schema>;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A schema of a body as it travels: bytes are base64, and declared members have other names. */
function onWire<T>(value: T, rename: (name: string) => string): T {
  if (Array.isArray(value)) return value.map((one: unknown) => onWire(one, rename)) as T;
  if (typeof value !== "object" || value === null) return value;
  const { properties = {} } = value as { properties?: object };
  if ("BYTES_PER_ELEMENT" in properties) return { type: "string" } as T;
  const entries = Object.entries(value).map(([key, one]: [string, unknown]) => {
    if (key === "required" && Array.isArray(one)) return [key, one.map(rename)];
    if (key !== "properties") return [key, onWire(one, rename)];
    const members = Object.entries(one as object).map(([name, member]) => [
      rename(name),
      onWire(member, rename),
    ]);
    return [key, Object.fromEntries(members)];
  });
  return Object.fromEntries(entries) as T;
}
