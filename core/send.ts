import * as runtime from "#runtime";
import { stripKeyProtocol, stripKeyQuery } from "./credentials.ts";
import { wholeAnswerLimit } from "./defaults.ts";
import { emit } from "./emit.ts";
import { GatewayError } from "./errors.ts";
import { answerHeaders, forwardedHeaders, headerValue, removeHeader, setHeader } from "./headers.ts";
import { renameInForm } from "./form.ts";
import { replaceTopLevelString } from "./json.ts";
import { replaceModelQuery } from "./query.ts";
import { Relay } from "./relay.ts";
import { fromStream, readWhole } from "./transport/body.ts";
import { transportError } from "./transport/failure.ts";
import { addressTranslated, countHere, translationFor } from "./translate/attempt.ts";
import { TranslatedBody } from "./translate/body.ts";
import { ownPath } from "./translate/endpoint.ts";
import { requestJson } from "./translate/neutral-request.ts";
import { askUnpacked, renameAnswer, renamingOf } from "./translate/rename.ts";
import { encodeRequest, respondTranslated } from "./translate/translation.ts";
import type { AnswerFacts } from "./call.ts";
import type { CallState } from "./call-state.ts";
import type { Fields } from "./fields.ts";
import type { Attempted } from "./provider.ts";
import type { TunnelInit } from "./runtime/types.ts";
import type { HeaderPairs, TransportAnswer } from "./transport/types.ts";
import type { Translation } from "./translate/translation.ts";
import type { Attempt, Target } from "./upstream.ts";

const noHeaders: ReadonlySet<string> = new Set();
/** Of a browser's page, not of the call: a model's API has no use for them. */
const pageHeaders: ReadonlySet<string> = new Set(["cookie", "origin", "referer"]);

/** The last step of the pipeline: one request to the call's target, and its answer as a Response. */
export async function send(call: CallState): Promise<Response> {
  const { target } = call;
  if (!target) throw noUpstream();
  const attempt: Attempt = {
    target,
    startedAt: Date.now(),
    duration: 0,
    status: undefined,
    error: undefined,
  };
  call.attempts.push(attempt);
  const start = performance.now();
  try {
    const response = await exchange(call, target, attempt);
    attempt.status = response.status;
    return response;
  } catch (error) {
    const failure = GatewayError.from(error);
    attempt.error = failure.code;
    throw failure;
  } finally {
    attempt.duration = performance.now() - start;
    void emit(call.gateway, "attempt:finish", call, attempt);
  }
}

/** The refusal of a call that no upstream serves. */
export function noUpstream(): GatewayError {
  return new GatewayError("No upstream serves this call.", { status: 404, code: "no_upstream" });
}

async function exchange(call: CallState, target: Target, attempt: Attempt): Promise<Response> {
  const found = translationFor(call, target);
  if (found === "here") return countHere(call);
  const translation = found && (await found);
  const { provider, timeouts, proxy } = target.upstream;
  const attempted = describe(call, target, translation);
  const { search } = attempted;
  const headers = outgoingHeaders(call, target);
  const rename = translation ? undefined : renamingOf(call, target);
  if (translation) addressTranslated(headers, translation);
  if (rename) askUnpacked(headers);
  if (!call.caller?.ownKey && (target.key !== undefined || provider.ownCredentials)) {
    const authenticating = provider.authenticate(headers, target);
    if (authenticating) await authenticating;
  }
  const url =
    call.prefix === undefined
      ? provider.url(attempted)
      : (provider.forwardURL?.(attempted, call.rest, search) ?? upstreamURL(call, target, search));
  if (isUpgrade(call.request))
    return upgrade(call, { url, headers, connectTimeout: timeouts.connect, proxy });
  const body = call.form
    ? await outgoingForm(call, target, headers)
    : outgoingBody(call, attempted, translation);
  if (translation && translation.dropped.size > 0) attempt.dropped = [...translation.dropped];
  const request = { headers, body };
  if (provider.prepare && !isStream(request.body)) {
    await provider.prepare({ headers, body: request.body }, attempted);
  }
  const init = { method: call.method, ...request, canceller: call.canceller, timeouts, proxy };
  const answer = provider.answer
    ? await inProcess(provider.answer(toRequest(url, init), attempted))
    : await runtime.send(url, init);
  if (translation) return respondTranslated(call, translation, answer);
  const plain = provider.unwrap ? unwrapped(answer, attempted) : answer;
  return await respond(call, rename ? renameAnswer(plain, rename) : plain);
}

/** An answer as its protocol has it, where the service wraps it. */
function unwrapped(answer: TransportAnswer, attempted: Attempted): TransportAnswer {
  const { status, headers } = answer;
  const { contentType } = factsOf(status, headers);
  const unwrapper = attempted.target.upstream.provider.unwrap?.({ status, contentType }, attempted);
  if (!unwrapper) return answer;
  const kept = [...headers];
  removeHeader(kept, "content-length");
  setHeader(kept, "content-type", unwrapper.contentType);
  return { ...answer, headers: kept, body: new TranslatedBody(answer.body, unwrapper) };
}

/** What the attempt is, for the provider. */
function describe(call: CallState, target: Target, translation: Translation | undefined): Attempted {
  const { operation, stream } = call;
  if (translation) {
    const { upstream: protocol, endpoint, path } = translation;
    const search = endpoint.query ? `?${endpoint.query}` : "";
    return { call, target, operation, protocol, path, search, stream, translated: true };
  }
  const search = outgoingSearch(call, target);
  const path = ownPath(call, target);
  return { call, target, operation, protocol: call.protocol, path, search, stream, translated: false };
}

/** A bare prefix goes to the base URL itself. */
function upstreamURL({ rest }: CallState, { upstream }: Target, search: string): string {
  return upstream.forwardURL + (rest || (upstream.forwardURL.indexOf("/", 8) < 0 ? "/" : "")) + search;
}

/** The client's query without what was for us, and with the upstream's own name of a model that is asked for in it. */
function outgoingSearch(call: CallState, { model }: Target): string {
  const keepKey = call.caller?.ownKey || !call.gateway.credentials.query;
  const search = keepKey ? call.search : stripKeyQuery(call.search);
  const renamed = call.endpoint?.modelInQuery && model !== undefined && model !== call.askedModel;
  return renamed ? replaceModelQuery(search, model) : search;
}

function isUpgrade(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

async function upgrade(call: CallState, to: Omit<TunnelInit, "request" | "canceller">): Promise<Response> {
  const { request, canceller } = call;
  const response = await runtime.tunnel({ request, canceller, ...to });
  call.answer = { status: response.status, contentType: "", encoding: "", streaming: false };
  return response;
}

function isStream(
  body: Uint8Array | AsyncIterable<Uint8Array> | null,
): body is Exclude<AsyncIterable<Uint8Array>, Uint8Array> {
  return body !== null && !(body instanceof Uint8Array);
}

/** The client's headers without what was for us, then what the upstream wants. */
function outgoingHeaders(call: CallState, target: Target): HeaderPairs {
  const { upstream } = target;
  const forwarding = call.prefix !== undefined;
  const ownKey = call.caller?.ownKey ?? false;
  const pairs = runtime.headerPairs(call.request);
  const given = call.request.headers;
  const headers = forwardedHeaders(
    pairs,
    given.get("connection"),
    ownKey ? noHeaders : call.gateway.credentials.headers,
    forwarding ? noHeaders : pageHeaders,
  );
  const protocols = ownKey ? null : given.get("sec-websocket-protocol");
  if (protocols !== null) setHeader(headers, "sec-websocket-protocol", stripKeyProtocol(protocols));
  headers.push("via", viaOf(given.get("via")));
  if (forwarding && upstream.forwarded) addForwarded(headers, call, pairs);
  const length = call.body ? null : given.get("content-length");
  if (length !== null) headers.push("content-length", length);
  for (const name in upstream.headers) setHeader(headers, name.toLowerCase(), upstream.headers[name] ?? "");
  return headers;
}

/** RFC 9110 section 7.6.3: each proxy adds itself. More than eight times ourselves is a loop. */
function viaOf(before: string | null): string {
  if (!before) return "1.1 sluice";
  if (before.split(",").filter((hop) => hop.trim().endsWith(" sluice")).length > 8) {
    throw new GatewayError("The call went round in a circle.", { status: 508, code: "loop_detected" });
  }
  return `${before}, 1.1 sluice`;
}

function addForwarded(headers: HeaderPairs, call: CallState, pairs: HeaderPairs): void {
  const trusted = call.ip !== "" && call.ip !== runtime.peerAddress(call.request);
  // What the client claims is only believed when it came through a proxy that we trust.
  const chain = trusted ? headerValue(pairs, "x-forwarded-for") : undefined;
  const peer = runtime.peerAddress(call.request);
  const host = (trusted && headerValue(pairs, "x-forwarded-host")) || headerValue(pairs, "host");
  const claimed = trusted ? headerValue(pairs, "x-forwarded-proto") : undefined;
  if (peer) headers.push("x-forwarded-for", chain ? `${chain}, ${peer}` : peer);
  if (host) headers.push("x-forwarded-host", host);
  headers.push("x-forwarded-proto", claimed ?? (call.request.url.startsWith("https:") ? "https" : "http"));
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

function outgoingBody(
  call: CallState,
  attempted: Attempted,
  translation: Translation | undefined,
): Uint8Array | AsyncIterable<Uint8Array> | null {
  const { target } = attempted;
  const { provider } = target.upstream;
  if (translation) {
    const body = encodeRequest(call, translation);
    return encoder.encode(JSON.stringify(provider.adapt?.(body, attempted) ?? body));
  }
  if (call.body) {
    const adapted = call.prefix === undefined && provider.adapt?.(renamedBody(call, target), attempted);
    if (adapted) return encoder.encode(JSON.stringify(adapted));
    if (target.model === undefined || target.model === call.askedModel) return call.body;
    return encoder.encode(replaceTopLevelString(decoder.decode(call.body), "model", target.model));
  }
  const stream = runtime.streamBody(call.request, call.gateway.server.requestTimeout);
  if (!stream) return null;
  return {
    // Not before there is a connection to write it to.
    [Symbol.asyncIterator]() {
      call.bodySpent = true;
      return stream[Symbol.asyncIterator]();
    },
  };
}

/** A form goes as it came, but for the upstream's own name of the model. */
async function outgoingForm(
  call: CallState,
  { model }: Target,
  headers: HeaderPairs,
): Promise<Uint8Array | null> {
  if (!call.form || !call.body) return null;
  if (model === undefined || model === call.askedModel) return call.body;
  const { body, contentType } = await renameInForm(call.form, model);
  setHeader(headers, "content-type", contentType);
  return body;
}

/** The client's JSON with the upstream's own name of the model, where it names one. */
function renamedBody(call: CallState, { model }: Target): Fields {
  const body = requestJson(call);
  return typeof body["model"] === "string" && model !== undefined ? { ...body, model } : body;
}

function toRequest(url: string, init: { method: string; headers: HeaderPairs; body: unknown }): Request {
  const headers = new Headers();
  for (let i = 0; i < init.headers.length; i += 2) {
    headers.append(init.headers[i] ?? "", init.headers[i + 1] ?? "");
  }
  const body = init.body instanceof Uint8Array ? (init.body as Uint8Array<ArrayBuffer>) : null;
  return new Request(url, { method: init.method, headers, body });
}

async function inProcess(answering: Promise<Response>): Promise<TransportAnswer> {
  const response = await answering;
  const headers: HeaderPairs = [];
  for (const [name, value] of response.headers) headers.push(name, value);
  const body = fromStream(response.body ?? new Blob([]).stream());
  return { status: response.status, statusText: response.statusText, headers, body };
}

/** Statuses without a body, whatever the headers say. Source: RFC 9110 section 6.4.1. */
function hasNoBody(method: string, status: number): boolean {
  return method === "HEAD" || status === 204 || status === 205 || status === 304;
}

function respond(call: CallState, answer: TransportAnswer): Response | Promise<Response> {
  const { status, statusText, body } = answer;
  if (status > 599) {
    body.cancel();
    throw transportError("bad_answer", new Error(`status ${status}`));
  }
  const headers = answerHeaders(answer.headers);
  headers.push("via", "1.1 sluice");
  const facts = factsOf(status, headers);
  call.answer = facts;
  if (hasNoBody(call.method, status)) {
    body.start({ chunk() {}, end() {}, fail() {} });
    // A length would be taken for that of a body, whose bytes would be those of the next answer.
    if (status === 204) removeHeader(headers, "content-length");
    if (status === 205) setHeader(headers, "content-length", "0");
    return runtime.respond(status, statusText, headers, null);
  }
  const length = Number(headerValue(headers, "content-length") ?? Number.NaN);
  if (facts.streaming || !(length <= wholeAnswerLimit)) {
    // Until its first piece is here, an answer that breaks can still be tried elsewhere.
    const passOn = (): Response => runtime.respond(status, statusText, headers, new Relay(body));
    return call.endpoint ? body.ready().then(passOn) : passOn();
  }
  return readWhole(body, wholeAnswerLimit).then((bytes) => {
    if (bytes.byteLength !== length) throw transportError("connection_lost", new Error("body too short"));
    return runtime.respond(status, statusText, headers, new Relay(bytes));
  });
}

function factsOf(status: number, headers: HeaderPairs): AnswerFacts {
  const full = headerValue(headers, "content-type") ?? "";
  const semicolon = full.indexOf(";");
  const contentType = (semicolon < 0 ? full : full.slice(0, semicolon)).trim().toLowerCase();
  return {
    status,
    contentType,
    encoding: (headerValue(headers, "content-encoding") ?? "").toLowerCase(),
    streaming: contentType === "text/event-stream",
  };
}
