import { badRequest, objectsAt, ownExtensions } from "../../../core/index.ts";
import type { Endpoint, Fields } from "../../../core/index.ts";

/** The protocol's name, under which its own things stand in the neutral shapes. */
export const ollama = "ollama";

export const { ownOf, asOwn } = ownExtensions(ollama);

/** `/api/generate`: one prompt and its completion, where `/api/chat` has messages. */
export function isGenerate({ path }: Endpoint): boolean {
  return path === "/api/generate";
}

/** Text, `""` where there is none, or a refusal that names the field. */
export function optionalText(value: unknown, param: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw badRequest(`${param} must be a string.`, param);
}

export function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

/** A list of objects, empty where there is none, or a refusal that names the field. */
export function optionalObjects(value: unknown, param: string): Fields[] {
  return value === undefined || value === null ? [] : objectsAt(value, param);
}
