import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { createGateway } from "../../../config/index.ts";
import { ChunkJoiner, chunksOf, sseFrames } from "../../../core/index.ts";
import { endpointFor, fillPath } from "../../../core/translate/endpoint.ts";
import { loadEventStream } from "../../../plugins/protocols/bedrock-converse/frames.ts";
import { answerContext, context } from "../../plugins/protocols/_codec.ts";
import { spoken } from "./_speakers.ts";
import type { Spoken } from "./_speakers.ts";
import type {
  AnswerContext,
  ChatAnswer,
  ChatChunk,
  ChatRequest,
  Protocol,
  StreamCodec,
} from "../../../core/index.ts";

export type { Spoken } from "./_speakers.ts";
export { spoken } from "./_speakers.ts";

/** Adds the providers `speaks-<protocol>` to a configuration. */
export const speakers = "./test/core/translate/_speakers.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** The protocols as a gateway has them. */
const protocols: ReadonlyMap<string, Protocol> = await (async () => {
  await loadEventStream();
  const gateway = await createGateway({ plugins: [{ "request-log": false }] }, { log: silent });
  const found = new Map(gateway.context.protocols);
  await gateway.close(0);
  return found;
})();

export function protocolOf(name: Spoken): Protocol {
  return protocols.get(name) ?? assert.fail(`${name} is not there`);
}

export function codecOf(name: Spoken): StreamCodec<ChatRequest, ChatAnswer, ChatChunk> {
  return protocolOf(name).codecs?.chat ?? assert.fail(`${name} does not translate chats`);
}

/** Every client's protocol with every upstream's, but its own. */
export const pairs: readonly (readonly [Spoken, Spoken])[] = spoken.flatMap((client) =>
  spoken.filter((upstream) => upstream !== client).map((upstream) => [client, upstream] as const),
);

/** Where a protocol's chats go. */
export function placeOf(name: Spoken, model: string, stream: boolean): { path: string; search: string } {
  const endpoint = endpointFor(protocolOf(name), "chat", stream) ?? assert.fail("no endpoint");
  return { path: fillPath(endpoint, model), search: endpoint.query ? `?${endpoint.query}` : "" };
}

/** A neutral request as a client of a protocol sends it. */
export function sent(
  name: Spoken,
  request: ChatRequest,
  stream: boolean,
): { path: string; body: Record<string, unknown> } {
  const endpoint = endpointFor(protocolOf(name), "chat", stream) ?? assert.fail("no endpoint");
  const { path, search } = placeOf(name, request.model, stream);
  const about = context({ model: request.model, stream, endpoint, path });
  const whole: ChatRequest = {
    ...request,
    stream,
    ...(stream && { stream_options: { include_usage: true } }),
  };
  return { path: path + search, body: codecOf(name).encodeRequest(whole, about) };
}

/** What the answer's side of a codec is told. */
export function aboutAnswer(name: Spoken, stream: boolean, model = "model-1"): AnswerContext<ChatRequest> {
  const endpoint = endpointFor(protocolOf(name), "chat", stream) ?? assert.fail("no endpoint");
  const { path, search } = placeOf(name, model, stream);
  const request: Partial<ChatRequest> = {
    model,
    stream,
    ...(stream && { stream_options: { include_usage: true } }),
  };
  return answerContext(request, { model, stream, endpoint, path, search });
}

/** Chunks as an upstream of a protocol streams them; `whole: false` leaves the end mark out. */
export function streamOf(name: Spoken, chunks: readonly ChatChunk[], whole = true): Uint8Array {
  const encoder = codecOf(name).encodeStream(aboutAnswer(name, true));
  const text = chunks.map((chunk) => encoder.chunk(chunk)).join("") + (whole ? encoder.end() : "");
  return encoder.toBytes?.(text) ?? new TextEncoder().encode(text);
}

export function streamType(name: Spoken): string {
  return codecOf(name).encodeStream(aboutAnswer(name, true)).contentType ?? "text/event-stream";
}

export const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 };

export function textAnswer(content: string, model = "model-1"): ChatAnswer {
  const message = { role: "assistant" as const, content };
  return {
    id: "answer-1",
    object: "chat.completion",
    created: 1_700_000_000,
    model,
    choices: [{ index: 0, message, finish_reason: "stop" }],
    usage,
  };
}

/** A text as a stream's chunks. */
export function textChunks(...texts: string[]): ChatChunk[] {
  const [first, last, told] = chunksOf(textAnswer(""));
  assert.ok(first && last && told);
  const pieces = texts.map((content) => ({ ...first, choices: [{ index: 0, delta: { content } }] }));
  return [first, ...pieces, last, told];
}

/** Answers with what an upstream of a protocol would say. */
export async function answerWith(
  name: Spoken,
  res: ServerResponse,
  answer: ChatAnswer,
  stream: boolean,
): Promise<void> {
  if (stream) {
    res.writeHead(200, { "content-type": streamType(name) });
    res.end(streamOf(name, chunksOf(answer)));
    return;
  }
  res.writeHead(200, { "content-type": "application/json" });
  res.end(JSON.stringify(await codecOf(name).encodeAnswer(answer, aboutAnswer(name, false))));
}

/** Reads a stream as a client of a protocol does. */
export function readStream(
  name: Spoken,
  bytes: Uint8Array,
): { answer: ChatAnswer | undefined; complete: boolean } {
  const decoder = codecOf(name).decodeStream(aboutAnswer(name, true));
  const frames = (protocolOf(name).frames ?? sseFrames)();
  const joiner = new ChunkJoiner();
  for (const event of [...frames.push(bytes), ...frames.end()])
    decoder.event(event).forEach((one) => joiner.add(one));
  const { chunks, complete } = decoder.end();
  for (const chunk of chunks) joiner.add(chunk);
  return { answer: joiner.answer(), complete };
}

/** Reads an answer as a client of a protocol does. */
export async function readAnswer(name: Spoken, response: Response, stream: boolean): Promise<ChatAnswer> {
  if (stream) {
    const { answer, complete } = readStream(name, new Uint8Array(await response.arrayBuffer()));
    assert.equal(complete, true, "the stream has no end");
    return answer ?? assert.fail("the stream is empty");
  }
  return codecOf(name).decodeAnswer(
    (await response.json()) as Record<string, unknown>,
    aboutAnswer(name, false),
  );
}

/** A request of one user's turn. */
export function asking(text: string, more: Partial<ChatRequest> = {}): ChatRequest {
  return {
    model: "model-1",
    messages: [{ role: "user", content: text }],
    max_completion_tokens: 100,
    ...more,
  };
}

export function textOf({ choices }: ChatAnswer): unknown {
  return choices[0]?.message.content;
}

/** Sends a neutral request in a client's protocol. */
export function post(
  url: string,
  name: Spoken,
  request: ChatRequest,
  stream = false,
  headers = {},
): Promise<Response> {
  const { path, body } = sent(name, request, stream);
  return fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}
