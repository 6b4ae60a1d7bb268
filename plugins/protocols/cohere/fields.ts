import { badRequest, isFields } from "../../../core/index.ts";
import type { Fields } from "../../../core/index.ts";

/** The protocol's name, under which its own things stand in the neutral shapes. */
export const cohere = "cohere";

/** What only Cohere can say of an object. */
export function own(value: { extensions?: Record<string, Fields> } | undefined): Fields {
  return value?.extensions?.[cohere] ?? {};
}

/** `{ extensions }` for what only Cohere can say; nothing where there is nothing. */
export function asExtensions(value: Fields): { extensions?: Record<string, Fields> } {
  return Object.keys(value).length > 0 ? { extensions: { [cohere]: value } } : {};
}

/** The members of an object that are not among those named, and not null. */
export function rest(body: Fields, known: ReadonlySet<string>): Fields {
  const left: Fields = {};
  for (const name in body) {
    const value = body[name];
    if (!known.has(name) && value !== null && value !== undefined) left[name] = value;
  }
  return left;
}

/** A list of objects, or a refusal that names the field. */
export function objects(value: unknown, param: string): Fields[] {
  if (Array.isArray(value) && value.every(isFields)) return value;
  throw badRequest(`${param} must be a list of objects.`, param);
}

export function requiredText(value: unknown, param: string): string {
  if (typeof value === "string") return value;
  throw badRequest(`${param} must be a string.`, param);
}

export function optionalNumber(value: unknown, param: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number") return value;
  throw badRequest(`${param} must be a number.`, param);
}
