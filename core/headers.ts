import type { HeaderPairs } from "./transport/types.ts";

/** Headers that belong to one connection and are never passed on. Source: RFC 9110 section 7.6.1. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/** Those, and what is made anew for each request or answered by the gateway itself. */
const neverForwarded: ReadonlySet<string> = new Set([
  ...hopByHop,
  "host",
  "content-length",
  "expect",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
  "forwarded",
  "via",
  "x-sluice-upstream",
]);

/** The names that a `connection` header adds to the hop-by-hop ones. */
function namedByConnection(connection: string | null | undefined): Set<string> | undefined {
  if (!connection || connection === "keep-alive" || connection === "close") return undefined;
  let names: Set<string> | undefined;
  for (const token of connection.split(",")) {
    const name = token.trim().toLowerCase();
    if (name && name !== "close" && name !== "keep-alive") (names ??= new Set()).add(name);
  }
  return names;
}

/**
 * The client's headers that go on to the upstream: all but hop-by-hop ones, those that the gateway
 * writes itself, and those in `credentials` and `drop` (lower case).
 * @param connection All values of the header `connection`.
 */
export function forwardedHeaders(
  pairs: HeaderPairs,
  connection: string | null,
  credentials: ReadonlySet<string>,
  drop: ReadonlySet<string>,
): HeaderPairs {
  const named = namedByConnection(connection);
  const out: HeaderPairs = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i] ?? "";
    const lower = name.toLowerCase();
    if (neverForwarded.has(lower) || credentials.has(lower) || drop.has(lower) || named?.has(lower)) continue;
    out.push(name, pairs[i + 1] ?? "");
  }
  return out;
}

/** The upstream's headers that go on to the client; their names are lower case. */
export function answerHeaders(pairs: HeaderPairs): HeaderPairs {
  let connection: string | undefined;
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i] !== "connection") continue;
    connection = connection === undefined ? pairs[i + 1] : `${connection},${pairs[i + 1]}`;
  }
  const named = namedByConnection(connection);
  const out: HeaderPairs = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i] ?? "";
    if (hopByHop.has(name) || named?.has(name)) continue;
    out.push(name, pairs[i + 1] ?? "");
  }
  return out;
}

/** An upstream's status text as a Response takes it; one that no Response takes says nothing that the status does not. */
export function reasonPhrase(text: string): string {
  return /^[\t -~]*$/.test(text) ? text : "";
}

/** The last value of a header, or undefined. `name` is lower case. */
export function headerValue(pairs: HeaderPairs, name: string): string | undefined {
  for (let i = pairs.length - 2; i >= 0; i -= 2) if (isNamed(pairs[i], name)) return pairs[i + 1];
  return undefined;
}

/** All values of a header as one (RFC 9110 section 5.3), or null. `name` is lower case. */
export function joinedValue(pairs: HeaderPairs, name: string): string | null {
  let joined: string | null = null;
  for (let i = 0; i < pairs.length; i += 2) {
    if (!isNamed(pairs[i], name)) continue;
    const value = pairs[i + 1] ?? "";
    joined = joined === null ? value : `${joined}, ${value}`;
  }
  return joined;
}

/** Most names differ in their length, which costs nothing to see. */
function isNamed(found: string | undefined, name: string): boolean {
  return found !== undefined && found.length === name.length && found.toLowerCase() === name;
}

/** Removes all headers of a name. `name` is lower case. */
export function removeHeader(pairs: HeaderPairs, name: string): void {
  for (let i = pairs.length - 2; i >= 0; i -= 2) if (isNamed(pairs[i], name)) pairs.splice(i, 2);
}

/** Removes all headers of a name, or with `*` at its end all that begin so. `pattern` is lower case. */
export function removeHeaders(pairs: HeaderPairs, pattern: string): void {
  if (!pattern.endsWith("*")) {
    removeHeader(pairs, pattern);
    return;
  }
  const prefix = pattern.slice(0, -1);
  for (let i = pairs.length - 2; i >= 0; i -= 2) {
    if (pairs[i]?.toLowerCase().startsWith(prefix)) pairs.splice(i, 2);
  }
}

/** Sets a header in place of any of the same name. `name` is lower case. */
export function setHeader(pairs: HeaderPairs, name: string, value: string): void {
  removeHeader(pairs, name);
  pairs.push(name, value);
}
