import { maskSecret } from "../core/mask.ts";
import { isSecretPath } from "./secrets.ts";

/** What stands at a path, in a few words: `"gpt-4"`, `5`, `a list`, `nothing`; a secret masked. */
export function show(value: unknown, path: readonly (string | number)[]): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return Object.keys(value).length === 0 ? "an empty map" : "a map";
  if (typeof value === "function") return "a function";
  const secret = isSecretPath(path);
  if (typeof value === "string") return JSON.stringify(secret && value ? maskSecret(value) : value);
  return secret ? `a ${typeof value}` : String(value);
}
