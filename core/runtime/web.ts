import { Relay } from "../relay.ts";
import type { RelayHooks } from "../relay.ts";
import { concat, toStream } from "../transport/body.ts";
import { bodyAborted, bodyTooLarge, bodyTooSlow } from "./body-errors.ts";
import { GatewayError } from "../errors.ts";
import { reasonPhrase } from "../headers.ts";
import { touch, unwatch, watch } from "./watchdog.ts";
import type { HeaderPairs } from "../transport/types.ts";
import type { RequestInfo, TunnelInit, Unpacker } from "./types.ts";

export { closeConnections, send } from "../transport/fetch.ts";

export const name = "web";

/** A Response that knows the relay of its body. */
class RelayedResponse extends Response {
  readonly relay: Relay;

  constructor(relay: Relay, init: ResponseInit) {
    super(relayBody(relay), init);
    this.relay = relay;
  }
}

export function respond(
  status: number,
  statusText: string,
  headers: HeaderPairs,
  relay: Relay | null,
): Response {
  const init = { status, statusText: reasonPhrase(statusText) };
  const response = relay ? new RelayedResponse(relay, init) : new Response(null, init);
  // Added one by one, because more of them follow: what is made of an init costs Deno three times as much.
  const made = response.headers;
  for (let i = 0; i < headers.length; i += 2) made.append(headers[i] ?? "", headers[i + 1] ?? "");
  return response;
}

/** Bytes go as they are; what is on the wire goes as a stream that reports back. */
function relayBody(relay: Relay): BodyInit {
  if (relay.source instanceof Uint8Array) return relay.source as Uint8Array<ArrayBuffer>;
  return toStream({
    ready: () => Promise.resolve(),
    start(sink) {
      relay.open({
        write(chunk) {
          sink.chunk(chunk);
          return true;
        },
        end() {
          sink.end();
          relay.delivered();
        },
        break(error, tail) {
          // Nobody is there to be told; the server drops the stream by itself.
          if (error instanceof GatewayError && error.code === "client_gone") return;
          // Where the server takes the stream, it prints what broke it: one line, no stack.
          const reason = relay.hooks && error instanceof Error ? error.message : error;
          if (tail) sink.chunk(tail);
          sink.fail(reason);
        },
      });
    },
    pause: () => void (relay.source instanceof Uint8Array || relay.source.pause()),
    resume: () => relay.drained(),
    cancel: (reason) => relay.abandoned(reason),
  });
}

export function relayOf(response: Response): Relay | undefined {
  return response instanceof RelayedResponse && !response.bodyUsed ? response.relay : undefined;
}

/** Bytes in memory are handed over whole, and there is no one to say when they went out: they count as sent. */
export function attach(relay: Relay, hooks: RelayHooks): void {
  relay.hooks = hooks;
  if (!(relay.source instanceof Uint8Array)) return;
  relay.open({ write: () => true, end() {}, break() {} });
  relay.delivered();
}

export function setHeaders(response: Response, headers: HeaderPairs): Response {
  try {
    for (let i = 0; i < headers.length; i += 2) response.headers.set(headers[i] ?? "", headers[i + 1] ?? "");
    return response;
  } catch {
    // Answers of fetch have headers that cannot be changed.
    const copy = new Response(response.body, response);
    return setHeaders(copy, headers);
  }
}

export function rawTarget(request: Request): string {
  const { url } = request;
  const authorityAt = url.indexOf("://") + 3;
  const at = url.indexOf("/", authorityAt);
  const queryAt = url.indexOf("?", authorityAt);
  // Deno leaves the path out where a whole URL came without one: `http://host?query`.
  if (queryAt >= 0 && (at < 0 || queryAt < at)) return `/${url.slice(queryAt)}`;
  return at < 0 ? "/" : url.slice(at);
}

export function headerPairs(request: Request): HeaderPairs {
  const pairs: HeaderPairs = [];
  // A call of ours for each costs Deno a third of its iterator.
  request.headers.forEach((value, name) => pairs.push(name, value));
  return pairs;
}

export function peerAddress(request: Request): string {
  return (request as Request & RequestInfo).ip ?? "";
}

export function watchClient(request: Request, listener: () => void): void {
  if (request.signal.aborted) listener();
  else request.signal.addEventListener("abort", listener, { once: true });
}

export async function readBody(request: Request, limit: number, silence: number): Promise<Uint8Array> {
  const length = Number(request.headers.get("content-length") ?? Number.NaN);
  if (length > limit) throw bodyTooLarge(limit);
  if (length <= shortBody && isAsServed(request)) return readShortBody(request, silence);
  return request.body ? collect(request, request.body, limit, silence) : new Uint8Array();
}

/** Bytes up to which a body is asked for whole: that spares all that a stream costs, but its pieces are not seen. */
const shortBody = 64 * 1024;

/**
 * Whether a request is the one that a server made, and ends where its length says. One that an app put in its place,
 * perhaps with its body unpacked, lacks what only a server can tell.
 */
function isAsServed(request: Request & RequestInfo): boolean {
  return request.ip !== undefined && request.headers.get("transfer-encoding") === null;
}

/** Reads a body that has to be here within `silence` ms, as a whole. */
function readShortBody(request: Request, silence: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const guard = watch(silence, () => reject(bodyTooSlow(silence)));
    request.arrayBuffer().then(
      (bytes) => {
        unwatch(guard);
        resolve(new Uint8Array(bytes));
      },
      (error: unknown) => {
        unwatch(guard);
        reject(bodyAborted(error));
      },
    );
  });
}

async function collect(
  request: Request,
  body: ReadableStream<Uint8Array>,
  limit: number,
  silence: number,
): Promise<Uint8Array> {
  const reader = body.getReader();
  let late = false;
  // A cancel ends the read that waits.
  const guard = watch(silence, () => {
    late = true;
    reader.cancel().catch(() => {});
  });
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (late) throw bodyTooSlow(silence);
      if (done) return chunks.length === 1 && chunks[0] ? chunks[0] : concat(chunks, size);
      touch(guard);
      size += value.byteLength;
      if (size > limit) throw bodyTooLarge(limit);
      chunks.push(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    throw error instanceof GatewayError && !request.signal.aborted ? error : bodyAborted(error);
  } finally {
    unwatch(guard);
  }
}

export function streamBody(request: Request, silence: number): AsyncIterable<Uint8Array> | null {
  if (!request.body) return null;
  return withSilence(readerIterator(request.body), silence, () => request.signal.aborted);
}

async function* readerIterator(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Fails the read that is still waiting, when the taker gave up.
    reader.cancel().catch(() => {});
  }
}

/** Passes pieces on; throws 408 after `silence` ms without one, 499 when the source breaks. */
export async function* withSilence(
  source: AsyncIterator<Uint8Array>,
  silence: number,
  gone: () => boolean,
): AsyncGenerator<Uint8Array, undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(bodyTooSlow(silence)), silence);
        // A body that nobody waits for any more, as its call is over, holds no process.
        (timer as { unref?(): void }).unref?.();
      });
      const next = await Promise.race([source.next(), late]);
      clearTimeout(timer);
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    throw error instanceof GatewayError && !gone() ? error : bodyAborted(error);
  } finally {
    clearTimeout(timer);
    void Promise.resolve(source.return?.()).catch(() => {});
  }
}

/** Its `fetch` unpacks by itself. */
export function unpack(): Unpacker | undefined {
  return undefined;
}

export async function tunnel(_init: TunnelInit): Promise<Response> {
  throw new GatewayError("This platform cannot pass WebSockets through.", {
    status: 501,
    code: "websocket_unsupported",
  });
}
