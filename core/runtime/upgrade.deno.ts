import { headerValue } from "../headers.ts";
import { dial } from "./dial.deno.ts";
import { dialledHeaders, refusalBody } from "./dialling.node.ts";
import { badHandshake, checkHandshake, chosenProtocol } from "./handshake.ts";
import { Tunnel } from "./tunnel.deno.ts";
import * as web from "./web.ts";
import type { Relay } from "../relay.ts";
import type { HeaderPairs } from "../transport/types.ts";
import type { TunnelInit } from "./types.ts";

/** The part of Deno that is used here. */
interface DenoNamespace {
  upgradeWebSocket(
    request: Request,
    options: { idleTimeout?: number },
  ): { socket: WebSocket; response: Response };
}

declare const Deno: DenoNamespace;

/** s after which a silent client is asked whether it is still there; one that answers may stay silent for hours. */
const idleTimeout = 30;

const relays = new WeakMap<Response, Relay>();

/** The same as on any platform, and the relay of a tunnel. */
export function relayOf(response: Response): Relay | undefined {
  return relays.get(response) ?? web.relayOf(response);
}

export async function tunnel(init: TunnelInit): Promise<Response> {
  checkHandshake(init.request);
  const { answer, socket: upstream } = await dial(init);
  const headers = dialledHeaders(answer);
  if (!upstream) {
    const { statusCode = 502, statusMessage = "" } = answer;
    return web.respond(statusCode, statusMessage, headers, refusalBody(answer, init.connectTimeout));
  }
  const tunnel = new Tunnel(upstream, init.canceller);
  try {
    const { socket, response } = Deno.upgradeWebSocket(init.request, { idleTimeout });
    tunnel.join(socket);
    addHeaders(response, headers, init);
    relays.set(response, tunnel.relay);
    return response;
  } catch (error) {
    tunnel.discard();
    throw badHandshake(error);
  }
}

/** Of this socket's own, all but the subprotocol are there already. */
const ownHeaders = /^(?:date|content-length|sec-websocket-.*)$/;

function addHeaders(response: Response, headers: HeaderPairs, { request, headers: sent }: TunnelInit): void {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? "";
    if (!ownHeaders.test(name)) response.headers.append(name, headers[i + 1] ?? "");
  }
  const protocol = chosenProtocol(request, sent, headerValue(headers, "sec-websocket-protocol"));
  if (protocol) response.headers.set("sec-websocket-protocol", protocol);
}
