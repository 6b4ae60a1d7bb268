import * as runtime from "#runtime";
import { emit } from "./emit.ts";
import { GatewayError, noUpstream } from "./errors.ts";
import { enterGates, leaveGates } from "./gates.ts";
import { removeHeader, setHeader } from "./headers.ts";
import { outgoingBody, outgoingForm } from "./outgoing-body.ts";
import { outgoingHeaders, outgoingSearch, upstreamURL } from "./outgoing-head.ts";
import { factsOf, respond } from "./respond.ts";
import { timeoutsFor } from "./timeouts.ts";
import { fromStream } from "./transport/body.ts";
import { addressTranslated, countHere, rewriting, translationFor } from "./translate/attempt.ts";
import { TranslatedBody } from "./translate/body.ts";
import { ownPath } from "./translate/endpoint.ts";
import { askUnpacked, renameAnswer, renamingOf } from "./translate/rename.ts";
import { respondTranslated } from "./translate/translation.ts";
import type { Outcome } from "./call.ts";
import type { CallState } from "./call-state.ts";
import type { Attempted } from "./provider.ts";
import type { TunnelInit } from "./runtime/types.ts";
import type { HeaderPairs, TransportAnswer } from "./transport/types.ts";
import type { Translation } from "./translate/contexts.ts";
import type { Attempt, AttemptEnd, Target } from "./upstream.ts";

/**
 * One request to a target, and its answer. The promise resolves when an answer can be passed on, and rejects with a
 * GatewayError. What is learned of the answer is written on call and attempt.
 */
export type Exchange = (call: CallState, target: Target, attempt: Attempt) => Promise<Response>;

/** The last step of the pipeline: one attempt at the call's target, from its way past the gates to its answer. */
export async function send(call: CallState, exchange: Exchange): Promise<Response> {
  const { target } = call;
  if (!target) throw noUpstream();
  const { clock, gates } = call.gateway;
  const attempt = newAttempt(target, clock.now());
  const entering = gates.length > 0 ? enterGates(gates, attempt, call) : undefined;
  if (entering) {
    await entering;
    // Who waited for a place begins now.
    attempt.startedAt = clock.now();
  }
  call.attempts.push(attempt);
  const start = clock.tick();
  try {
    const response = await exchange(call, target, attempt);
    attempt.status = response.status;
    attempt.duration = clock.tick() - start;
    settleWith(call, attempt, response.status);
    return response;
  } catch (error) {
    const failure = GatewayError.from(error);
    attempt.error = failure.code;
    attempt.duration = clock.tick() - start;
    leaveGates(gates, attempt, call, endOfFailure(call, failure));
    throw failure;
  } finally {
    void emit(call.gateway, "attempt:finish", call, attempt);
  }
}

function newAttempt(target: Target, startedAt: number): Attempt {
  return {
    target,
    startedAt,
    duration: 0,
    status: undefined,
    error: undefined,
    headers: undefined,
    failure: undefined,
    end: undefined,
    entered: 0,
  };
}

/** A refusal has ended when it is here; an answer ends with its last byte. */
function settleWith(call: CallState, attempt: Attempt, status: number): void {
  const { gates } = call.gateway;
  if (gates.length === 0) return;
  if (status >= 400) leaveGates(gates, attempt, call, "complete");
  else call.onFinish((outcome) => leaveGates(gates, attempt, call, endOfAnswer(outcome)));
}

function endOfAnswer({ result }: Outcome): AttemptEnd {
  return result;
}

/** What is the request's own fault, or nobody's, says nothing of the target. */
function endOfFailure(call: CallState, { retryable, code }: GatewayError): AttemptEnd {
  if (code === "client_gone") return "client-gone";
  const { cancelled, reason } = call.canceller;
  const isOurs = cancelled && !(reason instanceof GatewayError && reason.retryable);
  return isOurs || !retryable ? "cancelled" : "failed";
}

/** The exchange over the network. */
export function exchange(call: CallState, target: Target, attempt: Attempt): Promise<Response> {
  return exchangeIn(call, target, attempt, false);
}

/** @param asUsual The provider's choice of a protocol was refused: see `translationFor`. */
async function exchangeIn(
  call: CallState,
  target: Target,
  attempt: Attempt,
  asUsual: boolean,
): Promise<Response> {
  const found = translationFor(call, target, asUsual);
  if (found === "here") return countHere(call);
  const translation = found && (await found);
  const { provider, proxy } = target.upstream;
  const timeouts = timeoutsFor(target.upstream, call);
  const attempted = describe(call, target, translation);
  const { search } = attempted;
  const headers = outgoingHeaders(call, target);
  const rename = translation ? undefined : renamingOf(call, target);
  if (translation) addressTranslated(headers, translation);
  if (rename || call.onBreak) askUnpacked(headers);
  if (!call.caller?.ownKey && (target.key !== undefined || provider.ownCredentials)) {
    const authenticating = provider.authenticate(headers, target);
    if (authenticating) await authenticating;
  }
  const url =
    call.prefix === undefined
      ? provider.url(attempted)
      : (provider.forwardURL?.(attempted, call.rest, search) ?? upstreamURL(call, target, search));
  if (isUpgrade(call)) return upgrade(call, { url, headers, connectTimeout: timeouts.connect, proxy });
  const body = call.form
    ? await outgoingForm(call, target, headers)
    : outgoingBody(call, attempted, translation);
  if (translation && translation.dropped.size > 0) attempt.dropped = [...translation.dropped];
  if (provider.prepare && !isStream(body)) await provider.prepare({ headers, body }, attempted);
  const init = { method: call.method, headers, body, canceller: call.canceller, timeouts, proxy };
  const answer = provider.answer
    ? await inProcess(provider.answer(toRequest(url, init), attempted))
    : await runtime.send(url, init);
  attempt.headers = answer.headers;
  if (translation) {
    translation.attempt = attempt;
    const response = await respondTranslated(call, translation, answer);
    return translation.chosen && isChoiceRefused(answer.status, attempt)
      ? exchangeIn(call, target, forgetting(attempt), true)
      : response;
  }
  const plain = provider.unwrap ? unwrapped(answer, attempted) : answer;
  const rewritten =
    call.onBreak && (await rewriting(call, target, attempt, factsOf(plain.status, plain.headers)));
  if (rewritten) return respondTranslated(call, rewritten, plain);
  const response = respond(call, attempt, rename ? renameAnswer(plain, rename) : plain, timeouts);
  // To wait for what is here costs a turn.
  return response instanceof Promise ? await response : response;
}

function isChoiceRefused(status: number, { failure, target }: Attempt): boolean {
  return Boolean(failure && target.upstream.provider.refusesChoice?.(status, failure, target));
}

/** The attempt without what it learned of a refusal that its client never sees. */
function forgetting(attempt: Attempt): Attempt {
  attempt.failure = undefined;
  delete attempt.dropped;
  return attempt;
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

/** RFC 6455 section 4.1: always a GET; of any other call the wish is ignored (RFC 9110 section 7.8). */
function isUpgrade({ method, request }: CallState): boolean {
  return method === "GET" && request.headers.get("upgrade")?.toLowerCase() === "websocket";
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
