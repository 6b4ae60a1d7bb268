import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../../core/index.ts";
import type {
  AnswerContext,
  Codec,
  EmbeddingsAnswer,
  EmbeddingsRequest,
  Fields,
} from "../../../../core/index.ts";
import { context } from "../_codec.ts";
import { protocol } from "./_codec.ts";

const codec = protocol.codecs?.embeddings as Codec<EmbeddingsRequest, EmbeddingsAnswer>;

function about(request: Partial<EmbeddingsRequest> = {}): AnswerContext<EmbeddingsRequest> {
  return { ...context(), request: { model: "model-1", input: "a", ...request } };
}

const documented: Fields = {
  object: "list",
  data: [{ object: "embedding", index: 0, embedding: [0.25, -0.5, 0.125] }],
  model: "model-1",
  usage: { prompt_tokens: 8, total_tokens: 8 },
};

for (const [name, body] of Object.entries<Fields>({
  text: { input: "The food was delicious", model: "model-1", encoding_format: "float" },
  texts: { input: ["a", "b"], model: "model-1", dimensions: 256, user: "u" },
  tokens: { input: [1, 2, 3], model: "model-1" },
  lists: { input: [[1, 2], [3]], model: "model-1", encoding_format: "base64" },
})) {
  test(`the documented request of ${name} is read and written as it is`, async () => {
    assert.deepEqual(codec.encodeRequest(await codec.decodeRequest(body, context()), context()), body);
  });
}

for (const [name, body, param] of [
  ["no input", { model: "m" }, "input"],
  ["an input that is a map", { model: "m", input: {} }, "input"],
  ["a format that there is not", { model: "m", input: "a", encoding_format: "int8" }, "encoding_format"],
] as const) {
  test(`a request with ${name} is refused`, async () => {
    await assert.rejects(
      async () => codec.decodeRequest(body, context()),
      (error) => error instanceof GatewayError && error.status === 400 && error.param === param,
    );
  });
}

test("the documented answer is read and written as it is", async () => {
  assert.deepEqual(await codec.encodeAnswer(codec.decodeAnswer(documented, about()), about()), documented);
});

test("vectors come in the form that the client asked for", async () => {
  const answer = codec.decodeAnswer(documented, about());
  const packed = (await codec.encodeAnswer(
    answer,
    about({ encoding_format: "base64" }),
  )) as unknown as EmbeddingsAnswer;
  const text = packed.data[0]?.embedding as string;
  assert.deepEqual(
    [...new Float32Array(Uint8Array.from(atob(text), (one) => one.charCodeAt(0)).buffer)],
    [0.25, -0.5, 0.125],
  );
  const again = codec.decodeAnswer(packed as unknown as Fields, about());
  assert.deepEqual(await codec.encodeAnswer(again, about()), documented);
});

test("what a vector is for is told to those who take it", () => {
  const request: EmbeddingsRequest = { model: "m", input: "a", input_type: "search_query" };
  const silent = context();
  assert.deepEqual(codec.encodeRequest(request, silent), { model: "model-1", input: "a" });
  assert.deepEqual(silent.dropped, ["input_type"]);
  const taking = context({ takes: { extensions: ["input_type"] } });
  assert.equal(codec.encodeRequest(request, taking)["input_type"], "search_query");
});

test("an answer without vectors cannot be made out", () => {
  for (const body of [{}, { data: [{}] }, { data: [{ embedding: [Number.NaN] }] }]) {
    assert.throws(
      () => codec.decodeAnswer(body, about()),
      (error) => error instanceof GatewayError && error.status === 502,
    );
  }
});
