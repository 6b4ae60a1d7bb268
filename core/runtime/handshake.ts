import { headerValue } from "../headers.ts";
import { GatewayError } from "../errors.ts";
import type { HeaderPairs } from "../transport/types.ts";

/** The refusal of a WebSocket that no server of ours hands over. */
export function upgradeUnsupported(): GatewayError {
  return new GatewayError("This server passes no WebSockets through.", {
    status: 501,
    code: "websocket_unsupported",
  });
}

/** The subprotocols in the headers of a handshake, in order. */
export function subprotocols(header: string | null | undefined): string[] {
  return (header ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
}

/**
 * The subprotocol to tell the client. Where the upstream chose none, it is one that the client offered and that
 * was kept back (it holds the client's key): browsers give a socket up when none of those offered is chosen.
 */
export function chosenProtocol(
  request: Request,
  sent: HeaderPairs,
  chosen: string | undefined,
): string | undefined {
  if (chosen) return chosen;
  const offered = subprotocols(request.headers.get("sec-websocket-protocol"));
  const passedOn = subprotocols(headerValue(sent, "sec-websocket-protocol"));
  return offered.find((name) => !passedOn.includes(name));
}
