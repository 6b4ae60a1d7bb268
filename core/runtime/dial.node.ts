import { request as requestHTTP } from "node:http";
import type { ClientRequest } from "node:http";
import { request as requestHTTPS } from "node:https";
import type { Socket } from "node:net";
import { headerValue } from "../headers.ts";
import { dialling } from "./dialling.node.ts";
import { subprotocols } from "./handshake.ts";
import { agentFor } from "./proxy.node.ts";
import type { Dialled } from "./dialling.node.ts";
import type { HeaderPairs } from "../transport/types.ts";
import type { TunnelInit } from "./types.ts";

/**
 * Asks an upstream for a WebSocket. The socket is paused, with what came after the answer still in it.
 * Rejects as `dialling` does.
 */
export function dial(init: TunnelInit): Promise<Dialled<Socket>> {
  return dialling(init, (steps) => {
    const request = openRequest(init);
    request.on("error", (error) => steps.failed(error));
    request.once("response", (answer) => steps.answered({ answer }));
    request.once("upgrade", (answer, socket: Socket, head) => {
      // From here on nobody else listens, and an error without a listener ends the process.
      socket.on("error", () => {});
      if (answer.headers.upgrade?.toLowerCase() !== "websocket") {
        steps.failed(new Error("switched to another protocol"));
        socket.destroy();
        return;
      }
      if (head.byteLength > 0) socket.unshift(head);
      steps.answered({ answer, socket });
    });
    request.end();
    return request;
  });
}

function openRequest({ url, headers, proxy }: TunnelInit): ClientRequest {
  const target = new URL(url);
  const pathAt = url.indexOf("/", url.indexOf("://") + 3);
  const open = target.protocol === "https:" ? requestHTTPS : requestHTTP;
  return open({
    agent: agentFor(url, proxy),
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
