import { badAnswer, badRequest, GatewayError, isFields, ownExtensions } from "../../../core/index.ts";
import type { Fields } from "../../../core/index.ts";

export const { ownOf, asOwn } = ownExtensions("gemini");

/** Members in snake case, which the REST API takes too, in camel case; the object itself where there are none. */
export function camel(fields: Fields): Fields {
  for (const key in fields) {
    if (!key.includes("_")) continue;
    const entries = Object.entries(fields);
    return Object.fromEntries(entries.map(([name, value]) => [camelName(name), value]));
  }
  return fields;
}

function camelName(name: string): string {
  return name.replace(/_([a-z\d])/g, (_, letter: string) => letter.toUpperCase());
}

/** A list of objects: one object alone stands for a list of one, as the service itself reads it. */
export function objects(value: unknown, name: string): Fields[] {
  if (value === undefined || value === null) return [];
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.map((one) => object(one, name));
}

/** An object with its members in camel case. Throws a 400 GatewayError where it is none. */
export function object(value: unknown, name: string): Fields {
  if (!isFields(value)) throw badRequest(`${name}: must be an object`, name);
  return camel(value);
}

export function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Whether two JSON values say the same. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((one, i) => same(one, b[i]));
  }
  if (!isFields(a) || !isFields(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
}

/** Where a candidate stands among others. */
export function isPlace(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Runs what reads requests too over an answer: what it does not take is the upstream's mistake there. */
export function ofAnswer<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof GatewayError && error.status === 400) {
      throw badAnswer("a part of it is not of its shape", error);
    }
    throw error;
  }
}
