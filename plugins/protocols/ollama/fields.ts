import { badRequest, isFields } from "../../../core/index.ts";
import type { Endpoint, Fields } from "../../../core/index.ts";

/** The protocol's name, under which its own things stand in the neutral shapes. */
export const ollama = "ollama";

/** What only Ollama can say of an object. */
export function own(value: { extensions?: Record<string, Fields> } | undefined): Fields {
  return value?.extensions?.[ollama] ?? {};
}

/** `{ extensions }` for what only Ollama can say; nothing where there is nothing. */
export function asExtensions(value: Fields): { extensions?: Record<string, Fields> } {
  return Object.keys(value).length > 0 ? { extensions: { [ollama]: value } } : {};
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

/** A list of objects, or a refusal that names the field. */
export function objects(value: unknown, param: string): Fields[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every(isFields)) return value;
  throw badRequest(`${param} must be a list of objects.`, param);
}

export function isNumber(value: unknown): value is number {
  return typeof value === "number";
}
