import assert from "node:assert/strict";
import test from "node:test";
import { chatTranslator, ChunkReadAlong } from "../../../core/translate/stream.ts";
import type { ChatChunk, StreamDecoder, StreamEncoder } from "../../../core/index.ts";

/** Events are the text of a delta; `ping` is none. */
const decoder: StreamDecoder<ChatChunk> = {
  event: ({ data }) => {
    const choices = [{ index: 0, delta: { content: data } }];
    return data === "ping"
      ? []
      : [{ id: "1", object: "chat.completion.chunk", created: 1, model: "m", choices }];
  },
  end: () => ({ chunks: [], complete: true }),
};
const encoder: StreamEncoder<ChatChunk> = {
  chunk: ({ choices }) => `data: ${choices[0]?.delta.content}\n\n`,
  end: () => "",
  error: () => "",
};

/** What the client gets of events that come at these seconds. */
function given(events: [number, string][], like: Partial<StreamEncoder<ChatChunk>> = {}): string[] {
  let time = 0;
  const along = new ChunkReadAlong(false);
  const translator = chatTranslator(decoder, { ...encoder, ...like }, undefined, along, () => time);
  return events.map(([second, text]) => {
    time = second * 1000;
    return translator.push(new TextEncoder().encode(text));
  });
}

test("an upstream's sign of life in a long silence becomes one for the client", () => {
  const events: [number, string][] = [
    [0, ": ping\n\n"],
    [60, "data: ping\n\n"],
    [61, "data: one\n\n"],
    [62, ": ping\n\n"],
    [66, ": ping\n\n"],
    [67, "data: ping\n\n"],
    [71, "data: ping\n\n"],
    [72, "data: two\n\n"],
  ];
  // Nothing before the first chunk: until then another upstream can be tried.
  const expected = ["", "", "data: one\n\n", "", ": ping\n\n", "", ": ping\n\n", "data: two\n\n"];
  assert.deepEqual(given(events), expected);
  const own = expected.map((text) => text.replace(": ping\n\n", "event: ping\n\n"));
  assert.deepEqual(given(events, { ping: () => "event: ping\n\n" }), own);
  const silent = expected.map((text) => text.replace(": ping\n\n", ""));
  assert.deepEqual(given(events, { contentType: "application/x-ndjson" }), silent);
});
