import { ownExtensions } from "../../../core/index.ts";
import type { Extensions, Fields } from "../../../core/index.ts";

/** The name that this protocol's own extensions stand under. */
export const protocolName = "anthropic";

export const { ownOf, asOwn } = ownExtensions(protocolName);

/** The members of an object that the neutral shape has no place for, as its extensions. */
export function restOf(fields: Fields, known: ReadonlySet<string>): { extensions?: Extensions } {
  const rest: Fields = {};
  for (const name in fields) if (!known.has(name)) rest[name] = fields[name];
  return asOwn(rest);
}

/** An object that is of one of the SDK's types, as JSON: the type is checked where it is written. */
export function wire<T extends object>(value: T): Fields {
  return value as object as Fields;
}

export function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "";
}

/** The objects of a list; nothing for what is no list. */
export function objectsIn(value: unknown): Fields[] {
  return Array.isArray(value) ? (value as Fields[]) : [];
}
