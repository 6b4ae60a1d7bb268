import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnswerContext, EmbeddingsAnswer, EmbeddingsRequest, Fields } from "../../../../core/index.ts";
import { context } from "../_codec.ts";
import { embed, protocol } from "./_cohere.ts";

const endpoint = { method: "POST", path: "/v2/embed", operation: "embeddings" };

function about(
  request: Partial<EmbeddingsRequest> = {},
): AnswerContext<EmbeddingsRequest> & { dropped: string[] } {
  const asked: EmbeddingsRequest = { model: "model-1", input: ["hello"], ...request };
  return { ...context({ endpoint, path: endpoint.path }), request: asked };
}

const documented: Record<string, Fields> = {
  texts: {
    model: "model-1",
    texts: ["hello", "goodbye"],
    input_type: "classification",
    embedding_types: ["float"],
  },
  "every option": {
    model: "model-1",
    texts: ["hello"],
    input_type: "search_query",
    embedding_types: ["base64"],
    output_dimension: 512,
    truncate: "START",
    max_tokens: 100,
    priority: 1,
  },
  inputs: {
    model: "model-1",
    inputs: [{ content: [{ type: "text", text: "hello" }] }],
    input_type: "search_document",
    embedding_types: ["float", "base64"],
  },
};

for (const [name, body] of Object.entries(documented)) {
  test(`a request for embeddings is the same when it was read and written: ${name}`, async () => {
    const asked = about();
    const neutral = await embed.decodeRequest(body, asked);
    assert.deepEqual(JSON.parse(JSON.stringify(embed.encodeRequest(neutral, asked))), body);
    assert.deepEqual(asked.dropped, []);
  });
}

test("an answer is the same when it was read and written", async () => {
  const body = {
    id: "da6e531f-54c5-4a73-bf92-f60566d8d753",
    embeddings: {
      float: [
        [0.25, -0.5],
        [1, 0],
      ],
    },
    texts: ["hello", "goodbye"],
    meta: {
      api_version: { version: "2", is_experimental: true },
      billed_units: { input_tokens: 2 },
      warnings: ["w"],
    },
    response_type: "embeddings_by_type",
  };
  const asked = about({ input: ["hello", "goodbye"] });
  const neutral = embed.decodeAnswer(body, asked);
  assert.deepEqual(neutral.usage, { prompt_tokens: 2, total_tokens: 2 });
  assert.deepEqual(JSON.parse(JSON.stringify(await embed.encodeAnswer(neutral, asked))), body);
});

test("vectors come as floats and as base64, as they are asked for", async () => {
  const answer: EmbeddingsAnswer = {
    object: "list",
    model: "m",
    data: [
      { object: "embedding", index: 1, embedding: "AACAPgAAAL8=" },
      { object: "embedding", index: 0, embedding: [1, 0.5] },
    ],
    usage: { prompt_tokens: 4, total_tokens: 4 },
  };
  const request = await embed.decodeRequest(documented["inputs"]!, about());
  const written = (await embed.encodeAnswer(answer, about(request))) as Fields;
  assert.deepEqual(written["embeddings"], {
    float: [
      [1, 0.5],
      [0.25, -0.5],
    ],
    base64: ["AACAPwAAAD8=", "AACAPgAAAL8="],
  });
  assert.deepEqual(written["meta"], { api_version: { version: "2" }, billed_units: { input_tokens: 4 } });
});

test("a request in OpenAI's shape gets what Cohere requires", () => {
  const asked = about();
  const body = embed.encodeRequest({ model: "m", input: "hello", dimensions: 256, user: "u" }, asked);
  assert.deepEqual(body, {
    model: "model-1",
    texts: ["hello"],
    input_type: "search_document",
    embedding_types: ["float"],
    output_dimension: 256,
  });
  assert.deepEqual(asked.dropped, ["user"]);
});

test("a purpose that Cohere does not know is told of", () => {
  const asked = about();
  const body = embed.encodeRequest({ model: "m", input: ["a"], input_type: "similarity" }, asked);
  assert.equal(body["input_type"], "search_document");
  assert.deepEqual(asked.dropped, ["input_type"]);
});

test("tokens are refused", () => {
  assert.throws(() => embed.encodeRequest({ model: "m", input: [1, 2, 3] }, about()), {
    status: 400,
    param: "input",
  });
});

const wrong: [param: string, body: Fields][] = [
  ["texts", { input_type: "image" }],
  ["texts", { texts: "hello", input_type: "image" }],
  ["input_type", { texts: ["hello"] }],
  ["images", { images: ["data:image/png;base64,AAAA"], input_type: "image" }],
  [
    "inputs",
    { inputs: [{ content: [{ type: "image_url", image_url: { url: "x" } }] }], input_type: "image" },
  ],
  ["embedding_types", { texts: ["hello"], input_type: "image", embedding_types: ["int8"] }],
];

for (const [param, body] of wrong) {
  test(`a request with a wrong ${param} is refused: ${JSON.stringify(body)}`, () => {
    assert.throws(() => embed.decodeRequest(body, about()), { status: 400, param });
  });
}

test("an answer without vectors is refused", () => {
  assert.throws(() => embed.decodeAnswer({ id: "1" }, about()), { status: 502 });
});

test("facts and usage of other operations are read", () => {
  const facts = protocol.readRequest({ model: "m", ...documented["texts"] }, endpoint, endpoint.path);
  assert.deepEqual(
    [facts.model, facts.stream, facts.messages()],
    ["model-1", false, [{ role: "user", text: "hello\ngoodbye" }]],
  );
  const meta = { billed_units: { input_tokens: 3 } };
  assert.deepEqual(protocol.readUsage?.({ embeddings: {}, meta }), { inputTokens: 3, outputTokens: 0 });
});
