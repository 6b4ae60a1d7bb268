import { credentialHeaders, readKeyProtocol, readKeyQuery } from "../../core/index.ts";
import type { CredentialPlaces } from "../../core/index.ts";

/** Finds the keys that a request brings. */
export interface KeyReader {
  /** The key in the first header that has one: all that nearly every call needs. */
  first(headers: Headers): string | undefined;
  /** Every key, in the order in which they are tried: headers, then the query, then the WebSocket protocol. */
  all(headers: Headers, search: string): string[];
}

export function createKeyReader(places: CredentialPlaces): KeyReader {
  const names = [...credentialHeaders, ...places.headers];
  return {
    first(headers) {
      for (const name of names) {
        const key = keyOf(headers.get(name));
        if (key) return key;
      }
      return undefined;
    },
    all(headers, search) {
      const inHeaders = names.map((name) => keyOf(headers.get(name)));
      const inQuery = places.query ? readKeyQuery(search) : [];
      const inProtocol = readKeyProtocol(headers.get("sec-websocket-protocol") ?? "");
      return [...inHeaders, ...inQuery, ...inProtocol].filter((key) => key !== "");
    },
  };
}

/** The key of `Bearer K`, or of a bare `K`. Of another scheme the whole is taken, which then is no key of ours. */
function keyOf(value: string | null): string {
  if (value === null) return "";
  return /^bearer(?:\s|$)/i.test(value) ? value.slice(6).trim() : value.trim();
}
