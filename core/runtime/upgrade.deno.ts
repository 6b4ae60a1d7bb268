import { GatewayError } from "../errors.ts";
import { transportError } from "../transport/failure.ts";
import { chosenProtocol, subprotocols } from "./handshake.ts";
import { Tunnel } from "./tunnel.deno.ts";
import * as web from "./web.ts";
import type { Relay } from "../relay.ts";
import type { TransportFailure } from "../transport/failure.ts";
import type { TunnelInit } from "./types.ts";

/** The part of Deno that is used here. */
interface DenoNamespace {
  upgradeWebSocket(
    request: Request,
    options: { protocol?: string | undefined; idleTimeout?: number },
  ): { socket: WebSocket; response: Response };
}

declare const Deno: DenoNamespace;

/** Deno's own WebSocket takes headers too. */
type DenoWebSocket = new (url: string, options: { protocols: string[]; headers: string[][] }) => WebSocket;

/** s after which a silent client is asked whether it is still there; one that answers may stay silent for hours. */
const idleTimeout = 30;

const relays = new WeakMap<Response, Relay>();

/** The same as on any platform, and the relay of a tunnel. */
export function relayOf(response: Response): Relay | undefined {
  return relays.get(response) ?? web.relayOf(response);
}

export async function tunnel(init: TunnelInit): Promise<Response> {
  const { request, canceller } = init;
  const { method, headers } = request;
  if (method !== "GET" || !headers.get("sec-websocket-key")) throw badHandshake();
  const upstream = openSocket(init);
  const tunnel = new Tunnel(upstream, canceller);
  await opened(upstream, init);
  const protocol = chosenProtocol(request, init.headers, upstream.protocol);
  try {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol, idleTimeout });
    tunnel.join(socket);
    relays.set(response, tunnel.relay);
    return response;
  } catch (error) {
    tunnel.discard();
    throw badHandshake(error);
  }
}

function badHandshake(cause?: unknown): GatewayError {
  const message = "This request to open a WebSocket is not valid.";
  return new GatewayError(message, { status: 400, code: "invalid_handshake", cause });
}

/** Written by Deno for each connection; a second one would not take its place. */
const ownHeaders = /^(?:user-agent|host|sec-websocket-.*)$/i;

function openSocket({ url, headers }: TunnelInit): WebSocket {
  const passedOn: string[][] = [];
  let protocols: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? "";
    const value = headers[i + 1] ?? "";
    if (name.toLowerCase() === "sec-websocket-protocol") protocols = [...protocols, ...subprotocols(value)];
    else if (!ownHeaders.test(name)) passedOn.push([name, value]);
  }
  try {
    return new (WebSocket as unknown as DenoWebSocket)(url.replace(/^http/, "ws"), {
      protocols,
      headers: passedOn,
    });
  } catch (error) {
    // Subprotocols that no WebSocket may have; the URL was checked with the configuration.
    throw badHandshake(error);
  }
}

/** Resolves when the upstream's socket is open. Rejects with a GatewayError: 502, 504, or the upstream's own refusal. */
function opened(upstream: WebSocket, { canceller, connectTimeout }: TunnelInit): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let forget: (() => void) | undefined;
    const settle = (error?: GatewayError): void => {
      clearTimeout(timer);
      forget?.();
      if (error) {
        reject(error);
        upstream.close();
      } else resolve();
    };
    const fail = (failure: TransportFailure, cause?: unknown): void => settle(transportError(failure, cause));
    if (connectTimeout > 0) timer = setTimeout(fail, connectTimeout, "connect_timeout");
    upstream.addEventListener("open", () => settle());
    upstream.addEventListener("error", (event) => settle(refusal((event as ErrorEvent).message)));
    upstream.addEventListener("close", () => fail("connection_lost"));
    forget = canceller.onCancel((reason) => fail("cancelled", reason));
  });
}

/** Of an upstream that refuses the socket, this runtime tells the status, and nothing else. */
function refusal(message: string): GatewayError {
  const status = Number(/status code: (\d{3})/.exec(message)?.[1]);
  if (!(status >= 400)) return transportError("connect_failed", new Error(message));
  const text = `The upstream refused the WebSocket with status ${status}.`;
  return new GatewayError(text, { status, code: "upstream_refused", retryable: true });
}
