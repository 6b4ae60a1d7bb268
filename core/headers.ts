import type { HeaderPairs } from "./transport/types.ts";

/** Headers that belong to one connection and are never passed on. Source: RFC 9110 section 7.6.1. */
const hopByHop = new Set([
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

/** Made anew for each request, or answered by the gateway itself. */
const ownRequestHeaders = new Set([
  "host",
  "content-length",
  "expect",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
  "forwarded",
  "via",
]);

/** The names that a `connection` header adds to the hop-by-hop ones. */
function namedByConnection(pairs: HeaderPairs): Set<string> | undefined {
  let names: Set<string> | undefined;
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i]?.toLowerCase() !== "connection") continue;
    for (const token of (pairs[i + 1] ?? "").split(",")) {
      const name = token.trim().toLowerCase();
      if (name && name !== "close" && name !== "keep-alive") (names ??= new Set()).add(name);
    }
  }
  return names;
}

/**
 * The client's headers that go on to the upstream: all but hop-by-hop ones, those that the gateway
 * writes itself, and those in `credentials` and `drop` (lower case).
 */
export function forwardedHeaders(
  pairs: HeaderPairs,
  credentials: ReadonlySet<string>,
  drop: ReadonlySet<string>,
): HeaderPairs {
  const named = namedByConnection(pairs);
  const out: HeaderPairs = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i] ?? "";
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || ownRequestHeaders.has(lower) || named?.has(lower)) continue;
    if (credentials.has(lower) || drop.has(lower)) continue;
    out.push(name, pairs[i + 1] ?? "");
  }
  return out;
}

/** The upstream's headers that go on to the client. */
export function answerHeaders(pairs: HeaderPairs): HeaderPairs {
  const named = namedByConnection(pairs);
  const out: HeaderPairs = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i] ?? "";
    if (hopByHop.has(name) || named?.has(name)) continue;
    out.push(name, pairs[i + 1] ?? "");
  }
  return out;
}

/** The last value of a header, or undefined. `name` is lower case. */
export function headerValue(pairs: HeaderPairs, name: string): string | undefined {
  for (let i = pairs.length - 2; i >= 0; i -= 2) if (pairs[i]?.toLowerCase() === name) return pairs[i + 1];
  return undefined;
}

/** Sets a header in place of any of the same name. `name` is lower case. */
export function setHeader(pairs: HeaderPairs, name: string, value: string): void {
  for (let i = pairs.length - 2; i >= 0; i -= 2) if (pairs[i]?.toLowerCase() === name) pairs.splice(i, 2);
  pairs.push(name, value);
}
