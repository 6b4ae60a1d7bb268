import * as runtime from "#runtime";
import { textOfContent } from "../chat-content.ts";
import { Relay } from "../relay.ts";
import { TranslatedBody, utf8 } from "./body.ts";
import { clientAnswerContext, upstreamAnswerContext } from "./contexts.ts";
import { chunksOf } from "./join.ts";
import { anyCodec } from "./neutral-request.ts";
import { remember } from "./reasoning-memory.ts";
import { Splice } from "./splice.ts";
import { chatTranslator, ChunkReadAlong } from "./stream.ts";
import { neutralUsage } from "./usage.ts";
import type { CallState } from "../call-state.ts";
import type { ChatAnswer, ChatChunk, ChatRequest } from "../chat.ts";
import type { AnswerContext, Codec, StreamCodec, StreamDecoder, StreamEncoder } from "../codec.ts";
import type { ReadAlong } from "../read-along.ts";
import type { HeaderPairs, TransportAnswer } from "../transport/types.ts";
import type { Translation } from "./contexts.ts";

type ChatCodec = StreamCodec<ChatRequest, ChatAnswer, ChatChunk>;

/**
 * A chat's stream for the client, once its first piece is here. It goes on elsewhere when it breaks, where a plugin sees
 * to that; what such an attempt brings is the rest of the stream that broke.
 */
export async function respondStream(
  call: CallState,
  translation: Translation,
  answer: TransportAnswer,
  headers: HeaderPairs,
): Promise<Response> {
  const decode = decoderOf(call, translation);
  if (call.continues) return call.continues.join(call, translation, answer, decode);
  const encode = encoderOf(call, translation);
  const along = new ChunkReadAlong(call.collecting);
  const toBytes = bytesOf(encode);
  const splice = call.onBreak && new Splice(call, translation, { encode, along, toBytes });
  const decoder = splice ? splice.watch(decode) : decode;
  const translator = chatTranslator(decoder, encode, translation.upstream.frames, along);
  const body = new TranslatedBody(answer.body, translator, toBytes);
  await body.ready();
  call.along = along;
  call.onFinish(() => remember(call, along.turns()));
  call.renderBreak = (error) => toBytes(encode.error(error));
  return respondEvents(call, headers, encode.contentType, new Relay(splice?.body(body) ?? body));
}

/** A whole answer for a client that wants a stream. */
export function respondAsStream(
  call: CallState,
  translation: Translation,
  answer: ChatAnswer,
  headers: HeaderPairs,
): Response {
  const encode = encoderOf(call, translation);
  const text =
    chunksOf(answer)
      .map((chunk) => encode.chunk(chunk))
      .join("") + encode.end();
  call.along = readThrough(answer);
  return respondEvents(call, headers, encode.contentType, new Relay(bytesOf(encode)(text)));
}

/** What a whole answer tells the log. */
export function readThrough(neutral: unknown): ReadAlong {
  const choices = (neutral as Partial<ChatAnswer>).choices ?? [];
  return {
    chunk() {},
    end() {},
    usage: () => neutralUsage(neutral),
    text: () => choices.map(({ message }) => textOfContent(message.content)).join("\n"),
    outputEvents: () => 0,
  };
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

function decoderOf(call: CallState, translation: Translation): StreamDecoder<ChatChunk> {
  const context = upstreamAnswerContext(call, translation) as AnswerContext<ChatRequest>;
  return chatCodec(anyCodec(translation.upstream, call)).decodeStream(context);
}

function encoderOf(call: CallState, translation: Translation): StreamEncoder<ChatChunk> {
  const context = clientAnswerContext(call, translation) as AnswerContext<ChatRequest>;
  return chatCodec(anyCodec(translation.client, call)).encodeStream(context);
}

/** Of streams there are only chats. */
function chatCodec(codec: Codec<unknown, unknown>): ChatCodec {
  return codec as unknown as ChatCodec;
}
