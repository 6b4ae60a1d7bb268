import { STATUS_CODES } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { FastResponse } from "srvx/node";
import type { Relay, RelayHooks } from "../relay.ts";
import { concat } from "../transport/body.ts";
import { bodyAborted, bodyTooLarge, bodyTooSlow } from "./body-errors.ts";
import { touch, unwatch, watch } from "./watchdog.ts";
import * as web from "./web.ts";
import type { HeaderPairs } from "../transport/types.ts";

export { closeConnections, send } from "../transport/undici.ts";
export { tunnel, upgradeListener } from "./upgrade.node.ts";

export const name = "node";

/** What srvx hangs on a request that came through a Node server. */
interface NodeBacked {
  runtime?: { node?: { req: IncomingMessage; res?: ServerResponse } };
  ip?: string;
}

function nodeSide(request: Request): { req: IncomingMessage; res?: ServerResponse } | undefined {
  return (request as Request & NodeBacked).runtime?.node;
}

/**
 * srvx's light Response with a body that writes itself straight to Node's response: `pipe` is all
 * that srvx asks of it. Where a plugin looks at the body, srvx makes a web stream of the same pipe.
 */
class RelayedResponse extends FastResponse {
  readonly relay: Relay;
  readonly pairs: [string, string][];
  #headersTaken = false;

  constructor(status: number, statusText: string, pairs: [string, string][], relay: Relay) {
    const init = { status, statusText: statusText || (STATUS_CODES[status] ?? ""), headers: pairs };
    super(pipeable(relay) as unknown as BodyInit, init);
    this.relay = relay;
    this.pairs = pairs;
  }

  override get headers(): Headers {
    this.#headersTaken = true;
    return super.headers;
  }

  /** Sets headers without making a Headers object, as long as nobody else made one. */
  set(headers: HeaderPairs): void {
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] ?? "";
      const value = headers[i + 1] ?? "";
      if (this.#headersTaken) {
        this.headers.set(name, value);
        continue;
      }
      const at = this.pairs.findIndex((pair) => pair[0] === name);
      if (at >= 0) this.pairs[at] = [name, value];
      else this.pairs.push([name, value]);
    }
  }
}

/** What srvx does with a body that is no web stream: `destroy` where the client left before there was one. */
interface Pipeable {
  pipe(target: Writable): void;
  destroy(): void;
}

function pipeable(relay: Relay): Pipeable {
  return { pipe: (target) => pipeRelay(relay, target), destroy: () => relay.abandoned() };
}

function pipeRelay(relay: Relay, target: Writable): void {
  const socketBacked = "writeHead" in target;
  target.on("close", () => {
    if (target.writableFinished) relay.delivered();
    else relay.abandoned();
  });
  if (relay.source instanceof Uint8Array) {
    const { source } = relay;
    relay.open({ write: () => true, end: () => endWith(target, source, socketBacked), break: () => {} });
    return;
  }
  target.on("drain", () => relay.drained());
  if (target.destroyed) {
    relay.abandoned();
    return;
  }
  // The head goes out at once: a client may wait for it long before the first piece comes.
  if (socketBacked) (target as ServerResponse).flushHeaders();
  relay.open({
    write: (chunk) => target.write(chunk),
    end: () => target.end(),
    break(error, tail) {
      const cut = (): void => void target.destroy(socketBacked ? undefined : (error as Error));
      if (tail && target.writable) target.write(tail, cut);
      else cut();
    },
  });
}

/** Up to this, copying a body costs less than a second buffer on its way into the socket. */
const joinedLimit = 16 * 1024;

/** Node joins a string to the head and writes both at once; as latin1 the bytes stay what they are. */
function endWith(target: Writable, bytes: Uint8Array, socketBacked: boolean): void {
  if (!socketBacked || bytes.byteLength > joinedLimit) {
    target.end(bytes);
    return;
  }
  const { buffer, byteOffset, byteLength } = bytes;
  target.end(Buffer.from(buffer, byteOffset, byteLength).toString("latin1"), "latin1");
}

export function respond(
  status: number,
  statusText: string,
  headers: HeaderPairs,
  relay: Relay | null,
): Response {
  const pairs: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) pairs.push([headers[i] ?? "", headers[i + 1] ?? ""]);
  if (relay) return new RelayedResponse(status, statusText, pairs, relay);
  return new FastResponse(null, { status, statusText, headers: pairs });
}

export function relayOf(response: Response): Relay | undefined {
  return response instanceof RelayedResponse ? response.relay : undefined;
}

export function attach(relay: Relay, hooks: RelayHooks): void {
  relay.hooks = hooks;
}

export function setHeaders(response: Response, headers: HeaderPairs): Response {
  if (!(response instanceof RelayedResponse)) return web.setHeaders(response, headers);
  response.set(headers);
  return response;
}

export function rawTarget(request: Request): string {
  return nodeSide(request)?.req.url ?? web.rawTarget(request);
}

export function headerPairs(request: Request): HeaderPairs {
  return nodeSide(request)?.req.rawHeaders ?? web.headerPairs(request);
}

export function peerAddress(request: Request): string {
  return nodeSide(request)?.req.socket?.remoteAddress ?? web.peerAddress(request);
}

export function watchClient(request: Request, listener: () => void): void {
  const node = nodeSide(request);
  if (!node?.res) {
    web.watchClient(request, listener);
    return;
  }
  const { res } = node;
  res.once("close", () => {
    if (!res.writableFinished) listener();
  });
}

export function readBody(request: Request, limit: number, silence: number): Promise<Uint8Array> {
  const req = nodeSide(request)?.req;
  if (!req || request.bodyUsed) return web.readBody(request, limit, silence);
  if (Number(req.headers["content-length"] ?? 0) > limit) return Promise.reject(bodyTooLarge(limit));
  if (req.readableEnded || req.destroyed) return Promise.reject(bodyAborted());
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
  const req = nodeSide(request)?.req;
  if (!req || request.bodyUsed) return web.streamBody(request, silence);
  const { headers } = req;
  if (headers["content-length"] === "0" || !(headers["content-length"] ?? headers["transfer-encoding"])) {
    return null;
  }
  // Not the request itself: whoever is given a stream destroys it on failure, and with it the client's connection.
  return web.withSilence(req.iterator({ destroyOnReturn: false }), silence, () => req.destroyed);
}
