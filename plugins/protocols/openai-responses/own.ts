import { badRequest, isFields } from "../../../core/index.ts";
import type { Extensions, Fields } from "../../../core/index.ts";

/** The protocol's name; what only it can say stands under it in the neutral shapes' `extensions`. */
export const ours = "openai-responses";

/** What stands under this protocol's name, where anything does. */
export function ownOf(extensions: Extensions | undefined): Fields | undefined {
  return extensions?.[ours];
}

/** `extensions` with this protocol's part; nothing for an empty one. */
export function asOwn(rest: Fields): { extensions?: Extensions } {
  return Object.keys(rest).length > 0 ? { extensions: { [ours]: rest } } : {};
}

/** A text at `param` of a client's request. Throws a 400 GatewayError for anything else. */
export function textAt(value: unknown, param: string): string {
  if (typeof value !== "string") throw badRequest(`${param} must be a string.`, param);
  return value;
}

/** An object at `param` of a client's request. Throws a 400 GatewayError for anything else. */
export function fieldsAt(value: unknown, param: string): Fields {
  if (!isFields(value)) throw badRequest(`${param} must be an object.`, param);
  return value;
}

/** A list at `param` of a client's request. Throws a 400 GatewayError for anything else. */
export function listAt(value: unknown, param: string): unknown[] {
  if (!Array.isArray(value)) throw badRequest(`${param} must be a list.`, param);
  return value;
}

/** An object without its undefined members. */
export function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}
