import { isFields } from "../../../core/index.ts";
import type { Fields } from "../../../core/index.ts";
import { keywords } from "./schema-keywords.ts";
import { merged, resolveRef } from "./schema-refs.ts";

/** A JSON Schema with what the service knows of it; what it knows under another name is written so. */
export function toJsonSchema(root: Fields): Fields {
  const definitions = { ...asFields(root["definitions"]), ...asFields(root["$defs"]) };
  const { definitions: _, $defs: __, ...rest } = root;
  const place = { root, following: [] };
  const schema = write(rest, place);
  if (Object.keys(definitions).length > 0) schema["$defs"] = writeEach(definitions, place);
  return schema;
}

function asFields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

/** Where a schema stands: references are looked up in `root`; those of `allOf` that led here are `following`. */
interface Place {
  root: Fields;
  following: readonly string[];
}

/** References of `allOf` within each other; beyond, nothing is put in their place. */
const maxFollowing = 8;

function writeEach(schemas: Fields, place: Place): Fields {
  return Object.fromEntries(Object.entries(schemas).map(([name, one]) => [name, writeAny(one, place)]));
}

function writeAny(given: unknown, place: Place): unknown {
  return isFields(given) ? write(given, place) : given;
}

function write(given: Fields, place: Place): Fields {
  const { $ref: ref, ...rest } = given;
  // Nothing may stand beside a reference.
  if (typeof ref === "string") return { $ref: ref.replace(/^#\/definitions\//, "#/$defs/") };
  if (Array.isArray(rest["allOf"])) return writeAll(rest, rest["allOf"], place);
  const schema: Fields = {};
  for (const [key, value] of Object.entries(rest)) {
    const known = keywords[key];
    if (known === "both" || known === "json") schema[key] = writeKeyword(key, value, place);
  }
  if ("const" in rest) schema["enum"] = [rest["const"]];
  if (Array.isArray(rest["items"])) {
    schema["prefixItems"] = rest["items"].map((one) => writeAny(one, place));
    delete schema["items"];
  }
  const { exclusiveMinimum: above, exclusiveMaximum: below } = rest;
  const step = rest["type"] === "integer" ? 1 : 0;
  if (typeof above === "number") schema["minimum"] ??= above + step;
  if (typeof below === "number") schema["maximum"] ??= below - step;
  return schema;
}

/** One schema with what each of several says; references among them are put in place, once on each way. */
function writeAll(given: Fields, schemas: readonly unknown[], place: Place): Fields {
  const { allOf: _, ...beside } = given;
  const following = [...place.following];
  const parts = schemas.filter(isFields).map(({ $ref: ref, ...part }) => {
    if (typeof ref !== "string") return part;
    if (place.following.includes(ref) || following.length >= maxFollowing) return part;
    following.push(ref);
    return { ...resolveRef(place.root, ref), ...part };
  });
  return write(merged([...parts, beside]), { ...place, following });
}

function writeKeyword(key: string, value: unknown, place: Place): unknown {
  if (key === "properties" || key === "$defs") return writeEach(asFields(value), place);
  if (key === "items" || key === "additionalProperties") return writeAny(value, place);
  if (key === "anyOf" || key === "oneOf" || key === "prefixItems") {
    return Array.isArray(value) ? value.map((one) => writeAny(one, place)) : value;
  }
  return value;
}
