import { readKeyQuery } from "../../core/index.ts";
import type { Call } from "../../core/index.ts";

/** What may make the key of an answer. */
export const keyParts = ["method", "path", "query", "body", "key"] as const;
export type KeyPart = (typeof keyParts)[number];

/** Codings that an answer may come in; which of them the client takes is always part of the key. */
const codings = ["gzip", "deflate", "br", "zstd"];

/**
 * The key of a call's answer, 64 hexadecimal digits; undefined for a call that must not be cached: its
 * body was not read, or it comes with the caller's own key and the key is not to be told apart by it.
 * @param vary Request headers that are part of the key, lower case.
 */
export async function cacheKey(
  call: Call,
  parts: ReadonlySet<KeyPart>,
  vary: readonly string[],
): Promise<string | undefined> {
  const withBody = call.method !== "GET";
  if (withBody && !call.body) return undefined;
  const own = ownCredentials(call);
  if (own && (own.length === 0 || !parts.has("key"))) return undefined;
  const { headers } = call.request;
  const text = JSON.stringify([
    parts.has("method") ? call.method : null,
    parts.has("path") ? call.path : null,
    parts.has("query") ? call.search : null,
    parts.has("key") ? (call.caller?.name ?? null) : null,
    own,
    takenCodings(headers.get("accept-encoding") ?? ""),
    vary.map((name) => headers.get(name)),
  ]);
  return sha256(new TextEncoder().encode(text), parts.has("body") ? call.body : undefined);
}

/** The credentials of a caller that brought its own; undefined for any other. Only their hash is kept. */
function ownCredentials(call: Call): string[] | undefined {
  if (!call.caller?.ownKey) return undefined;
  const { headers } = call.gateway.credentials;
  const inHeaders = [...headers]
    .map((name) => call.request.headers.get(name))
    .filter((value) => value !== null);
  return [...inHeaders, ...readKeyQuery(call.search)];
}

/** Clients write the same wish in many ways; only which codings they take matters. */
function takenCodings(accepted: string): string {
  if (accepted === "") return "";
  const taken = accepted
    .toLowerCase()
    .split(",")
    .filter((item) => !/;\s*q=0(?:\.0*)?\s*$/.test(item))
    .map((item) => item.split(";")[0]?.trim() ?? "");
  return codings.filter((coding) => taken.includes(coding) || taken.includes("*")).join(",");
}

async function sha256(text: Uint8Array, body: Uint8Array | undefined): Promise<string> {
  const bytes = new Uint8Array(text.byteLength + (body?.byteLength ?? 0));
  bytes.set(text);
  if (body) bytes.set(body, text.byteLength);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
