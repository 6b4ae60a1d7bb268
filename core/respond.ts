import * as runtime from "#runtime";
import { wholeAnswerLimit } from "./defaults.ts";
import { answerHeaders, headerValue, removeHeader, setHeader } from "./headers.ts";
import { noteRefusal } from "./refusal.ts";
import { Relay } from "./relay.ts";
import { checkJson, checkType, FirstEvent, isJudged } from "./soundness.ts";
import { concat } from "./transport/body.ts";
import { transportError } from "./transport/failure.ts";
import { holdBack } from "./transport/hold.ts";
import type { AnswerFacts } from "./call.ts";
import type { CallState } from "./call-state.ts";
import type { Held } from "./transport/hold.ts";
import type { HeaderPairs, Timeouts, TransportAnswer } from "./transport/types.ts";
import type { Attempt } from "./upstream.ts";

/** How long an answer of unknown length is waited for as a whole, ms; then it flows. */
const wholePatience = 5000;
/** The most of a stream that is held until its first event is whole. */
const firstEventLimit = 64 * 1024;

/**
 * An upstream's answer for the client, as it came. Until it resolves, nothing has gone out, and what is wrong with the
 * answer can still be mended elsewhere: a short one is here whole, and of a stream the first event.
 * Rejects with a retryable GatewayError.
 */
export function respond(
  call: CallState,
  attempt: Attempt,
  answer: TransportAnswer,
  timeouts: Timeouts,
): Response | Promise<Response> {
  const { status, statusText, body } = answer;
  if (status > 599) {
    body.cancel();
    throw transportError("bad_answer", new Error(`status ${status}`));
  }
  const headers = answerHeaders(answer.headers);
  headers.push("via", "1.1 sluice");
  const facts = factsOf(status, headers);
  const passOn = (source: Relay["source"] | null): Response => {
    call.answer = facts;
    return runtime.respond(status, statusText, headers, source && new Relay(source));
  };
  if (hasNoBody(call.method, status)) {
    body.start({ chunk() {}, end() {}, fail() {} });
    // A length would be taken for that of a body, whose bytes would be those of the next answer.
    if (status === 204) removeHeader(headers, "content-length");
    if (status === 205) setHeader(headers, "content-length", "0");
    return passOn(null);
  }
  const judged = call.prefix === undefined && isJudged(call.endpoint, facts);
  if (judged) checkTypeOf(facts, answer);
  if (facts.streaming && judged) return firstEvent(answer, timeouts).then(passOn);
  const length = Number(headerValue(headers, "content-length") ?? Number.NaN);
  const refused = status >= 400 && call.endpoint !== undefined && !facts.streaming;
  const passWhole = (bytes: Uint8Array): Response | Promise<Response> => {
    if (judged) checkJson(bytes);
    if (!refused) return passOn(bytes);
    return noteRefusal(call, attempt, bytes, facts).then(() => passOn(bytes));
  };
  if (length <= wholeAnswerLimit && !facts.streaming) {
    // Most come with their head: then nothing needs to be waited for.
    const here = body.whole?.();
    if (here?.byteLength === length) return passWhole(here);
    return wholeAnswer(answer, length, timeouts).then(passWhole);
  }
  if (Number.isNaN(length) && (refused || (judged && !call.stream))) {
    return shortAnswer(answer).then((held) =>
      held.ended ? passWhole(concat(held.chunks, held.size)) : passOn(held.body),
    );
  }
  // Until its first piece is here, an answer that breaks can still be tried elsewhere.
  return call.endpoint ? body.ready().then(() => passOn(body)) : passOn(body);
}

function checkTypeOf(facts: AnswerFacts, { body }: TransportAnswer): void {
  try {
    checkType(facts);
  } catch (error) {
    body.cancel();
    throw error;
  }
}

/** A stream of which at least one event is here. */
function firstEvent({ body }: TransportAnswer, { firstByte }: Timeouts): Promise<Held["body"]> {
  const first = new FirstEvent();
  return holdBack(body, {
    enough: (chunk, size) => first.push(chunk) || size > firstEventLimit,
    patience: firstByte,
    onImpatience: "fail",
  }).then((held) => held.body);
}

/** An answer of known length. */
async function wholeAnswer(
  { body }: TransportAnswer,
  length: number,
  { firstByte }: Timeouts,
): Promise<Uint8Array> {
  // Nothing of it goes out before it is here: all of it is its first byte.
  const held = await holdBack(body, {
    enough: (_chunk, size) => size > length,
    length,
    patience: firstByte,
    onImpatience: "fail",
  });
  if (held.ended && held.size === length) return only(held) ?? concat(held.chunks, held.size);
  if (!held.ended) held.body.cancel();
  throw transportError("connection_lost", new Error("the body is not as long as it said"));
}

/** An answer that may be short; let go where it is long or takes long. */
function shortAnswer({ body }: TransportAnswer): Promise<Held> {
  return holdBack(body, {
    enough: (_chunk, size) => size > wholeAnswerLimit,
    patience: wholePatience,
    onImpatience: "let-go",
  });
}

function only({ chunks }: Held): Uint8Array | undefined {
  return chunks.length === 1 ? chunks[0] : undefined;
}

/** What the pipeline must know of an answer, from its status and headers. */
export function factsOf(status: number, headers: HeaderPairs): AnswerFacts {
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

/** Statuses without a body, whatever the headers say. Source: RFC 9110 section 6.4.1. */
function hasNoBody(method: string, status: number): boolean {
  return method === "HEAD" || status === 204 || status === 205 || status === 304;
}
