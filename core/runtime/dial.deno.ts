import type { WebSocket } from "ws";
import { dialling } from "./dialling.node.ts";
import { badHandshake, subprotocols } from "./handshake.ts";
import { agentFor } from "./proxy.node.ts";
import type { Agent, ClientRequest, Dialled, IncomingMessage } from "./dialling.node.ts";
import type { HeaderPairs } from "../transport/types.ts";
import type { TunnelInit } from "./types.ts";

/** The longest message that is taken from an upstream, bytes: what Deno itself takes from a client. */
const messageLimit = 64 * 1024 * 1024;

/** Written anew for each connection. */
const ownHeaders = /^sec-websocket-(?:key|version|extensions)$/i;

/** Asks an upstream for a WebSocket, which is paused. Rejects as `dialling` does. */
export async function dial(init: TunnelInit): Promise<Dialled<WebSocket>> {
  // Deno's own WebSocket cannot be paused, and of a refusal it tells nothing but the status.
  const { WebSocket } = await import("ws");
  const { headers, protocols } = handshakeHeaders(init.headers);
  return dialling(init, (steps) => {
    let request: ClientRequest | undefined;
    let answer: IncomingMessage | undefined;
    let socket: WebSocket;
    try {
      socket = new WebSocket(init.url.replace(/^http/, "ws"), protocols, {
        headers,
        agent: agentFor(init.url, init.proxy) as Agent,
        perMessageDeflate: false,
        maxPayload: messageLimit,
        finishRequest(opened) {
          request = opened;
          opened.end();
        },
      });
    } catch (error) {
      // Subprotocols that no WebSocket may have; the URL was checked with the configuration.
      throw badHandshake(error);
    }
    socket.on("error", (error) => steps.failed(error));
    socket.once("unexpected-response", (_request, refused) => steps.answered({ answer: refused }));
    socket.once("upgrade", (accepted) => {
      answer = accepted;
      // An upstream may choose none of the subprotocols; ws would give its socket up.
      accepted.headers["sec-websocket-protocol"] ??= protocols[0];
    });
    socket.once("open", () => {
      socket.pause();
      steps.answered({ answer: answer as IncomingMessage, socket });
    });
    return request as unknown as ClientRequest;
  });
}

function handshakeHeaders(pairs: HeaderPairs): { headers: Record<string, string[]>; protocols: string[] } {
  const headers: Record<string, string[]> = {};
  const protocols: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const name = (pairs[i] ?? "").toLowerCase();
    const value = pairs[i + 1] ?? "";
    if (name === "sec-websocket-protocol") protocols.push(...subprotocols(value));
    else if (!ownHeaders.test(name)) (headers[name] ??= []).push(value);
  }
  return { headers, protocols };
}
