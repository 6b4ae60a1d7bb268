import { isFields } from "../../../core/index.ts";
import type { Fields } from "../../../core/index.ts";
import { camel } from "./fields.ts";
import { counts } from "./schema-keywords.ts";

/** JSON Schema of a schema in OpenAPI's way: types in lower case, `nullable` as a type, counts as numbers. */
export function fromSchema(given: Fields): Fields {
  const { type, nullable, format, example, ...rest } = camel(given);
  const schema: Fields = {};
  const name = typeof type === "string" && type !== "TYPE_UNSPECIFIED" ? type.toLowerCase() : undefined;
  if (name) schema["type"] = nullable === true ? [name, "null"] : name;
  if (format !== undefined && format !== "enum") schema["format"] = format;
  if (example !== undefined) schema["examples"] = [example];
  for (const [key, value] of Object.entries(rest)) {
    if (key === "properties" && isFields(value)) schema[key] = mapValues(value);
    else if (key === "items" && isFields(value)) schema[key] = fromSchema(value);
    else if (key === "anyOf" && Array.isArray(value)) schema[key] = value.filter(isFields).map(fromSchema);
    else schema[key] = counts.has(key) ? Number(value) : value;
  }
  if (nullable === true && !name && Array.isArray(schema["anyOf"])) {
    schema["anyOf"] = [...(schema["anyOf"] as unknown[]), { type: "null" }];
  }
  // A list of values that null is not in would not let it through.
  if (nullable === true && Array.isArray(schema["enum"]))
    schema["enum"] = [...(schema["enum"] as unknown[]), null];
  return schema;
}

function mapValues(properties: Fields): Fields {
  const entries = Object.entries(properties).map(([name, value]) => [
    name,
    isFields(value) ? fromSchema(value) : value,
  ]);
  return Object.fromEntries(entries) as Fields;
}
