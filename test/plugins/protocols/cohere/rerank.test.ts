import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnswerContext, Fields, RerankAnswer, RerankRequest } from "../../../../core/index.ts";
import { context } from "../_codec.ts";
import { rerank } from "./_cohere.ts";

const documents = ["Carson City …", "Washington, D.C. …"];
const request = { model: "model-1", query: "What is the capital?", documents, top_n: 2 };

function about(asked: Partial<RerankRequest> = {}): AnswerContext<RerankRequest> & { dropped: string[] } {
  return { ...context(), request: { ...request, ...asked } };
}

test("a request is the same when it was read and written", async () => {
  const body = { ...request, max_tokens_per_doc: 4096, priority: 2 };
  const neutral = await rerank.decodeRequest(body, about());
  assert.deepEqual(JSON.parse(JSON.stringify(rerank.encodeRequest(neutral, about()))), body);
});

test("an answer is the same when it was read and written", async () => {
  const body = {
    id: "07734bd2-2473-4f07-94e1-0d9f0e6843cf",
    results: [
      { index: 1, relevance_score: 0.999 },
      { index: 0, relevance_score: 0.32 },
    ],
    meta: { api_version: { version: "2", is_experimental: false }, billed_units: { search_units: 1 } },
  };
  const neutral = rerank.decodeAnswer(body, about());
  assert.equal(neutral.usage, undefined);
  assert.deepEqual(JSON.parse(JSON.stringify(await rerank.encodeAnswer(neutral, about()))), body);
});

test("documents that are asked for are put in", () => {
  const answer = rerank.decodeAnswer(
    { results: [{ index: 1, relevance_score: 0.5 }] },
    about({ return_documents: true }),
  );
  assert.deepEqual(answer.results, [{ index: 1, relevance_score: 0.5, document: "Washington, D.C. …" }]);
});

test("documents with fields go as JSON, those with a text alone as the text", () => {
  const body = rerank.encodeRequest(
    { ...request, documents: [{ text: "a" }, { title: "b", text: "c" }, "d"], return_documents: true },
    about(),
  );
  assert.deepEqual(body["documents"], ["a", '{"title":"b","text":"c"}', "d"]);
  assert.equal("return_documents" in body, false);
});

test("another service's answer has what it told", async () => {
  const answer: RerankAnswer = {
    model: "m",
    results: [{ index: 0, relevance_score: 0.5, document: "Carson City …" }],
    usage: { prompt_tokens: 9, completion_tokens: 0, total_tokens: 9 },
  };
  assert.deepEqual(await rerank.encodeAnswer(answer, about({ return_documents: true })), {
    id: context().id,
    results: [{ index: 0, relevance_score: 0.5, document: { text: "Carson City …" } }],
    meta: { api_version: { version: "2" }, tokens: { input_tokens: 9 } },
  });
});

const wrong: [param: string, body: Fields][] = [
  ["query", { documents }],
  ["documents", { query: "a" }],
  ["documents", { query: "a", documents: [1] }],
];

for (const [param, body] of wrong) {
  test(`a request with a wrong ${param} is refused: ${JSON.stringify(body)}`, () => {
    assert.throws(() => rerank.decodeRequest(body, about()), { status: 400, param });
  });
}

test("an answer without results is refused", () => {
  assert.throws(() => rerank.decodeAnswer({ id: "1" }, about()), { status: 502 });
});
