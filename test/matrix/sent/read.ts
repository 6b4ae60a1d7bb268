import type { Sent } from "../cell.ts";

/** A JSON object of a request's body, read without a word on its shape. */
export type Json = Record<string, unknown>;

export function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(object) : [];
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The texts of content that is a string or a list of parts with a `text`. */
export function textOf(content: unknown): string {
  return (
    text(content) ||
    list(content)
      .map((part) => text(part["text"]))
      .join("")
  );
}

/** JSON text, or what stands there already. */
export function parsed(value: unknown): unknown {
  return typeof value === "string" ? (JSON.parse(value) as unknown) : value;
}

export function propertiesOf(schema: unknown): string[] {
  return Object.keys(object(object(schema)["properties"]));
}

export function schemaOf(schema: unknown): Sent["schema"] {
  return schema === undefined || schema === null
    ? undefined
    : { properties: propertiesOf(schema), required: object(schema)["required"] };
}

/** The base64 of a data URL. */
export function dataOf(url: unknown): string {
  return text(url).replace(/^data:image\/png;base64,/, "");
}

/** A result's text where a protocol wants an object around it. */
export function unwrapped(value: unknown): string {
  if (typeof value === "string") return value;
  const values = Object.values(object(value));
  return values.length === 1 ? text(values[0]) : JSON.stringify(value);
}
