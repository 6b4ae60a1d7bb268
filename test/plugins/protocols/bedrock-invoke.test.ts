import assert from "node:assert/strict";
import { after, test } from "node:test";
import OpenAI, { APIError, BadRequestError, PermissionDeniedError } from "openai";
import { sendJson, startGateway, startUpstream } from "../../_gateway.ts";
import type { TestUpstream } from "../../_gateway.ts";

const closing: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

async function start(answer: object, status = 200): Promise<{ client: OpenAI; service: TestUpstream }> {
  const service = await startUpstream((_req, res) => sendJson(res, status, answer));
  closing.push(service.close);
  const gateway = await startGateway({
    upstreams: [{ provider: "bedrock", baseURL: service.url, key: "ABSK", models: ["*"] }],
    plugins: [{ auth: { anonymous: true } }, { retry: { attempts: 1 } }],
  });
  closing.push(gateway.close);
  return { client: new OpenAI({ apiKey: "none", baseURL: `${gateway.url}/v1`, maxRetries: 0 }), service };
}

const vector = [0.5, -0.25, 1];

const families: { model: string; sent: object; answer: object; usage?: object; more?: object }[] = [
  {
    model: "amazon.titan-embed-text-v2:0",
    sent: { inputText: "Hällo", dimensions: 256 },
    answer: { embedding: vector, inputTextTokenCount: 3 },
    usage: { prompt_tokens: 3, total_tokens: 3 },
    more: { dimensions: 256 },
  },
  {
    model: "amazon.titan-embed-image-v1",
    sent: { inputText: "Hällo", embeddingConfig: { outputEmbeddingLength: 256 } },
    answer: { embedding: vector },
    more: { dimensions: 256 },
  },
  {
    model: "cohere.embed-v4:0",
    sent: {
      texts: ["Hällo"],
      input_type: "search_query",
      embedding_types: ["float"],
      output_dimension: 256,
    },
    answer: { embeddings: { float: [vector] } },
    more: { input_type: "search_query", dimensions: 256 },
  },
  {
    model: "cohere.embed-english-v3",
    sent: { texts: ["Hällo"], input_type: "search_document", embedding_types: ["float"] },
    answer: { embeddings: [vector] },
  },
  {
    model: "amazon.nova-2-multimodal-embeddings-v1:0",
    sent: {
      taskType: "SINGLE_EMBEDDING",
      singleEmbeddingParams: {
        embeddingPurpose: "CLUSTERING",
        text: { truncationMode: "NONE", value: "Hällo" },
      },
    },
    answer: { embeddings: [{ embeddingType: "TEXT", embedding: vector }] },
    more: { input_type: "clustering" },
  },
];

for (const { model, sent, answer, usage, more = {} } of families) {
  test(`OpenAI's client gets vectors of ${model}`, async () => {
    const { client, service } = await start(answer);
    // The client asks for base64 by itself, and gives numbers.
    const got = await client.embeddings.create({ model, input: "Hällo", ...more });
    assert.deepEqual(got.data, [{ object: "embedding", index: 0, embedding: vector }]);
    assert.equal(got.model, model);
    if (usage) assert.deepEqual(got.usage, usage);
    const [seen] = service.requests;
    assert.equal(seen?.url, `/model/${encodeURIComponent(model)}/invoke`);
    assert.deepEqual(JSON.parse(seen.body.toString()), sent);
  });
}

test("several texts go to a model that takes them, and are refused for one that does not", async () => {
  const { client } = await start({ embeddings: { float: [vector, vector] } });
  const got = await client.embeddings.create({ model: "cohere.embed-v4:0", input: ["One", "Two"] });
  assert.deepEqual(
    got.data.map(({ index }) => index),
    [0, 1],
  );
  const { client: titan, service } = await start({ embedding: vector });
  const refused = titan.embeddings.create({ model: "amazon.titan-embed-text-v2:0", input: ["One", "Two"] });
  await assert.rejects(refused, (error) => error instanceof BadRequestError && error.param === "input");
  const numbers = titan.embeddings.create({ model: "amazon.titan-embed-text-v2:0", input: [1, 2] });
  await assert.rejects(numbers, (error) => error instanceof BadRequestError && error.param === "input");
  assert.equal(service.requests.length, 0);
});

test("an answer without all vectors, and Bedrock's refusal, are errors", async () => {
  const { client } = await start({ embeddings: { float: [vector] } });
  const short = client.embeddings.create({ model: "cohere.embed-v4:0", input: ["One", "Two"] });
  await assert.rejects(short, (error) => error instanceof APIError && error.status === 502);
  const { client: second } = await start({ message: "Not allowed." }, 403);
  const refused = second.embeddings.create({ model: "cohere.embed-v4:0", input: "One" });
  await assert.rejects(refused, (error) => {
    return error instanceof PermissionDeniedError && /Not allowed\./.test(error.message);
  });
});
