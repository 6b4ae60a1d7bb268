import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnswerContext, EmbeddingsAnswer, EmbeddingsRequest, Fields } from "../../../../core/index.ts";
import { context } from "../_codec.ts";
import { at, embed, protocol } from "./_ollama.ts";

function about(path = "/api/embed"): AnswerContext<EmbeddingsRequest> & { dropped: string[] } {
  return { ...context(at(path)), request: { model: "model-1", input: "a" } };
}

const documented: Fields[] = [
  { model: "model-1", input: "Why is the sky blue?" },
  { model: "model-1", input: ["Why is the sky blue?", "Why is the grass green?"] },
  {
    model: "model-1",
    input: "a",
    truncate: false,
    dimensions: 64,
    keep_alive: "5m",
    options: { num_ctx: 10 },
  },
];

for (const body of documented) {
  test(`a request is the same when it was read and written: ${Object.keys(body).join()}`, async () => {
    const asked = about();
    assert.deepEqual(embed.encodeRequest(await embed.decodeRequest(body, asked), asked), body);
    assert.deepEqual(asked.dropped, []);
  });
}

test("an answer is the same when it was read and written", async () => {
  const body = {
    model: "model-1",
    embeddings: [
      [0.01, -0.001],
      [0.5, 1],
    ],
    total_duration: 14_143_917,
    load_duration: 1_019_500,
    prompt_eval_count: 8,
  };
  const neutral = embed.decodeAnswer(body, about());
  assert.deepEqual(neutral.usage, { prompt_tokens: 8, total_tokens: 8 });
  assert.deepEqual(await embed.encodeAnswer(neutral, about()), body);
});

test("the older path has one prompt and one vector", async () => {
  const old = about("/api/embeddings");
  const neutral = await embed.decodeRequest({ model: "m", prompt: "Here is", options: { num_ctx: 1 } }, old);
  assert.deepEqual(neutral, {
    model: "model-1",
    input: "Here is",
    extensions: { ollama: { options: { num_ctx: 1 } } },
  });
  const answer: EmbeddingsAnswer = {
    object: "list",
    model: "m",
    data: [{ object: "embedding", index: 0, embedding: "AACAPgAAAL8=" }],
  };
  assert.deepEqual(await embed.encodeAnswer(answer, old), { embedding: [0.25, -0.5] });
  assert.throws(() => embed.decodeRequest({ model: "m", input: "x" }, old), { status: 400, param: "prompt" });
});

test("what Ollama cannot say is told of, tokens are refused", () => {
  const asked = about();
  embed.encodeRequest({ model: "m", input: "a", input_type: "clustering", user: "u" }, asked);
  assert.deepEqual(asked.dropped, ["input_type", "user"]);
  assert.throws(() => embed.encodeRequest({ model: "m", input: [[1]] }, asked), {
    status: 400,
    param: "input",
  });
  assert.throws(() => embed.decodeRequest({ model: "m", input: 1 }, asked), { status: 400, param: "input" });
  assert.throws(() => embed.decodeAnswer({ model: "m" }, asked), { status: 502 });
});

test("usage of vectors is read along", () => {
  assert.deepEqual(protocol.readUsage?.({ embeddings: [], prompt_eval_count: 8 }), {
    inputTokens: 8,
    outputTokens: 0,
  });
});
