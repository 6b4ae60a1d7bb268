import assert from "node:assert/strict";
import { ChunkJoiner, sseFrames } from "../../../core/index.ts";
import type {
  AnswerContext,
  ChatAnswer,
  ChatChunk,
  ChatRequest,
  CodecContext,
  Endpoint,
  Fields,
  FrameReader,
  StreamCodec,
} from "../../../core/index.ts";

export type ChatCodec = StreamCodec<ChatRequest, ChatAnswer, ChatChunk>;

const endpoint: Endpoint = { method: "POST", path: "/", operation: "chat" };

/** What a codec is told of a call. `dropped` collects what it could not say. */
export function context(parts: Partial<CodecContext> = {}): CodecContext & { dropped: string[] } {
  const dropped: string[] = [];
  return {
    id: "00000000-0000-4000-8000-000000000001",
    created: 1_700_000_000,
    model: "model-1",
    stream: false,
    endpoint,
    path: endpoint.path,
    caller: "tester",
    drop: (field) => dropped.push(field),
    waitUntil: () => {},
    dropped,
    ...parts,
  };
}

export function answerContext(
  request: Partial<ChatRequest> = {},
  parts: Partial<CodecContext> = {},
): AnswerContext<ChatRequest> & { dropped: string[] } {
  return { ...context(parts), request: { model: "model-1", messages: [], ...request } };
}

/** A request of the protocol, read and written again, is the same object. */
export async function assertRequestIdentity(codec: ChatCodec, body: Fields, parts?: Partial<CodecContext>) {
  const about = context({ ...(typeof body["model"] === "string" && { model: body["model"] }), ...parts });
  const before = structuredClone(body);
  const neutral = await codec.decodeRequest(body, about);
  const frozen = structuredClone(neutral);
  const written = codec.encodeRequest(neutral, about);
  assert.deepEqual(JSON.parse(JSON.stringify(written)), before);
  assert.deepEqual(about.dropped, []);
  assert.deepEqual(neutral, frozen, "the neutral request was changed");
  assert.deepEqual(body, before, "the client's request was changed");
}

/** An answer of the protocol, read and written again, is the same object. */
export async function assertAnswerIdentity(
  codec: ChatCodec,
  body: Fields,
  request?: Partial<ChatRequest>,
  parts?: Partial<CodecContext>,
) {
  const about = answerContext(request, {
    ...(typeof body["model"] === "string" && { model: body["model"] }),
    ...parts,
  });
  const neutral = codec.decodeAnswer(structuredClone(body), about);
  assert.deepEqual(JSON.parse(JSON.stringify(await codec.encodeAnswer(neutral, about))), body);
}

/** Reads a stream as its bytes come, in the pieces given. */
export function decodeStream(
  codec: ChatCodec,
  pieces: readonly Uint8Array[],
  about = answerContext({}, { stream: true }),
  makeFrames: () => FrameReader = sseFrames,
): { chunks: ChatChunk[]; complete: boolean } {
  const decoder = codec.decodeStream(about);
  const frames = makeFrames();
  const chunks: ChatChunk[] = [];
  for (const piece of pieces) for (const event of frames.push(piece)) chunks.push(...decoder.event(event));
  for (const event of frames.end()) chunks.push(...decoder.event(event));
  const { chunks: last, complete } = decoder.end();
  return { chunks: [...chunks, ...last], complete };
}

/** The whole answer that chunks add up to. */
export function join(chunks: readonly ChatChunk[]): ChatAnswer | undefined {
  const joiner = new ChunkJoiner();
  for (const chunk of chunks) joiner.add(chunk);
  return joiner.answer();
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A stream cut in two at every byte, and in single bytes, reads as it does whole; without its last event it is not complete. */
export function assertCutsDoNotMatter(
  codec: ChatCodec,
  bytes: Uint8Array,
  makeFrames?: () => FrameReader,
  about = () => answerContext({}, { stream: true }),
): void {
  const whole = decodeStream(codec, [bytes], about(), makeFrames);
  assert.equal(whole.complete, true);
  for (let at = 1; at < bytes.byteLength; at++) {
    const cut = [bytes.subarray(0, at), bytes.subarray(at)];
    assert.deepEqual(decodeStream(codec, cut, about(), makeFrames), whole, `cut at byte ${at}`);
  }
  const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  assert.deepEqual(decodeStream(codec, single, about(), makeFrames), whole);
}

/** Chunks written as a stream of the protocol and read again add up to the same answer. */
export function assertStreamIdentity(
  codec: ChatCodec,
  chunks: readonly ChatChunk[],
  about = answerContext({ stream_options: { include_usage: true } }, { stream: true }),
  makeFrames?: () => FrameReader,
): string {
  const encoder = codec.encodeStream(about);
  const text = chunks.map((chunk) => encoder.chunk(chunk)).join("") + encoder.end();
  const again = decodeStream(codec, [bytesOf(text)], about, makeFrames);
  assert.equal(again.complete, true);
  assert.deepEqual(join(again.chunks), join(chunks));
  return text;
}
