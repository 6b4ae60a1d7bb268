import { ServerResponse } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { NodeRequest, sendNodeResponse } from "srvx/node";
import { headerValue, setHeader } from "../headers.ts";
import { relayOf, respond } from "./answer.node.ts";
import { Client } from "./client.node.ts";
import { dial } from "./dial.node.ts";
import { dialledHeaders, refusalBody } from "./dialling.node.ts";
import { checkHandshake, chosenProtocol, upgradeUnsupported } from "./handshake.ts";
import { Tunnel } from "./tunnel.node.ts";
import type { TunnelInit } from "./types.ts";

/** A request that came over `upgradeListener`, and the tunnel that was made for it. */
interface Arrival {
  tunnel?: Tunnel;
}

const arrivals = new WeakMap<Request, Arrival>();

export async function tunnel(init: TunnelInit): Promise<Response> {
  checkHandshake(init.request);
  const arrival = arrivals.get(init.request);
  if (!arrival) throw upgradeUnsupported();
  const { answer, socket } = await dial(init);
  const headers = dialledHeaders(answer);
  if (!socket) {
    const { statusCode = 502, statusMessage = "" } = answer;
    return respond(statusCode, statusMessage, headers, refusalBody(answer, init.connectTimeout));
  }
  const protocol = chosenProtocol(init.request, init.headers, headerValue(headers, "sec-websocket-protocol"));
  if (protocol) setHeader(headers, "sec-websocket-protocol", protocol);
  arrival.tunnel = new Tunnel(socket, init.canceller);
  return respond(101, "Switching Protocols", headers, arrival.tunnel.relay);
}

/**
 * What a Node server does on its event `upgrade`: WebSockets go through the gateway's pipeline and are joined to
 * their upstream; a request to switch to anything else is answered as if it did not ask for that.
 */
export function upgradeListener(
  fetch: (request: Request) => Promise<Response>,
): (this: Server, req: IncomingMessage, socket: Duplex, head: Uint8Array) => void {
  return function (req, socket, head) {
    // Node's own listener is gone from here on, and an error without a listener ends the process.
    socket.on("error", ignore);
    if (isAnswering(socket)) {
      // Pipelined behind a request that is being answered: the answers would run into each other.
      socket.destroy();
      return;
    }
    if (head.byteLength > 0) socket.unshift(head);
    if (asksForWebSocket(req)) {
      answer(fetch, req, socket as Socket).catch(() => socket.destroy());
    } else {
      socket.off("error", ignore);
      serveWithoutUpgrade(this, req, socket);
    }
  };
}

function ignore(): void {}

function isAnswering(socket: Duplex & { _httpMessage?: ServerResponse | null }): boolean {
  return Boolean(socket._httpMessage);
}

function asksForWebSocket(req: IncomingMessage): boolean {
  return (
    req.method === "GET" && req.httpVersion === "1.1" && req.headers.upgrade?.toLowerCase() === "websocket"
  );
}

/** Hands the connection back to its server, with the same request less the header that we do not follow (RFC 9110 section 7.8). */
function serveWithoutUpgrade(server: Server, req: IncomingMessage, socket: Duplex): void {
  const lines = [`${req.method} ${req.url} HTTP/${req.httpVersion}`];
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    if (req.rawHeaders[i]?.toLowerCase() !== "upgrade")
      lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`);
  }
  socket.unshift(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"));
  // Node's own listener is the first; the others have seen this connection already.
  const [own] = server.listeners("encrypted" in socket ? "secureConnection" : "connection");
  own?.call(server, socket);
}

async function answer(
  fetch: (request: Request) => Promise<Response>,
  req: IncomingMessage,
  socket: Socket,
): Promise<void> {
  const res = new ServerResponse(req);
  res.shouldKeepAlive = false;
  res.assignSocket(socket);
  const onDrain = (): void => void res.emit("drain");
  const onLeft = (): void => void socket.destroy();
  socket.on("drain", onDrain).once("end", onLeft);
  res.once("finish", () => socket.destroySoon());
  // Only who reads sees the client leave.
  socket.read(0);
  const request = new NodeRequest(new Client(req, res));
  const arrival: Arrival = {};
  arrivals.set(request, arrival);
  const response = await fetch(request);
  const { tunnel } = arrival;
  const relay = relayOf(response);
  if (!tunnel || relay !== tunnel.relay) {
    tunnel?.discard();
    if (socket.destroyed) relay?.abandoned();
    else await sendNodeResponse(res, response);
    return;
  }
  if (socket.destroyed) {
    tunnel.abandon();
    return;
  }
  socket.off("drain", onDrain).off("end", onLeft);
  writeHead(res, response);
  res.detachSocket(socket);
  tunnel.join(socket);
}

function writeHead(res: ServerResponse, response: Response): void {
  res.sendDate = false;
  const headers = [...response.headers].flat();
  res.writeHead(101, "Switching Protocols", [...headers, "connection", "Upgrade", "upgrade", "websocket"]);
  res.flushHeaders();
}
