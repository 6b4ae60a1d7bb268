import assert from "node:assert/strict";
import { test } from "node:test";
import { protocol } from "../../../../plugins/protocols/vertex-predict/index.ts";
import { context } from "../_codec.ts";
import type { EmbeddingsRequest } from "../../../../core/index.ts";

const { embeddings } = protocol.codecs;

function answering(request: EmbeddingsRequest = { model: "model-1", input: "" }) {
  return { ...context(), request };
}

test("texts to embed, there and back", async () => {
  const more = { task_type: "RETRIEVAL_DOCUMENT", title: "T" };
  const given = {
    instances: [
      { content: "a", ...more },
      { content: "b", ...more },
    ],
    parameters: { outputDimensionality: 3, autoTruncate: false },
  };
  const neutral = await embeddings.decodeRequest(given, context());
  assert.deepEqual(neutral.input, ["a", "b"]);
  assert.equal(neutral.dimensions, 3);
  assert.equal(neutral.input_type, "search_document");
  assert.deepEqual(embeddings.encodeRequest(neutral, context()), given);
});

test("what cannot be said is noted, what cannot be embedded is refused", async () => {
  const about = context();
  const request = { model: "m", input: "a", input_type: "other", user: "u" };
  assert.deepEqual(embeddings.encodeRequest(request, about), { instances: [{ content: "a" }] });
  assert.deepEqual(about.dropped, ["user", "input_type"]);
  assert.throws(() => embeddings.encodeRequest({ model: "m", input: [1, 2] }, about), /token numbers/);
  await assert.rejects(async () => embeddings.decodeRequest({ instances: [{}] }, about), /content/);
  await assert.rejects(async () => embeddings.decodeRequest({}, about), /instances/);
});

test("vectors and what they cost, there and back", async () => {
  const predictions = [
    { embeddings: { values: [0.5, 1], statistics: { truncated: false, token_count: 5 } } },
    { embeddings: { values: [2, 3], statistics: { truncated: false, token_count: 0 } } },
  ];
  const neutral = embeddings.decodeAnswer({ predictions }, answering());
  assert.deepEqual(neutral.usage, { prompt_tokens: 5, total_tokens: 5 });
  assert.deepEqual(await embeddings.encodeAnswer(neutral, answering()), { predictions });
  assert.throws(() => embeddings.decodeAnswer({ predictions: [{}] }, answering()), /no values/);
});
