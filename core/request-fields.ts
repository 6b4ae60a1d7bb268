/** Readers of a client's request: each throws a 400 GatewayError that names the field for what is not of its type. */
import { badRequest } from "./errors.ts";
import { isFields } from "./fields.ts";
import type { Fields } from "./fields.ts";

/** @param param Where the value stands, for the client: `tools[0].name`. */
export function textAt(value: unknown, param: string): string {
  if (typeof value === "string") return value;
  throw badRequest(`${param} must be a string.`, param);
}

export function fieldsAt(value: unknown, param: string): Fields {
  if (isFields(value)) return value;
  throw badRequest(`${param} must be an object.`, param);
}

export function listAt(value: unknown, param: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw badRequest(`${param} must be a list.`, param);
}

export function objectsAt(value: unknown, param: string): Fields[] {
  if (Array.isArray(value) && value.every(isFields)) return value;
  throw badRequest(`${param} must be a list of objects.`, param);
}
