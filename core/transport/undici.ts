import { Pool, ProxyAgent } from "undici";
import type { Dispatcher } from "undici";
import { GatewayError } from "../errors.ts";
import { together } from "../runtime/defer.node.ts";
import { touch, unwatch, watch } from "../runtime/watchdog.ts";
import { transportError } from "./failure.ts";
import type { TransportFailure } from "./failure.ts";
import type { Watched } from "../runtime/watchdog.ts";
import type { BodySink, HeaderPairs, Timeouts, TransportAnswer, TransportInit, WireBody } from "./types.ts";

/**
 * The transport of Node and Deno: undici's dispatcher over a pool per origin. It hands the body's
 * pieces on as they come, with no stream object in between, and leaves compressed bytes as they are.
 */
export function send(url: string, init: TransportInit): Promise<TransportAnswer> {
  return new Promise((resolve, reject) => {
    if (init.canceller.cancelled) {
      reject(transportError("cancelled", init.canceller.reason));
      return;
    }
    const pathAt = url.indexOf("/", url.indexOf("://") + 3);
    const origin = pathAt < 0 ? url : url.slice(0, pathAt);
    const exchange = new Exchange(init, resolve, reject);
    try {
      dispatcher(origin, init).dispatch(
        {
          origin,
          path: pathAt < 0 ? "/" : url.slice(pathAt),
          method: init.method as Dispatcher.HttpMethod,
          headers: init.headers,
          body: init.body as Dispatcher.DispatchOptions["body"],
          headersTimeout: init.timeouts.firstByte,
          bodyTimeout: looseBodyTimeout(init.timeouts),
        },
        exchange,
      );
    } catch (error) {
      reject(transportError("connect_failed", error));
    }
  });
}

/**
 * Silence is watched here: undici would make two timers for each request where its two time-outs differ, which live
 * long enough to fill the memory. With the same twice, it keeps one for each connection; it is never the first to fire.
 */
function looseBodyTimeout({ firstByte, silence }: Timeouts): number {
  return silence > 0 && silence < firstByte ? firstByte : 0;
}

/** ms; longer than idle connections take to close. */
const closePatience = 500;

/** Closes pooled connections. Those in use, by another gateway of this process, close after that; they are not waited for. */
export async function closeConnections(): Promise<void> {
  const closing = [...dispatchers.values()].map((one) => one.close());
  dispatchers.clear();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, closePatience);
  });
  await Promise.race([Promise.allSettled(closing), patience]);
  clearTimeout(timer);
}

const dispatchers = new Map<string, Dispatcher>();

function dispatcher(origin: string, init: TransportInit): Dispatcher {
  const key = init.proxy || init.timeouts.connect !== defaultConnect ? variantKey(origin, init) : origin;
  const known = dispatchers.get(key);
  if (known) return known;
  const connect = { timeout: init.timeouts.connect };
  const made = init.proxy
    ? new ProxyAgent({ uri: init.proxy, requestTls: connect, proxyTls: connect })
    : new Pool(origin, { connect, keepAliveTimeout: 15_000 });
  dispatchers.set(key, made);
  return made;
}

const defaultConnect = 10_000;

function variantKey(origin: string, init: TransportInit): string {
  return `${origin} ${init.timeouts.connect} ${init.proxy ?? ""}`;
}

/** How much of a body may wait for its taker before the connection is read no further. */
const waitingLimit = 64 * 1024;

/** One request and its answer: undici's handler on one side, a WireBody on the other. */
class Exchange implements Dispatcher.DispatchHandler, WireBody {
  readonly #resolve: (answer: TransportAnswer) => void;
  readonly #reject: (error: GatewayError) => void;
  #controller: Dispatcher.DispatchController | undefined;
  readonly #silence: number;
  #forget: () => void;
  #guard: Watched | undefined;
  #answered = false;
  #closed = false;
  #sink: BodySink | undefined;
  #waiting: Uint8Array[] = [];
  #waitingSize = 0;
  #ended: { error?: unknown } | undefined;
  #onReady: ((error?: unknown) => void) | undefined;

  constructor(
    init: TransportInit,
    resolve: (answer: TransportAnswer) => void,
    reject: (error: GatewayError) => void,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#silence = init.timeouts.silence;
    this.#forget = init.canceller.onCancel((reason) => this.#abort(reason));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#closed) controller.abort(new Error("cancelled"));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
    statusText?: string,
  ): void {
    if (status < 200) return;
    this.#answered = true;
    this.#watch();
    // A small body comes with its head: when the step is taken, it is here whole.
    together(() => {
      this.#resolve({ status, statusText: statusText ?? "", headers: toPairs(headers), body: this });
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#guard) touch(this.#guard);
    if (this.#sink) {
      this.#sink.chunk(chunk);
      return;
    }
    this.#waiting.push(chunk);
    this.#waitingSize += chunk.byteLength;
    this.#onReady?.();
    if (this.#waitingSize > waitingLimit) this.pause();
  }

  onResponseEnd(): void {
    this.#unwatch();
    this.#forget();
    this.#ended = {};
    this.#onReady?.();
    this.#sink?.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#unwatch();
    this.#forget();
    // A request body that stopped coming is no failure of the upstream: it brings its own error.
    const failure =
      error instanceof GatewayError ? error : transportError(classify(error, this.#answered), error);
    if (!this.#answered) {
      this.#reject(failure);
      return;
    }
    if (this.#closed) return;
    this.#ended = { error: failure };
    this.#onReady?.(failure);
    this.#sink?.fail(failure);
  }

  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onReady = (error) => (error === undefined ? resolve() : reject(error));
      if (this.#waiting.length > 0) resolve();
      else if (this.#ended) this.#onReady(this.#ended.error);
    });
  }

  whole(): Uint8Array | undefined {
    const isHere = this.#ended && !("error" in this.#ended) && this.#waiting.length === 1;
    return isHere ? this.#waiting[0] : undefined;
  }

  start(sink: BodySink): void {
    for (const chunk of this.#waiting) sink.chunk(chunk);
    this.#waiting = [];
    if (this.#ended) {
      if ("error" in this.#ended) sink.fail(this.#ended.error);
      else sink.end();
      return;
    }
    this.#sink = sink;
    if (this.#waitingSize > waitingLimit) this.resume();
  }

  pause(): void {
    // Who is not asked may be silent.
    this.#unwatch();
    if (!this.#ended) this.#controller?.pause();
  }

  resume(): void {
    this.#watch();
    if (!this.#ended) this.#controller?.resume();
  }

  cancel(reason?: unknown): void {
    this.#forget();
    this.#sink = undefined;
    this.#waiting = [];
    this.#abort(reason);
  }

  #watch(): void {
    if (this.#guard || this.#silence === 0 || this.#closed || this.#ended) return;
    this.#guard = watch(this.#silence, () => {
      this.#controller?.abort(transportError("silence_timeout", undefined));
    });
  }

  #unwatch(): void {
    if (this.#guard) unwatch(this.#guard);
    this.#guard = undefined;
  }

  #abort(reason: unknown): void {
    if (this.#closed || this.#ended) return;
    this.#closed = true;
    this.#unwatch();
    const error = reason instanceof Error ? reason : new Error("cancelled");
    // Before the request is on a connection there is no controller; onRequestStart aborts then.
    this.#controller?.abort(error);
    if (!this.#answered) {
      this.#reject(transportError("cancelled", reason));
      return;
    }
    const failure = transportError("cancelled", reason);
    const sink = this.#sink;
    this.#sink = undefined;
    // For whoever takes the body only now.
    this.#ended = { error: failure };
    this.#onReady?.(failure);
    sink?.fail(failure);
  }
}

/** undici gives an object; repeated headers come as arrays. */
function toPairs(headers: Record<string, string | string[] | undefined>): HeaderPairs {
  const pairs: HeaderPairs = [];
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === "string") pairs.push(name, value);
    else if (value) for (const one of value) pairs.push(name, one);
  }
  return pairs;
}

function classify(error: Error & { code?: string }, answered: boolean): TransportFailure {
  switch (error.code) {
    case "UND_ERR_CONNECT_TIMEOUT":
      return "connect_timeout";
    case "UND_ERR_HEADERS_TIMEOUT":
      return "first_byte_timeout";
    case "UND_ERR_BODY_TIMEOUT":
      return "silence_timeout";
    case "ECONNREFUSED":
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "CERT_HAS_EXPIRED":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return "connect_failed";
    default:
      if (error.name === "HTTPParserError") return "bad_answer";
      return answered || error.code ? "connection_lost" : "connect_failed";
  }
}
