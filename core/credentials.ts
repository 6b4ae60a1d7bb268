import type { Caller } from "./call.ts";
import { GatewayError } from "./errors.ts";

/** The request headers in which clients of the known protocols send their key. */
export const credentialHeaders: readonly string[] = [
  "authorization",
  "x-api-key",
  "x-goog-api-key",
  "api-key",
];

/** Where else the credentials of callers stand; what stands there goes to no upstream but with a caller's own key. */
export interface CredentialPlaces {
  /** Header names beside `credentialHeaders`, lower case. */
  headers: readonly string[];
  /** The query parameter `key` is a credential. */
  query: boolean;
}

/** OpenAI's browser clients send the key of a WebSocket as a subprotocol of this beginning. */
const keyProtocol = "openai-insecure-api-key.";

/** The values of the query parameter `key`, decoded; a query is `?…` or `""`. */
export function readKeyQuery(search: string): string[] {
  if (search.length < 2) return [];
  return search
    .slice(1)
    .split("&")
    .filter(isKeyParameter)
    .map((part) => decode(part.slice(part.indexOf("=") + 1)));
}

/** The query without its parameter `key`; every other byte stays as it was. */
export function stripKeyQuery(search: string): string {
  if (search.length < 2) return search;
  const parts = search.slice(1).split("&");
  const kept = parts.filter((part) => !isKeyParameter(part));
  if (kept.length === parts.length) return search;
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
}

/** The keys in a `sec-websocket-protocol` header. */
export function readKeyProtocol(header: string): string[] {
  return subprotocols(header)
    .filter((name) => name.startsWith(keyProtocol))
    .map((name) => name.slice(keyProtocol.length));
}

/** A `sec-websocket-protocol` header without the key in it; `""` when nothing else is there. */
export function stripKeyProtocol(header: string): string {
  if (!header.includes(keyProtocol)) return header;
  return subprotocols(header)
    .filter((name) => !name.startsWith(keyProtocol))
    .join(", ");
}

/**
 * The caller, when it may use the gateway's own endpoints.
 * @throws GatewayError 403 `admin_required` when it may not.
 */
export function requireAdmin(caller: Caller): Caller {
  if (caller.role === "admin") return caller;
  throw new GatewayError("This needs a key of the role admin.", { status: 403, code: "admin_required" });
}

function isKeyParameter(part: string): boolean {
  if (part.startsWith("key=")) return true;
  const equals = part.indexOf("=");
  // Whoever parses the query reads `%6bey` as `key` too.
  return equals > 3 && part.slice(0, equals).includes("%") && decode(part.slice(0, equals)) === "key";
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function subprotocols(header: string): string[] {
  return header.split(",").map((name) => name.trim());
}
