import * as runtime from "#runtime";
import { withContextCode } from "../context-length.ts";
import { translatedAnswerLimit } from "../defaults.ts";
import { badAnswer, GatewayError } from "../errors.ts";
import { parseFields } from "../fields.ts";
import { answerHeaders, headerValue, removeHeader } from "../headers.ts";
import { carryRateLimits } from "../rate-limits.ts";
import { readJsonObject } from "../json-answer.ts";
import { Relay } from "../relay.ts";
import { readWhole } from "../transport/body.ts";
import { clientAnswerContext, upstreamAnswerContext, upstreamContext } from "./contexts.ts";
import { anyCodec } from "./neutral-request.ts";
import { remember } from "./reasoning-memory.ts";
import { readThrough, respondAsStream, respondStream } from "./respond-stream.ts";
import type { CallState } from "../call-state.ts";
import type { ChatAnswer } from "../chat.ts";
import type { UpstreamFailure } from "../codec.ts";
import type { HeaderPairs, TransportAnswer } from "../transport/types.ts";
import type { Translation } from "./contexts.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The request's body for the upstream. Throws a 400 GatewayError where the upstream is strict and something cannot be said.
 * @param drop Is told of what cannot be said, in the place of the translation.
 */
export function encodeRequest(
  call: CallState,
  translation: Translation,
  drop?: (field: string) => void,
): Record<string, unknown> {
  const codec = anyCodec(translation.upstream, call);
  const context = upstreamContext(call, translation);
  return codec.encodeRequest(translation.request, drop ? { ...context, drop } : context);
}

/** Headers that tell of the upstream's own bytes. */
const bodyHeaders = ["content-type", "content-length", "content-encoding", "content-md5", "etag", "digest"];

/** The upstream's answer for the client. Rejects with a GatewayError where it cannot be made out. */
export async function respondTranslated(
  call: CallState,
  translation: Translation,
  answer: TransportAnswer,
): Promise<Response> {
  const headers = answerHeaders(answer.headers);
  const type = headerValue(headers, "content-type") ?? "";
  for (const name of bodyHeaders) removeHeader(headers, name);
  carryRateLimits(headers, translation.client, translation.upstream);
  headers.push("via", "1.1 sluice");
  if (answer.status >= 300) return respondFailure(call, translation, answer, headers);
  if (call.stream && !isJson(type)) return respondStream(call, translation, answer, headers);
  if (call.continues) throw noStream(answer);
  const body = await readJsonObject(answer.body, translatedAnswerLimit);
  const told = translation.upstream.readError?.(body, answer.status);
  if (told) {
    const { status = 502 } = told;
    const failure = withContextCode(told, status);
    throw new GatewayError(failure.message, {
      status,
      code: failure.code ?? "upstream_error",
      retryable: mayDoElsewhere(status),
      ...(failure.param && { param: failure.param }),
    });
  }
  const neutral = anyCodec(translation.upstream, call).decodeAnswer(
    body,
    upstreamAnswerContext(call, translation),
  );
  rememberWhole(call, neutral as Partial<ChatAnswer>);
  return call.stream
    ? respondAsStream(call, translation, neutral as ChatAnswer, headers)
    : respondWhole(call, translation, neutral, headers);
}

/** What goes on in a stream has to be one. */
function noStream({ body }: TransportAnswer): GatewayError {
  body.cancel();
  return badAnswer("it is no stream");
}

/** False for what is the request's own fault: each upstream would refuse it. */
function mayDoElsewhere(status: number): boolean {
  return status >= 500 || [401, 402, 403, 408, 409, 429].includes(status);
}

/** At once: the client's next turn may come with the end of this answer. */
function rememberWhole(call: CallState, { choices = [] }: Partial<ChatAnswer>): void {
  const writing = remember(
    call,
    choices.map(({ message }) => message),
  );
  call.onFinish(() => writing);
}

function isJson(contentType: string): boolean {
  return /^application\/json\b/i.test(contentType);
}

async function respondWhole(
  call: CallState,
  translation: Translation,
  neutral: unknown,
  headers: HeaderPairs,
): Promise<Response> {
  const context = clientAnswerContext(call, translation);
  const body = await anyCodec(translation.client, call).encodeAnswer(neutral, context);
  call.along = readThrough(neutral);
  return respondJson(call, 200, headers, body);
}

/** A whole JSON answer. `body` is JSON text, or what becomes it. */
export function respondJson(
  call: CallState,
  status: number,
  headers: HeaderPairs,
  json: object | string,
): Response {
  const body = encoder.encode(typeof json === "string" ? json : JSON.stringify(json));
  headers.push("content-type", "application/json", "content-length", String(body.byteLength));
  call.answer = { status, contentType: "application/json", encoding: "", streaming: false };
  return runtime.respond(status, "", headers, new Relay(body));
}

async function respondFailure(
  call: CallState,
  { upstream, client, attempt }: Translation,
  answer: TransportAnswer,
  headers: HeaderPairs,
): Promise<Response> {
  const text = decoder.decode(await readWhole(answer.body, translatedAnswerLimit));
  const { status } = answer;
  const said = objectIn(text);
  const read: UpstreamFailure = (said && upstream.readError?.(said, status)) ?? {
    message: text.trim().slice(0, 2000) || `The upstream answered with status ${status}.`,
  };
  const failure = withContextCode(read, status);
  if (attempt) attempt.failure = failure;
  const error = new GatewayError(failure.message, {
    status: status >= 400 ? status : 502,
    code: failure.code ?? "upstream_error",
    ...(failure.param && { param: failure.param }),
    ...(failure.retryAfter !== undefined && { retryAfter: failure.retryAfter }),
  });
  if (failure.retryAfter !== undefined && headerValue(headers, "retry-after") === undefined) {
    headers.push("retry-after", String(Math.ceil(failure.retryAfter)));
  }
  return respondJson(call, error.status, headers, client.renderError(error));
}

/** The JSON object in a text; some services put the error of a stream that did not begin into a list. */
function objectIn(text: string): Record<string, unknown> | undefined {
  return parseFields(text) ?? parseFields(text.trim().replace(/^\[([^]*)\]$/, "$1"));
}
