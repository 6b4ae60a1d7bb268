import { request as requestHTTP } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as requestHTTPS } from "node:https";
import type { Socket } from "node:net";
import { headerValue } from "../headers.ts";
import { transportError } from "../transport/failure.ts";
import { subprotocols } from "./handshake.ts";
import type { TransportFailure } from "../transport/failure.ts";
import type { HeaderPairs } from "../transport/types.ts";
import type { TunnelInit } from "./types.ts";

/** How an upstream answered a handshake: with a socket, or with a refusal. */
export interface Dialled {
  answer: IncomingMessage;
  /** The open WebSocket, paused, with what came after the answer still in it. */
  socket?: Socket;
}

/**
 * Asks an upstream for a WebSocket. The connection may take `connectTimeout`, and so may the answer after it.
 * Rejects with a GatewayError (502, 504).
 */
export function dial(init: TunnelInit): Promise<Dialled> {
  return new Promise((resolve, reject) => {
    let request: ClientRequest;
    try {
      request = openRequest(init);
    } catch (error) {
      reject(transportError("connect_failed", error));
      return;
    }
    let connected = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let forget: (() => void) | undefined;
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      forget?.();
      act();
    };
    const fail = (failure: TransportFailure, cause?: unknown): void => {
      settle(() => reject(transportError(failure, cause)));
      request.destroy();
    };
    const wait = (failure: TransportFailure): void => {
      clearTimeout(timer);
      if (init.connectTimeout > 0) timer = setTimeout(fail, init.connectTimeout, failure);
    };
    wait("connect_timeout");
    request.on("error", (error) => fail(classify(error, connected), error));
    onConnection(request, () => {
      connected = true;
      wait("first_byte_timeout");
    });
    request.once("response", (answer) => settle(() => resolve({ answer })));
    request.once("upgrade", (answer, socket: Socket, head) => {
      // From here on nobody else listens, and an error without a listener ends the process.
      socket.on("error", () => {});
      if (answer.headers.upgrade?.toLowerCase() !== "websocket") {
        fail("bad_answer", new Error("switched to another protocol"));
        socket.destroy();
        return;
      }
      if (head.byteLength > 0) socket.unshift(head);
      settle(() => resolve({ answer, socket }));
    });
    forget = init.canceller.onCancel((reason) => fail("cancelled", reason));
    request.end();
  });
}

function openRequest({ url, headers }: TunnelInit): ClientRequest {
  const target = new URL(url);
  const pathAt = url.indexOf("/", url.indexOf("://") + 3);
  const open = target.protocol === "https:" ? requestHTTPS : requestHTTP;
  return open({
    // A connection of its own, which no pool takes back.
    agent: false,
    hostname: target.hostname.replace(/^\[|\]$/g, ""),
    port: target.port,
    // As written: `URL` would clean it.
    path: pathAt < 0 ? "/" : url.slice(pathAt),
    headers: handshakeHeaders(headers, target.host),
  });
}

function handshakeHeaders(headers: HeaderPairs, host: string): HeaderPairs {
  const out: HeaderPairs = [];
  if (headerValue(headers, "host") === undefined) out.push("host", host);
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? "";
    const value = headers[i + 1] ?? "";
    // Once the client's key is taken out of it, this one may be empty, which is not allowed.
    if (name.toLowerCase() === "sec-websocket-protocol" && subprotocols(value).length === 0) continue;
    out.push(name, value);
  }
  out.push("connection", "Upgrade", "upgrade", "websocket");
  return out;
}

function onConnection(request: ClientRequest, listener: () => void): void {
  request.once("socket", (socket) => {
    socket.once("encrypted" in socket ? "secureConnect" : "connect", listener);
  });
}

function classify(error: Error & { code?: string }, connected: boolean): TransportFailure {
  if (!connected) return "connect_failed";
  return error.code?.startsWith("HPE_") ? "bad_answer" : "connection_lost";
}
