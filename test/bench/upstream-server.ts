/**
 * The upstream as a process of its own: `upstream-server.ts PORT`.
 * Answers a chat call at once, and a call with `"stream":true` with chunks that are written one by one.
 */
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { chatAnswer, pacedMark, paceMs, sseEvents } from "./payloads.ts";

/** Each event framed for chunked transfer once, since the upstream shares a core with the load generator. */
const frames = sseEvents.map((event) =>
  Buffer.from(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`),
);

const server = createServer(async (request, response) => {
  const body = await text(request).catch(() => undefined);
  if (body === undefined) {
    response.destroy();
    return;
  }
  if (!body.includes('"stream":true')) {
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(chatAnswer),
    });
    response.end(chatAnswer);
    return;
  }
  response.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "transfer-encoding": "chunked",
  });
  response.flushHeaders();
  if (body.includes(pacedMark)) await streamPaced(response);
  else streamFast(response);
});

/** Writes one chunk per turn of the event loop, straight to the socket, which costs less than `response.write`. */
function streamFast(response: ServerResponse): void {
  let next = 0;
  const step = () => {
    const socket = response.socket;
    if (!socket || socket.destroyed) return;
    if (next === frames.length) {
      response.end();
      return;
    }
    if (socket.write(frames[next++]!)) setImmediate(step);
    else socket.once("drain", step);
  };
  step();
}

async function streamPaced(response: ServerResponse): Promise<void> {
  for (const frame of frames) {
    if (!response.socket || response.socket.destroyed) return;
    response.socket.write(frame);
    await delay(paceMs);
  }
  response.end();
}

server.keepAliveTimeout = 0;
server.requestTimeout = 0;
server.listen(Number(process.argv[2]), "127.0.0.1");
