import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../../core/index.ts";
import { protocol } from "../../../../plugins/protocols/gemini/index.ts";
import { answerContext, context } from "../_codec.ts";
import type { AnswerContext, CodecContext, EmbeddingsRequest, Fields } from "../../../../core/index.ts";

const { embeddings, "count-tokens": count } = protocol.codecs;

function about(method: string): CodecContext & { dropped: string[] } {
  const path = `/v1beta/models/{model}:${method}`;
  return context({
    model: "gemini-embedding-001",
    endpoint: { method: "POST", path, operation: "embeddings" },
  });
}

function answering(method: string): AnswerContext<EmbeddingsRequest> {
  return { ...about(method), request: { model: "gemini-embedding-001", input: [] } };
}

const content = (text: string): Fields => ({ parts: [{ text }] });
const model = "models/gemini-embedding-001";

test("one text to embed, there and back", async () => {
  const given = { model, content: content("Hi"), taskType: "RETRIEVAL_QUERY", outputDimensionality: 3 };
  const neutral = await embeddings.decodeRequest(given, about("embedContent"));
  assert.deepEqual(neutral, {
    model: "gemini-embedding-001",
    input: "Hi",
    dimensions: 3,
    input_type: "search_query",
  });
  assert.deepEqual(embeddings.encodeRequest(neutral, about("embedContent")), given);
  assert.deepEqual(embeddings.encodeRequest(neutral, about("batchEmbedContents")), { requests: [given] });
});

test("many texts to embed, there and back", async () => {
  const more = { taskType: "QUESTION_ANSWERING", title: "T" };
  const given = { requests: ["a", "b"].map((text) => ({ model, content: content(text), ...more })) };
  const neutral = await embeddings.decodeRequest(given, about("batchEmbedContents"));
  assert.deepEqual(neutral, {
    model: "gemini-embedding-001",
    input: ["a", "b"],
    extensions: { gemini: more },
  });
  assert.deepEqual(embeddings.encodeRequest(neutral, about("batchEmbedContents")), given);
});

test("what cannot be embedded is refused, what cannot be said is noted", async () => {
  const noted = about("batchEmbedContents");
  const request = { model: "m", input: "Hi", input_type: "other", user: "u" };
  assert.deepEqual(embeddings.encodeRequest(request, noted), {
    requests: [{ model, content: content("Hi") }],
  });
  assert.deepEqual(noted.dropped, ["user", "input_type"]);
  assert.throws(() => embeddings.encodeRequest({ model: "m", input: [[1, 2]] }, noted), /token numbers/);
  await assert.rejects(
    async () => embeddings.decodeRequest({ content: { parts: [{ inlineData: {} }] } }, about("embedContent")),
    /only text/,
  );
});

test("vectors, there and back", async () => {
  const many = { embeddings: [{ values: [0.5, 1] }, { values: [2, -0.25] }] };
  const neutral = embeddings.decodeAnswer(many, answering("batchEmbedContents"));
  assert.deepEqual(neutral.data, [
    { object: "embedding", index: 0, embedding: [0.5, 1] },
    { object: "embedding", index: 1, embedding: [2, -0.25] },
  ]);
  assert.deepEqual(await embeddings.encodeAnswer(neutral, answering("batchEmbedContents")), many);
  const one = { embedding: { values: [0.5, 1] } };
  const single = embeddings.decodeAnswer(one, answering("embedContent"));
  assert.deepEqual(await embeddings.encodeAnswer(single, answering("embedContent")), one);
  // As OpenAI's upstreams may give it: base64 of little-endian float32.
  const packed = btoa(String.fromCharCode(...new Uint8Array(new Float32Array([0.5, 1]).buffer)));
  const base64 = { ...single, data: [{ object: "embedding" as const, index: 0, embedding: packed }] };
  assert.deepEqual(await embeddings.encodeAnswer(base64, answering("embedContent")), one);
  assert.throws(() => embeddings.decodeAnswer({}, answering("embedContent")), /no embeddings/);
});

test("tokens are counted of contents alone, or of a whole request", async () => {
  const contents = [{ role: "user", parts: [{ text: "Hi" }] }];
  const plain = await count.decodeRequest({ contents }, context());
  assert.deepEqual(count.encodeRequest(plain, context()), { contents });
  const generateContentRequest = {
    model: "models/model-1",
    contents,
    systemInstruction: { parts: [{ text: "S" }] },
  };
  const whole = await count.decodeRequest({ generateContentRequest }, context());
  assert.deepEqual(
    whole.messages.map(({ role }) => role),
    ["system", "user"],
  );
  assert.deepEqual(count.encodeRequest(whole, context()), { generateContentRequest });
  const counted = {
    totalTokens: 7,
    cachedContentTokenCount: 2,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: 7 }],
  };
  const neutral = count.decodeAnswer(counted, answerContext());
  assert.equal(neutral.input_tokens, 7);
  assert.equal(neutral.cached_tokens, 2);
  assert.deepEqual(await count.encodeAnswer(neutral, answerContext()), counted);
});

test("errors in Google's shape, there and back", () => {
  const type = "type.googleapis.com/google.rpc.";
  const limited = new GatewayError("Slow down.", { status: 429, code: "rate_limit", retryAfter: 1.2 });
  const told = JSON.parse(protocol.renderError(limited)) as Fields;
  const details = [{ "@type": `${type}RetryInfo`, retryDelay: "2s" }];
  assert.deepEqual(told, {
    error: { code: 429, message: "Slow down.", status: "RESOURCE_EXHAUSTED", details },
  });
  assert.deepEqual(protocol.readError(told, 429), {
    message: "Slow down.",
    code: "resource_exhausted",
    retryAfter: 2,
  });
  const wrong = new GatewayError("No.", { status: 400, code: "invalid_request", param: "contents" });
  const refused = JSON.parse(protocol.renderError(wrong)) as Fields;
  const fieldViolations = [{ field: "contents", description: "No." }];
  assert.deepEqual(refused, {
    error: {
      code: 400,
      message: "No.",
      status: "INVALID_ARGUMENT",
      details: [{ "@type": `${type}BadRequest`, fieldViolations }],
    },
  });
  assert.deepEqual(protocol.readError(refused, 400), {
    message: "No.",
    code: "invalid_argument",
    param: "contents",
  });
  const info = { "@type": `${type}ErrorInfo`, reason: "API_KEY_INVALID" };
  assert.deepEqual(protocol.readError({ error: { status: "UNAVAILABLE", details: [info] } }, 200), {
    message: "The upstream failed.",
    code: "api_key_invalid",
    status: 503,
  });
  assert.equal(protocol.readError({ candidates: [] }, 200), undefined);
});

test("a stream that came as a JSON list tells its usage and its text", () => {
  const piece = (text: string, output: number) => ({
    candidates: [{ content: { parts: [{ text }] } }],
    usageMetadata: { promptTokenCount: 2, toolUsePromptTokenCount: 1, candidatesTokenCount: output },
  });
  const list = [piece("a", 1), piece("b", 2)];
  assert.deepEqual(protocol.readUsage(list), { inputTokens: 3, outputTokens: 2 });
  assert.equal(protocol.readText(list), "ab");
});
