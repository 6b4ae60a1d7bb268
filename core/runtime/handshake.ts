import { headerValue } from "../headers.ts";
import { GatewayError } from "../errors.ts";
import type { HeaderPairs } from "../transport/types.ts";

const version = "13";
/** Sixteen bytes in base64. */
const handshakeKey = /^[A-Za-z0-9+/]{22}==$/;

/** The refusal of a WebSocket that no server of ours hands over. */
export function upgradeUnsupported(): GatewayError {
  return new GatewayError("This server passes no WebSockets through.", {
    status: 501,
    code: "websocket_unsupported",
  });
}

export function badHandshake(cause?: unknown): GatewayError {
  const message = "This request to open a WebSocket is not valid.";
  return new GatewayError(message, { status: 400, code: "invalid_handshake", cause });
}

/**
 * Refuses what no server would open a WebSocket for. Source: RFC 6455 section 4.2.1.
 * @throws GatewayError 400, or 426 for another version of the protocol.
 */
export function checkHandshake({ headers }: Request): void {
  const connection = headers.get("connection")?.toLowerCase() ?? "";
  const upgrades = connection.split(",").some((option) => option.trim() === "upgrade");
  const hasBody = headers.has("transfer-encoding") || Number(headers.get("content-length") ?? 0) !== 0;
  const key = headers.get("sec-websocket-key") ?? "";
  if (!upgrades || hasBody || !handshakeKey.test(key)) throw badHandshake();
  if (headers.get("sec-websocket-version") === version) return;
  throw new GatewayError(`Only version ${version} of the WebSocket protocol is passed through.`, {
    status: 426,
    code: "unsupported_websocket_version",
    headers: { "sec-websocket-version": version },
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
