import * as runtime from "#runtime";
import { stripKeyProtocol, stripKeyQuery } from "./credentials.ts";
import { GatewayError } from "./errors.ts";
import { forwardedHeaders, headerValue, joinedValue, setHeader } from "./headers.ts";
import { replaceModelQuery } from "./query.ts";
import type { CallState } from "./call-state.ts";
import type { HeaderPairs } from "./transport/types.ts";
import type { Target } from "./upstream.ts";

const noHeaders: ReadonlySet<string> = new Set();
/** Of a browser's page, not of the call: a model's API has no use for them. */
const pageHeaders: ReadonlySet<string> = new Set(["cookie", "origin", "referer"]);

/** A bare prefix goes to the base URL itself. */
export function upstreamURL({ rest }: CallState, { upstream }: Target, search: string): string {
  return upstream.forwardURL + (rest || (upstream.forwardURL.indexOf("/", 8) < 0 ? "/" : "")) + search;
}

/** The client's query without what was for us, and with the upstream's own name of a model that is asked for in it. */
export function outgoingSearch(call: CallState, { model }: Target): string {
  const keepKey = call.caller?.ownKey || !call.gateway.credentials.query;
  const search = keepKey ? call.search : stripKeyQuery(call.search);
  const renamed = call.endpoint?.modelInQuery && model !== undefined && model !== call.askedModel;
  return renamed ? replaceModelQuery(search, model) : search;
}

/** The client's headers without what was for us, then what the upstream wants. */
export function outgoingHeaders(call: CallState, target: Target): HeaderPairs {
  const { upstream } = target;
  const forwarding = call.prefix !== undefined;
  const ownKey = call.caller?.ownKey ?? false;
  const pairs = runtime.headerPairs(call.request);
  const headers = forwardedHeaders(
    pairs,
    joinedValue(pairs, "connection"),
    ownKey ? noHeaders : call.gateway.credentials.headers,
    forwarding ? noHeaders : pageHeaders,
  );
  const protocols = ownKey ? null : joinedValue(pairs, "sec-websocket-protocol");
  if (protocols !== null) setHeader(headers, "sec-websocket-protocol", stripKeyProtocol(protocols));
  headers.push("via", viaOf(joinedValue(pairs, "via")));
  if (forwarding && upstream.forwarded) addForwarded(headers, call, pairs);
  const length = call.body ? null : call.request.headers.get("content-length");
  if (length !== null) headers.push("content-length", length);
  for (const name in upstream.headers) setHeader(headers, name.toLowerCase(), upstream.headers[name] ?? "");
  return headers;
}

/** RFC 9110 section 7.6.3: each proxy adds itself. More than eight times ourselves is a loop. */
function viaOf(before: string | null): string {
  if (!before) return "1.1 sluice";
  if (before.split(",").filter((hop) => hop.trim().endsWith(" sluice")).length > 8) {
    throw new GatewayError("The call went round in a circle.", { status: 508, code: "loop_detected" });
  }
  return `${before}, 1.1 sluice`;
}

function addForwarded(headers: HeaderPairs, call: CallState, pairs: HeaderPairs): void {
  const trusted = call.ip !== "" && call.ip !== runtime.peerAddress(call.request);
  // What the client claims is only believed when it came through a proxy that we trust.
  const chain = trusted ? headerValue(pairs, "x-forwarded-for") : undefined;
  const peer = runtime.peerAddress(call.request);
  const host = (trusted && headerValue(pairs, "x-forwarded-host")) || headerValue(pairs, "host");
  const claimed = trusted ? headerValue(pairs, "x-forwarded-proto") : undefined;
  if (peer) headers.push("x-forwarded-for", chain ? `${chain}, ${peer}` : peer);
  if (host) headers.push("x-forwarded-host", host);
  headers.push("x-forwarded-proto", claimed ?? (call.request.url.startsWith("https:") ? "https" : "http"));
}
