import * as runtime from "#runtime";
import { GatewayError, plainErrorBody } from "./errors.ts";
import { readAlong } from "./read-along.ts";
import { Relay } from "./relay.ts";
import { fromStream } from "./transport/body.ts";
import type { Outcome } from "./call.ts";
import type { CallState } from "./call-state.ts";
import type { RelayHooks, RelayResult } from "./relay.ts";
import type { HeaderPairs } from "./transport/types.ts";
import type { Usage } from "./usage.ts";

const encoder = new TextEncoder();

/** The refusal of a call in its client's protocol. */
export function renderError(call: CallState | undefined, error: GatewayError): Response {
  const body = encoder.encode(call?.protocol?.renderError(error) ?? plainErrorBody(error));
  const headers: HeaderPairs = [
    "content-type",
    "application/json",
    "content-length",
    String(body.byteLength),
  ];
  if (error.retryAfter !== undefined) headers.push("retry-after", String(Math.ceil(error.retryAfter)));
  for (const name in error.headers) headers.push(name.toLowerCase(), error.headers[name] ?? "");
  return runtime.respond(error.status, "", headers, new Relay(body));
}

/**
 * The last thing that happens to a Response before it leaves: the call's headers are added, and its
 * body is watched to its end. This is the one place that knows how a call ended.
 */
export function finalize(call: CallState, response: Response, done: (outcome: Outcome) => void): Response {
  call.responseHeaders.push("x-sluice-id", call.id);
  const hooks = new CallHooks(call, response.status, done);
  const relay = call.method === "HEAD" ? undefined : runtime.relayOf(response);
  if (relay) {
    const answered = runtime.setHeaders(response, call.responseHeaders);
    runtime.attach(relay, hooks);
    return answered;
  }
  if (call.method === "HEAD" || !response.body) {
    hooks.done("complete");
    return runtime.setHeaders(response, call.responseHeaders);
  }
  // A plugin's own Response: the same watch over its stream.
  const headers: HeaderPairs = [];
  for (const [name, value] of response.headers) headers.push(name, value);
  const watched = new Relay(fromStream(response.body));
  const answered = runtime.respond(response.status, response.statusText, headers, watched);
  runtime.attach(watched, hooks);
  return runtime.setHeaders(answered, call.responseHeaders);
}

/** Watches the body of one call. */
class CallHooks implements RelayHooks {
  readonly drainTimeout: number;
  readonly #call: CallState;
  readonly #status: number;
  readonly #done: (outcome: Outcome) => void;
  #bytes = 0;
  #firstByte: number | undefined;

  constructor(call: CallState, status: number, done: (outcome: Outcome) => void) {
    this.#call = call;
    this.#status = status;
    this.#done = done;
    this.drainTimeout = call.gateway.server.drainTimeout;
    const { answer, protocol, endpoint } = call;
    const isRead = endpoint !== undefined && !endpoint.modelless;
    if (answer && protocol && isRead && answer.status < 400 && !call.usage && !call.along) {
      call.along = readAlong(protocol, answer, call.collecting, (error) => this.#readNoFurther(error));
    }
  }

  onClientGone(): "abort" | "drain" {
    return this.#call.onClientGone;
  }

  chunk(chunk: Uint8Array): void {
    const call = this.#call;
    this.#firstByte ??= call.gateway.clock.tick() - call.startedTick;
    this.#bytes += chunk.byteLength;
    call.along?.chunk(chunk);
    if (call.taps) for (const tap of call.taps) tap(chunk);
  }

  done(result: RelayResult, error?: unknown): void {
    const call = this.#call;
    call.over = true;
    const duration = call.gateway.clock.tick() - call.startedTick;
    if (error !== undefined) call.error ??= GatewayError.from(error);
    runtime.afterwards(() => {
      const reading = call.along?.end();
      if (reading) void reading.then(() => this.#tell(result, duration));
      else this.#tell(result, duration);
    });
  }

  /** What a protocol's reading throws costs the call its usage, and nothing else. */
  #readNoFurther(error: unknown): void {
    const { gateway, protocol, id } = this.#call;
    this.#call.along = undefined;
    gateway.log.error(`The protocol ${protocol?.name} failed to read the answer of call ${id}.`, error);
  }

  #tell(result: RelayResult, duration: number): void {
    const call = this.#call;
    this.#done({
      status: result === "client-gone" ? 499 : this.#status,
      result,
      error: call.error,
      usage: usageOf(call),
      bytes: this.#bytes,
      firstByte: this.#firstByte,
      duration,
    });
  }

  brokenTail(error: unknown): Uint8Array | undefined {
    const { answer, protocol, renderBreak } = this.#call;
    if (renderBreak) return renderBreak(GatewayError.from(error));
    // Only into a readable event stream; anywhere else the cut itself has to tell.
    if (!answer?.streaming || answer.status === 101 || answer.encoding) return undefined;
    const failure = GatewayError.from(error);
    const event = protocol?.renderStreamError?.(failure) ?? plainErrorEvent(failure);
    return encoder.encode(`\n\n${event}`);
  }
}

/** The error in a stream of a protocol that is not known. */
function plainErrorEvent(error: GatewayError): string {
  return `event: error\ndata: ${plainErrorBody(error)}\n\n`;
}

/** Usage as the upstream told it; else, for an answer with tokens, what the gateway can count. */
function usageOf(call: CallState): Usage | undefined {
  call.usage ??= call.along?.usage();
  if (call.usage || !call.along) return call.usage;
  const outputTokens = call.along.outputEvents();
  // A stream need not be one of server-sent events: what has events of its own is one, too.
  if (!call.answer?.streaming && outputTokens === 0) return undefined;
  return (call.usage = { inputTokens: call.estimateInput(), outputTokens, estimated: true });
}
