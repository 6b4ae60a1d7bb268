import assert from "node:assert/strict";
import { test } from "node:test";
import { SplicedChunks } from "../../../core/translate/spliced-chunks.ts";
import type { ChatChunk, ChatDelta, StreamDecoder } from "../../../core/index.ts";

const base = { object: "chat.completion.chunk", created: 1, model: "m" } as const;

function chunk(id: string, delta: ChatDelta, more: Partial<ChatChunk> = {}): ChatChunk {
  return { ...base, id, choices: [{ index: 0, delta }], ...more };
}

/** A decoder whose one event is these chunks. */
function giving(chunks: ChatChunk[]): StreamDecoder<ChatChunk> {
  return { event: () => chunks, end: () => ({ chunks: [], complete: true }) };
}

function pass(spliced: SplicedChunks, chunks: ChatChunk[]): ChatChunk[] {
  return spliced.wrap(giving(chunks)).event({ data: "" });
}

const textIn = (chunks: ChatChunk[]): string =>
  chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");

test("the first part passes as it is, a later one without its begin and under the first one's names", () => {
  const spliced = new SplicedChunks(() => 4);
  const first = [chunk("a", { role: "assistant", content: "" }), chunk("a", { content: "One" })];
  assert.deepEqual(pass(spliced, first), first);
  spliced.broke();
  const second = pass(spliced, [chunk("b", { role: "assistant" }), chunk("b", { content: " two" })]);
  assert.deepEqual(second, [chunk("a", { content: " two" })]);
  assert.equal(spliced.text, "One two");
});

test("tokens add up, member by member", () => {
  const spliced = new SplicedChunks(() => 4);
  const usage = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 };
  pass(spliced, [chunk("a", { content: "One" }, { usage })]);
  spliced.broke();
  const details = { prompt_tokens_details: { cached_tokens: 8 } };
  const [told] = pass(spliced, [{ ...base, id: "b", choices: [], usage: { ...usage, ...details } }]);
  assert.deepEqual(told?.usage, {
    prompt_tokens: 20,
    completion_tokens: 4,
    total_tokens: 24,
    ...details,
  });
});

test("a part that told no tokens counts by estimate", () => {
  const spliced = new SplicedChunks(() => 4);
  pass(spliced, [chunk("a", { content: "One" })]);
  spliced.broke();
  const usage = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 };
  const [told] = pass(spliced, [{ ...base, id: "b", choices: [], usage }]);
  assert.equal(told?.usage?.prompt_tokens, 14);
  assert.ok((told?.usage?.completion_tokens ?? 0) > 2);
});

test("white space at a break is said once", () => {
  for (const rest of [[" two"], [" ", "two"], ["two"]]) {
    const spliced = new SplicedChunks(() => 0);
    pass(spliced, [chunk("a", { content: "One " })]);
    spliced.broke();
    const said = pass(
      spliced,
      rest.map((content) => chunk("b", { content })),
    );
    assert.equal(`One ${textIn(said)}`, "One two", JSON.stringify(rest));
  }
});

test("what cannot be given to another upstream, or has ended, does not go on", () => {
  const cases: [ChatChunk, boolean][] = [
    [chunk("a", { content: "One" }), true],
    [chunk("a", { role: "assistant" }), true],
    [chunk("a", { reasoning_content: "Hm" }), false],
    [chunk("a", { content: "One", reasoning_content: "Hm" }), true],
    [chunk("a", { tool_calls: [{ index: 0, id: "c", type: "function" }] }), false],
    [chunk("a", { refusal: "No" }), false],
    [{ ...base, id: "a", choices: [{ index: 1, delta: { content: "One" } }] }, false],
    [{ ...base, id: "a", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }, false],
  ];
  for (const [one, may] of cases) {
    const spliced = new SplicedChunks(() => 0);
    pass(spliced, [one]);
    assert.equal(spliced.mayGoOn, may, JSON.stringify(one));
  }
});
