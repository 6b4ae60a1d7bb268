import type { IncomingMessage } from "node:http";
import { concat } from "../transport/body.ts";
import { bodyAborted, bodyTooLarge, bodyTooSlow } from "./body-errors.ts";
import { Client, closeWithConnection, connectionOf } from "./client.node.ts";
import { together } from "./defer.node.ts";
import { touch, unwatch, watch } from "./watchdog.ts";
import * as web from "./web.ts";
import type { HeaderPairs } from "../transport/types.ts";

export function rawTarget(request: Request): string {
  const connection = connectionOf(request);
  const target = connection?.req.url;
  if (!target?.startsWith("/")) return web.rawTarget(request);
  if (connection instanceof Client) return target;
  // An app that mounts the gateway takes its own base off. What else differs was cleaned up: then the original counts.
  const seen = web.rawTarget(request);
  return target.endsWith(seen) ? seen : target;
}

export function headerPairs(request: Request): HeaderPairs {
  return connectionOf(request)?.req.rawHeaders ?? web.headerPairs(request);
}

export function peerAddress(request: Request): string {
  return connectionOf(request)?.req.socket?.remoteAddress ?? web.peerAddress(request);
}

export function watchClient(request: Request, listener: () => void): void {
  const connection = connectionOf(request);
  if (connection instanceof Client) {
    connection.onGone = listener;
    return;
  }
  const res = connection?.res;
  if (!res) {
    web.watchClient(request, listener);
    return;
  }
  closeWithConnection(connection.req, res);
  res.once("close", () => {
    if (!res.writableFinished) listener();
  });
}

export function readBody(request: Request, limit: number, silence: number): Promise<Uint8Array> {
  const req = connectionOf(request)?.req;
  if (!req || request.bodyUsed) return web.readBody(request, limit, silence);
  if (Number(req.headers["content-length"] ?? 0) > limit) return Promise.reject(bodyTooLarge(limit));
  if (req.readableEnded || req.destroyed) return Promise.reject(bodyAborted());
  return new Promise((resolve) => {
    // A small body comes with its head: once the parser is through with what was read, it is here whole.
    together(() => {
      const whole = req.complete && req.readableLength <= limit;
      resolve(whole ? takeAll(req) : collect(req, limit, silence));
    });
  });
}

/** All that waits: newer Nodes give it piece by piece. */
function takeAll(req: IncomingMessage): Uint8Array {
  const first = (req.read() as Buffer | null) ?? new Uint8Array();
  let piece = req.read() as Buffer | null;
  if (piece === null) return first;
  const pieces: Uint8Array[] = [first];
  for (; piece !== null; piece = req.read() as Buffer | null) pieces.push(piece);
  return concat(
    pieces,
    pieces.reduce((size, one) => size + one.byteLength, 0),
  );
}

function collect(req: IncomingMessage, limit: number, silence: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const finish = (act: () => void): void => {
      unwatch(guard);
      req.off("data", onData).off("end", onEnd).off("close", onGone).off("error", onGone);
      act();
    };
    const refuse = (error: Error): void => {
      req.pause();
      finish(() => reject(error));
    };
    const guard = watch(silence, () => refuse(bodyTooSlow(silence)));
    const onData = (chunk: Uint8Array): void => {
      size += chunk.byteLength;
      if (size > limit) {
        refuse(bodyTooLarge(limit));
        return;
      }
      chunks.push(chunk);
      touch(guard);
    };
    const onEnd = (): void =>
      finish(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : concat(chunks, size)));
    const onGone = (error?: Error): void => finish(() => reject(bodyAborted(error)));
    req.on("data", onData).on("end", onEnd).on("close", onGone).on("error", onGone);
  });
}

export function streamBody(request: Request, silence: number): AsyncIterable<Uint8Array> | null {
  const req = connectionOf(request)?.req;
  if (!req || request.bodyUsed) return web.streamBody(request, silence);
  const { headers } = req;
  if (headers["content-length"] === "0" || !(headers["content-length"] ?? headers["transfer-encoding"])) {
    return null;
  }
  // Not the request itself: whoever is given a stream destroys it on failure, and with it the client's connection.
  return web.withSilence(req.iterator({ destroyOnReturn: false }), silence, () => req.destroyed);
}
