import * as runtime from "#runtime";
import { translatedAnswerLimit } from "../defaults.ts";
import { badAnswer, GatewayError } from "../errors.ts";
import { isFields, parseFields } from "../fields.ts";
import { answerHeaders, headerValue, removeHeader } from "../headers.ts";
import { Relay } from "../relay.ts";
import { readWhole } from "../transport/body.ts";
import { TranslatedBody, utf8 } from "./body.ts";
import { answerContext, anyCodec, clientContext, codecContext } from "./neutral-request.ts";
import { chunksOf } from "./join.ts";
import { remember } from "./reasoning-memory.ts";
import { chatTranslator, ChunkReadAlong } from "./stream.ts";
import { neutralUsage } from "./usage.ts";
import { textOfContent } from "../chat.ts";
import type { CallState } from "../call-state.ts";
import type { ChatAnswer, ChatChunk, ChatRequest } from "../chat.ts";
import type { AnswerContext, StreamCodec, StreamEncoder, UpstreamFailure } from "../codec.ts";
import type { Endpoint, Protocol } from "../protocol.ts";
import type { ReadAlong } from "../read-along.ts";
import type { HeaderPairs, TransportAnswer } from "../transport/types.ts";
import type { Target } from "../upstream.ts";

type ChatCodec = StreamCodec<ChatRequest, ChatAnswer, ChatChunk>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What stands between a client of one protocol and an upstream of another, for one attempt of one call. */
export interface Translation {
  client: Protocol;
  upstream: Protocol;
  /** The upstream's endpoint. */
  endpoint: Endpoint;
  path: string;
  target: Target;
  /** The client's request in the neutral shape. */
  request: unknown;
  /** Fields that the upstream's protocol cannot say. */
  dropped: Set<string>;
}

/** The request's body for the upstream. Throws a 400 GatewayError where the upstream is strict and something cannot be said. */
export function encodeRequest(call: CallState, translation: Translation): Record<string, unknown> {
  const codec = anyCodec(translation.upstream, call);
  const body = codec.encodeRequest(translation.request, upstreamContext(call, translation));
  if (translation.dropped.size > 0) call.notes.set("dropped", [...translation.dropped]);
  else call.notes.delete("dropped");
  return body;
}

function upstreamContext(call: CallState, { endpoint, path, target, dropped }: Translation) {
  return codecContext(call, {
    model: target.model ?? call.model ?? "",
    endpoint,
    path,
    takes: target.upstream.provider.takes,
    drop(field) {
      if (!target.upstream.strict) {
        dropped.add(field);
        return;
      }
      throw new GatewayError(`The upstream ${target.upstream.name} has nothing that says ${field}.`, {
        status: 400,
        code: "unsupported_field",
        param: field,
      });
    },
  });
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
  headers.push("via", "1.1 sluice");
  if (answer.status >= 300) return respondFailure(call, translation, answer, headers);
  if (call.stream && !isJson(type)) return respondStream(call, translation, answer, headers);
  const body = await readObject(answer);
  const failure = translation.upstream.readError?.(body, answer.status);
  if (failure) {
    const { status = 502 } = failure;
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

function upstreamAnswerContext(call: CallState, translation: Translation): AnswerContext<unknown> {
  return answerContext(upstreamContext(call, translation), translation.request);
}

function clientAnswerContext(call: CallState, { request }: Translation): AnswerContext<unknown> {
  return answerContext(clientContext(call), request);
}

function isJson(contentType: string): boolean {
  return /^application\/json\b/i.test(contentType);
}

async function readObject(answer: TransportAnswer): Promise<Record<string, unknown>> {
  const bytes = await readWhole(answer.body, translatedAnswerLimit);
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (error) {
    throw badAnswer("it is not JSON", error);
  }
  if (!isFields(value)) throw badAnswer("it is no JSON object");
  return value;
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

/** What a whole answer tells the log. */
function readThrough(neutral: unknown): ReadAlong {
  const choices = (neutral as Partial<ChatAnswer>).choices ?? [];
  return {
    chunk() {},
    end() {},
    usage: () => neutralUsage(neutral),
    text: () => choices.map(({ message }) => textOfContent(message.content)).join("\n"),
    outputEvents: () => 0,
  };
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
  { upstream, client }: Translation,
  answer: TransportAnswer,
  headers: HeaderPairs,
): Promise<Response> {
  const text = decoder.decode(await readWhole(answer.body, translatedAnswerLimit));
  const { status } = answer;
  const said = objectIn(text);
  const failure: UpstreamFailure = (said && upstream.readError?.(said, status)) ?? {
    message: text.trim().slice(0, 2000) || `The upstream answered with status ${status}.`,
  };
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

async function respondStream(
  call: CallState,
  translation: Translation,
  answer: TransportAnswer,
  headers: HeaderPairs,
): Promise<Response> {
  const { decode, encode } = streamCodecs(call, translation);
  const along = new ChunkReadAlong(call.collecting);
  const translator = chatTranslator(decode, encode, translation.upstream.frames, along);
  const toBytes = bytesOf(encode);
  const body = new TranslatedBody(answer.body, translator, toBytes);
  await body.ready();
  call.along = along;
  call.onFinish(() => remember(call, along.turns()));
  call.renderBreak = (error) => toBytes(encode.error(error));
  return respondEvents(call, headers, encode.contentType, new Relay(body));
}

/** A whole answer for a client that wants a stream. */
function respondAsStream(
  call: CallState,
  translation: Translation,
  answer: ChatAnswer,
  headers: HeaderPairs,
): Response {
  const { encode } = streamCodecs(call, translation);
  const text =
    chunksOf(answer)
      .map((chunk) => encode.chunk(chunk))
      .join("") + encode.end();
  call.along = readThrough(answer);
  return respondEvents(call, headers, encode.contentType, new Relay(bytesOf(encode)(text)));
}

function bytesOf(encode: StreamEncoder<ChatChunk>): (text: string) => Uint8Array {
  return encode.toBytes ? (text) => encode.toBytes?.(text) ?? utf8(text) : utf8;
}

function respondEvents(
  call: CallState,
  headers: HeaderPairs,
  contentType = eventStream,
  relay: Relay,
): Response {
  headers.push("content-type", contentType, "cache-control", "no-cache");
  call.answer = { status: 200, contentType, encoding: "", streaming: true };
  return runtime.respond(200, "", headers, relay);
}

const eventStream = "text/event-stream";

function streamCodecs(call: CallState, translation: Translation) {
  const upstream = anyCodec(translation.upstream, call) as unknown as ChatCodec;
  const client = anyCodec(translation.client, call) as unknown as ChatCodec;
  return {
    decode: upstream.decodeStream(upstreamAnswerContext(call, translation) as AnswerContext<ChatRequest>),
    encode: client.encodeStream(clientAnswerContext(call, translation) as AnswerContext<ChatRequest>),
  };
}
