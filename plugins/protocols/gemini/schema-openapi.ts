import { isFields } from "../../../core/index.ts";
import type { Fields } from "../../../core/index.ts";
import { counts, formats, keywords } from "./schema-keywords.ts";
import { merged, resolveRef } from "./schema-refs.ts";
import type { Schema } from "./wire.ts";

/** A JSON Schema in OpenAPI's way. `lossy`: something was lost that JSON Schema's own way could say. */
export function toOpenAPI(root: Fields): { schema: Fields; lossy: boolean } {
  const writer = new OpenAPIWriter(root);
  const schema = writer.write(root);
  return { schema, lossy: writer.lossy };
}

const typeNames: Readonly<Record<string, Schema["type"]>> = {
  object: "OBJECT",
  array: "ARRAY",
  string: "STRING",
  number: "NUMBER",
  integer: "INTEGER",
  boolean: "BOOLEAN",
  null: "NULL",
};

/** Larger than this no schema grows, however often its references are followed. */
const maxDepth = 32;
const maxSize = 5000;

class OpenAPIWriter {
  lossy = false;
  readonly #root: Fields;
  /** References that are being followed: one among them leads round in a circle. */
  readonly #following: string[] = [];
  #depth = 0;
  #size = 0;

  constructor(root: Fields) {
    this.#root = root;
  }

  write(given: unknown): Schema {
    if (!isFields(given) || this.#depth >= maxDepth || this.#size >= maxSize) return this.#anything();
    this.#size++;
    this.#depth++;
    const schema = this.#written(given);
    this.#depth--;
    return schema;
  }

  /** A place where any value fits: only JSON Schema can say so. */
  #anything(): Schema {
    this.lossy = true;
    return { type: "STRING" };
  }

  #written(given: Fields): Schema {
    const { $ref: ref, ...beside } = given;
    if (typeof ref === "string") return this.#follow(ref, beside);
    if (Array.isArray(given["allOf"])) return this.#all(given, given["allOf"]);
    const choices = given["anyOf"] ?? given["oneOf"];
    if (Array.isArray(choices)) return this.#choice(given, choices);
    const { type } = given;
    if (Array.isArray(type))
      return this.#choice(
        given,
        type.map((name: unknown) => ({ type: name })),
      );
    return this.#plain(given);
  }

  /** All of several: one schema with what each of them says. */
  #all(given: Fields, schemas: readonly unknown[]): Schema {
    const { allOf: _, ...rest } = given;
    const before = this.#following.length;
    const resolved = schemas.filter(isFields).map((schema) => {
      const { $ref: ref, ...beside } = schema;
      if (typeof ref !== "string") return schema;
      if (this.#following.includes(ref)) {
        this.lossy = true;
        return beside;
      }
      this.#following.push(ref);
      return { ...resolveRef(this.#root, ref), ...beside };
    });
    const schema = this.#written(merged([...resolved, rest]));
    this.#following.length = before;
    return schema;
  }

  /** What is referred to stands in the place of the reference, until that leads back to where it came from. */
  #follow(ref: string, beside: Fields): Schema {
    const target = resolveRef(this.#root, ref);
    if (!target || this.#following.includes(ref)) {
      this.lossy = true;
      const { description } = beside;
      const type = typeof target?.["type"] === "string" ? typeNames[target["type"]] : undefined;
      return { type: type ?? "OBJECT", ...(typeof description === "string" && { description }) };
    }
    this.#following.push(ref);
    const { $defs: _, definitions: __, ...body } = target;
    const schema = this.#written({ ...body, ...beside });
    this.#following.pop();
    return schema;
  }

  /** One of several: null among them makes the rest nullable, and a single one that is left stands for itself. */
  #choice(given: Fields, choices: readonly unknown[]): Schema {
    const { anyOf: _, oneOf: __, type: ___, ...rest } = given;
    const others = choices.filter((choice) => !isNull(choice));
    const nullable = others.length < choices.length && { nullable: true };
    const [only] = others;
    if (others.length <= 1) {
      const merged_ = isFields(only) ? { ...only, ...rest } : rest;
      return { ...this.#written(others.length === 0 ? { ...rest, type: "null" } : merged_), ...nullable };
    }
    const shared = Array.isArray(given["type"]) ? constraintsOf(rest) : {};
    const about = aboutOf(rest);
    const anyOf = others.map((choice) => this.write(isFields(choice) ? { ...shared, ...choice } : choice));
    return { ...about, anyOf, ...nullable };
  }

  #plain(given: Fields): Schema {
    const schema: Fields = {};
    const values = "const" in given ? [given["const"]] : given["enum"];
    const type = typeOf(given, values);
    if (type === undefined) return { ...aboutOf(given), ...this.#anything() };
    schema["type"] = type;
    for (const [key, value] of Object.entries(given)) this.#keyword(schema, key, value);
    if (Array.isArray(values)) this.#values(schema, values);
    bounds(schema, given);
    if (type === "ARRAY" && !schema["items"]) schema["items"] = this.#tuple(given);
    if (type === "OBJECT") this.#object(schema, given);
    return schema as Schema;
  }

  #keyword(schema: Fields, key: string, value: unknown): void {
    if (key === "additionalProperties" || key === "enum" || key === "type") return;
    const known = keywords[key];
    if (known === "json" && key !== "$id" && key !== "$anchor" && key !== "$defs") this.lossy = true;
    if (known !== "both" && known !== "openapi") return;
    if (key === "format") {
      if (formats[String(schema["type"])]?.includes(String(value))) schema[key] = value;
    } else if (key === "properties") {
      if (isFields(value)) schema[key] = this.#properties(value);
    } else if (key === "items") {
      if (isFields(value)) schema[key] = this.write(value);
    } else schema[key] = counts.has(key) ? String(value) : value;
  }

  #properties(properties: Fields): Record<string, Schema> {
    return Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, this.write(one)]));
  }

  /** Values must be texts; null among them makes the place nullable. */
  #values(schema: Fields, values: readonly unknown[]): void {
    const others = values.filter((value) => value !== null);
    if (others.length < values.length) schema["nullable"] = true;
    if (others.every((value) => typeof value === "string")) {
      if (others.length > 0) schema["enum"] = others;
      return;
    }
    this.lossy = true;
    const told = `One of: ${others.map((value) => JSON.stringify(value)).join(", ")}.`;
    schema["description"] = [schema["description"], told].filter(Boolean).join(" ");
  }

  /** The items of a list with a schema for each place, or with none at all. */
  #tuple(given: Fields): Schema {
    const places = Array.isArray(given["items"]) ? (given["items"] as unknown[]) : given["prefixItems"];
    this.lossy = true;
    if (!Array.isArray(places) || places.length === 0) return { type: "STRING" };
    const anyOf = places.map((place) => this.write(place));
    return anyOf.length === 1 ? (anyOf[0] ?? { type: "STRING" }) : { anyOf };
  }

  #object(schema: Fields, given: Fields): void {
    if (given["additionalProperties"]) this.lossy = true;
    const properties = isFields(schema["properties"]) ? schema["properties"] : {};
    if (Object.keys(properties).length === 0) {
      // Any object: an empty list of properties is refused.
      if (given["additionalProperties"] !== false) this.lossy = true;
      delete schema["properties"];
    }
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    const known = required.filter((name) => typeof name === "string" && Object.hasOwn(properties, name));
    if (known.length > 0) schema["required"] = known;
    else delete schema["required"];
  }
}

function isNull(choice: unknown): boolean {
  return isFields(choice) && (choice["type"] === "null" || ("const" in choice && choice["const"] === null));
}

/** The type of a schema, also where only its other keywords tell. */
function typeOf(given: Fields, values: unknown): Schema["type"] | undefined {
  const { type } = given;
  if (typeof type === "string") return typeNames[type.toLowerCase()];
  if (Array.isArray(values)) {
    const [first] = values.filter((value) => value !== null);
    if (typeof first === "number") return Number.isInteger(first) ? "INTEGER" : "NUMBER";
    return typeof first === "boolean" ? "BOOLEAN" : "STRING";
  }
  if ("properties" in given) return "OBJECT";
  return "items" in given || "prefixItems" in given ? "ARRAY" : undefined;
}

/** Bounds that leave out the bound itself: for whole numbers the next one, else the same. */
function bounds(schema: Fields, given: Fields): void {
  const step = schema["type"] === "INTEGER" ? 1 : 0;
  const { exclusiveMinimum: above, exclusiveMaximum: below } = given;
  if (typeof above === "number" && schema["minimum"] === undefined) schema["minimum"] = above + step;
  if (typeof below === "number" && schema["maximum"] === undefined) schema["maximum"] = below - step;
}

function aboutOf({
  title,
  description,
  default: usual,
}: Fields): Pick<Schema, "title" | "description" | "default"> {
  return {
    ...(typeof title === "string" && { title }),
    ...(typeof description === "string" && { description }),
    ...(usual !== undefined && { default: usual }),
  };
}

function constraintsOf(given: Fields): Fields {
  const { title: _, description: __, default: ___, ...rest } = given;
  return rest;
}
