import assert from "node:assert/strict";
import { test } from "node:test";
import jinaPlugin from "../../../plugins/protocols/jina.ts";
import rerankPlugin from "../../../plugins/protocols/rerank.ts";
import voyagePlugin from "../../../plugins/protocols/voyage.ts";
import type {
  AnswerContext,
  EmbeddingsRequest,
  Fields,
  Plugin,
  Protocol,
  RerankRequest,
} from "../../../core/index.ts";
import { context } from "./_codec.ts";

async function protocolOf(plugin: Plugin): Promise<Protocol & Required<Pick<Protocol, "codecs">>> {
  const { protocol } = await plugin.setup(undefined, {} as never);
  return protocol as Protocol & Required<Pick<Protocol, "codecs">>;
}

const common = await protocolOf(rerankPlugin);
const jina = await protocolOf(jinaPlugin);
const voyage = await protocolOf(voyagePlugin);
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const documents = ["Organic skincare", "New makeup trends"];
const query = "skincare";

function ranking(parts: Partial<RerankRequest> = {}): AnswerContext<RerankRequest> & { dropped: string[] } {
  return { ...context(), request: { model: "model-1", query, documents, ...parts } };
}

function embedding(
  parts: Partial<EmbeddingsRequest> = {},
): AnswerContext<EmbeddingsRequest> & { dropped: string[] } {
  return { ...context(), request: { model: "model-1", input: "a", ...parts } };
}

const rerankRequests: [Protocol, Fields][] = [
  [common, { model: "model-1", query, documents, top_n: 1, return_documents: true }],
  [
    common,
    {
      model: "model-1",
      query,
      documents: [{ text: "a" }, "b"],
      return_documents: false,
      max_chunks_per_doc: 9,
    },
  ],
  [voyage, { model: "model-1", query, documents, top_k: 1, return_documents: true, truncation: false }],
  [voyage, { model: "model-1", query, documents }],
];

for (const [protocol, body] of rerankRequests) {
  test(`${protocol.name}: a request is the same when it was read and written: ${Object.keys(body).join()}`, async () => {
    const about = ranking();
    const codec = protocol.codecs!.rerank!;
    assert.deepEqual(plain(codec.encodeRequest(await codec.decodeRequest(body, about), about)), body);
    assert.deepEqual(about.dropped, []);
  });
}

const rerankAnswers: [Protocol, Fields][] = [
  [
    common,
    {
      id: "rerank-1",
      model: "model-1",
      results: [
        { index: 1, relevance_score: 0.75, document: { text: "New makeup trends" } },
        { index: 0, relevance_score: 0.5, document: { text: "Organic skincare" } },
      ],
      usage: { prompt_tokens: 815, total_tokens: 815 },
    },
  ],
  [
    voyage,
    {
      object: "list",
      data: [
        { index: 0, relevance_score: 0.4375, document: "Organic skincare" },
        { index: 1, relevance_score: 0.421875, document: "New makeup trends" },
      ],
      model: "model-1",
      usage: { total_tokens: 26 },
    },
  ],
];

for (const [protocol, body] of rerankAnswers) {
  test(`${protocol.name}: an answer is the same when it was read and written`, async () => {
    const about = ranking({ return_documents: true });
    const codec = protocol.codecs!.rerank!;
    assert.deepEqual(plain(await codec.encodeAnswer(codec.decodeAnswer(body, about), about)), body);
  });
}

test("usage is read wherever a service of the common shape tells it", () => {
  const results: Fields[] = [];
  const usageOf = (body: Fields): unknown =>
    common.codecs.rerank!.decodeAnswer({ results, ...body }, ranking()).usage?.prompt_tokens;
  assert.equal(usageOf({ usage: { total_tokens: 7 } }), 7);
  assert.equal(usageOf({ meta: { tokens: { input_tokens: 8, output_tokens: 0 } } }), 8);
  assert.equal(usageOf({ meta: { billed_units: { total_tokens: 9 } } }), 9);
  assert.equal(usageOf({ meta: { billed_units: { search_units: 1 } } }), undefined);
});

test("one service's ranking is another's", async () => {
  const about = ranking({ return_documents: true });
  const neutral = voyage.codecs.rerank!.decodeAnswer(rerankAnswers[1]![1], about);
  assert.deepEqual(await common.codecs.rerank!.encodeAnswer(neutral, about), {
    id: context().id,
    model: "model-1",
    results: [
      { index: 0, relevance_score: 0.4375, document: { text: "Organic skincare" } },
      { index: 1, relevance_score: 0.421875, document: { text: "New makeup trends" } },
    ],
    usage: { prompt_tokens: 26, total_tokens: 26 },
  });
});

test("documents are left out unless they are asked for", async () => {
  const about = ranking();
  const neutral = common.codecs.rerank!.decodeAnswer(rerankAnswers[0]![1], about);
  assert.deepEqual(neutral.results[0], { index: 1, relevance_score: 0.75 });
  const written = common.codecs.rerank!.encodeRequest(about.request, about);
  assert.equal(written["return_documents"], false);
});

test("what Voyage cannot say is told of", () => {
  const about = ranking();
  const request = { ...about.request, documents: [{ title: "a", text: "b" }], max_tokens_per_doc: 5 };
  const body = voyage.codecs.rerank!.encodeRequest(request, about);
  assert.deepEqual(body["documents"], ['{"title":"a","text":"b"}']);
  assert.deepEqual(about.dropped, ["max_tokens_per_doc"]);
});

for (const protocol of [common, voyage]) {
  test(`${protocol.name}: wrong requests are refused`, () => {
    const codec = protocol.codecs.rerank!;
    assert.throws(() => codec.decodeRequest({ documents }, ranking()), { status: 400, param: "query" });
    assert.throws(() => codec.decodeRequest({ query, documents: [1] }, ranking()), {
      status: 400,
      param: "documents",
    });
    assert.throws(() => codec.decodeAnswer({}, ranking()), { status: 502 });
  });
}

const embedRequests: [Protocol, Fields][] = [
  [
    jina,
    { model: "model-1", input: ["a", "b"], task: "retrieval.query", dimensions: 64, late_chunking: true },
  ],
  [jina, { model: "model-1", input: "a", task: "code.query", embedding_type: "base64" }],
  [
    voyage,
    { model: "model-1", input: ["a"], input_type: "document", output_dimension: 256, output_dtype: "int8" },
  ],
  [voyage, { model: "model-1", input: "a", encoding_format: "base64" }],
];

for (const [protocol, body] of embedRequests) {
  test(`${protocol.name}: a request for embeddings is the same when it was read and written: ${Object.keys(body).join()}`, async () => {
    const about = embedding();
    const codec = protocol.codecs!.embeddings!;
    assert.deepEqual(plain(codec.encodeRequest(await codec.decodeRequest(body, about), about)), body);
    assert.deepEqual(about.dropped, []);
  });
}

const vectors = [
  { object: "embedding", index: 0, embedding: [0.25, 0.5] },
  { object: "embedding", index: 1, embedding: [1, 0] },
];
const embedAnswers: [Protocol, Fields][] = [
  [jina, { model: "model-1", object: "list", usage: { prompt_tokens: 6, total_tokens: 6 }, data: vectors }],
  [voyage, { object: "list", data: vectors, model: "model-1", usage: { total_tokens: 6 } }],
];

for (const [protocol, body] of embedAnswers) {
  test(`${protocol.name}: an answer with vectors is the same when it was read and written`, async () => {
    const codec = protocol.codecs!.embeddings!;
    const neutral = codec.decodeAnswer(body, embedding());
    assert.deepEqual(plain(await codec.encodeAnswer(neutral, embedding())), body);
    assert.deepEqual(neutral.usage, { prompt_tokens: 6, total_tokens: 6 });
    assert.deepEqual(protocol.readUsage?.(body), { inputTokens: 6, outputTokens: 0 });
  });
}

test("purposes are said in each service's words", () => {
  const said = (protocol: Protocol, input_type: string): unknown[] => {
    const about = embedding();
    const body = protocol.codecs!.embeddings!.encodeRequest(
      { ...about.request, input_type, user: "u" },
      about,
    );
    return [body["task"] ?? body["input_type"], about.dropped];
  };
  assert.deepEqual(said(jina, "search_document"), ["retrieval.passage", ["user"]]);
  assert.deepEqual(said(jina, "image"), [undefined, ["user", "input_type"]]);
  assert.deepEqual(said(voyage, "search_query"), ["query", ["user"]]);
  assert.deepEqual(said(voyage, "document"), ["document", ["user"]]);
  assert.deepEqual(said(voyage, "clustering"), [undefined, ["user", "input_type"]]);
});

test("a service's own members of a request in OpenAI's shape go through", () => {
  const about = embedding({ task: "text-matching", truncation: false } as Partial<EmbeddingsRequest>);
  assert.equal(jina.codecs.embeddings!.encodeRequest(about.request, about)["task"], "text-matching");
  assert.equal(voyage.codecs.embeddings!.encodeRequest(about.request, about)["truncation"], false);
});

const errors: [Protocol, Fields, number, string | undefined][] = [
  [common, { detail: "Invalid API key" }, 401, "Invalid API key"],
  [common, { detail: [{ loc: ["body"], msg: "Field required", type: "missing" }] }, 422, "Field required"],
  [common, { error: { message: "No such model" } }, 404, "No such model"],
  [common, { object: "error", message: "Too long" }, 400, "Too long"],
  [common, { results: [] }, 200, undefined],
  [jina, { detail: "[RATE] slow down" }, 429, "[RATE] slow down"],
  [voyage, { detail: "Provided API key is invalid." }, 401, "Provided API key is invalid."],
];

for (const [protocol, body, status, message] of errors) {
  test(`${protocol.name}: an error is read: ${JSON.stringify(body)}`, () => {
    assert.equal(protocol.readError?.(body, status)?.message, message);
  });
}

test("facts are read of what is ranked or embedded", () => {
  const facts = (protocol: Protocol, body: Fields): unknown[] => {
    const { model, messages } = protocol.readRequest!(body, protocol.endpoints[0]!, "");
    return [model, messages()];
  };
  const ranked = [{ role: "user", text: "skincare\na\nb" }];
  assert.deepEqual(facts(common, { model: "m", query, documents: [{ text: "a" }, "b"] }), ["m", ranked]);
  assert.deepEqual(facts(voyage, { model: "m", input: ["a", "b"] }), ["m", [{ role: "user", text: "a\nb" }]]);
  assert.deepEqual(facts(jina, { model: "m", input: [{ text: "a" }] }), ["m", [{ role: "user", text: "a" }]]);
  for (const protocol of [common, voyage, jina]) {
    assert.throws(() => protocol.readRequest!({}, protocol.endpoints[0]!, ""), { status: 400 });
  }
});
