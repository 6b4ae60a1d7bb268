import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, before, test } from "node:test";
import { CohereClient, CohereClientV2, CohereError } from "cohere-ai";
import OpenAI, { APIError } from "openai";
import { sendJson, startGateway, startUpstream } from "../_gateway.ts";
import type { TestGateway, TestUpstream } from "../_gateway.ts";
import { collect } from "./_compare.ts";

const key = "sk-caller-0001";
const upstreamKey = "uk-upstream-0002";

/** What a service is asked, and how it answers: by the last message of the request. */
let cohere: TestUpstream;
let openai: TestUpstream;
let voyage: TestUpstream;
let jina: TestUpstream;
let gateway: TestGateway;

type Body = Record<string, unknown>;

function lastBody({ requests }: TestUpstream): Body {
  return JSON.parse(requests.at(-1)!.body.toString()) as Body;
}

function sendEvents(res: ServerResponse, events: readonly string[]): void {
  res.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events) res.write(event);
  res.end();
}

const wireCall = {
  id: "w_1",
  type: "function",
  function: { name: "get_weather", arguments: '{"city":"Bern"}' },
};
const usage = {
  billed_units: { input_tokens: 5, output_tokens: 7 },
  tokens: { input_tokens: 71, output_tokens: 7 },
};
const events = [
  { type: "message-start", id: "m1", delta: { message: { role: "assistant" } } },
  { type: "content-start", index: 0, delta: { message: { content: { type: "text", text: "" } } } },
  { type: "content-delta", index: 0, delta: { message: { content: { text: "Grüezi " } } } },
  { type: "content-delta", index: 0, delta: { message: { content: { text: "🦊" } } } },
  { type: "content-end", index: 0 },
  { type: "message-end", delta: { finish_reason: "COMPLETE", usage } },
];

function answerAsCohere(body: Body, res: ServerResponse): void {
  const text = JSON.stringify(body["messages"]);
  if (text.includes("forbidden")) return sendJson(res, 400, { id: "e1", message: "too many tokens" });
  if (text.includes("half")) return sendEvents(res, events.slice(0, 3).map(eventText));
  if (body["stream"]) return sendEvents(res, events.map(eventText));
  const isResult = text.includes('"tool"');
  const message =
    body["tools"] && !isResult
      ? { role: "assistant", tool_plan: "I will look.", tool_calls: [wireCall] }
      : { role: "assistant", content: [{ type: "text", text: "Sunny." }] };
  const finish_reason = message.content ? "COMPLETE" : "TOOL_CALL";
  sendJson(res, 200, { id: "m1", finish_reason, message, usage });
}

function eventText(event: { type: string }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function answerAsOpenAI(body: Body, res: ServerResponse): void {
  const text = JSON.stringify(body["messages"]);
  const base = { id: "chatcmpl-1", created: 1, model: body["model"] };
  if (text.includes("forbidden")) {
    const error = { message: "No.", type: "invalid_request_error", param: "messages", code: "bad" };
    return sendJson(res, 400, { error });
  }
  const tokens = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 };
  const calls = body["tools"] && !text.includes('"tool"') ? [wireCall] : undefined;
  const finish_reason = calls ? "tool_calls" : "stop";
  if (!body["stream"]) {
    const message = {
      role: "assistant",
      content: calls ? null : "Sunny.",
      ...(calls && { tool_calls: calls }),
    };
    const choices = [{ index: 0, message, finish_reason }];
    return sendJson(res, 200, { ...base, object: "chat.completion", choices, usage: tokens });
  }
  const deltas = calls
    ? [{ role: "assistant", tool_calls: [{ index: 0, ...wireCall }] }]
    : [{ role: "assistant", content: "" }, { content: "Grüezi " }, { content: "🦊" }];
  const object = "chat.completion.chunk";
  const chunks: object[] = [
    ...deltas.map((delta) => ({ ...base, object, choices: [{ index: 0, delta, finish_reason: null }] })),
    { ...base, object, choices: [{ index: 0, delta: {}, finish_reason }] },
    { ...base, object, choices: [], usage: tokens },
  ];
  sendEvents(res, [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), "data: [DONE]\n\n"]);
}

before(async () => {
  cohere = await startUpstream((req, res) => {
    const body = JSON.parse(req.body.toString()) as Body;
    const meta = { billed_units: { input_tokens: 2 } };
    if (req.url === "/v2/embed") {
      return sendJson(res, 200, { id: "e", embeddings: { float: [[0.25, 0.5]] }, texts: ["a"], meta });
    }
    if (req.url === "/v2/rerank") {
      const results = [{ index: 1, relevance_score: 0.75 }];
      return sendJson(res, 200, { id: "r", results, meta: { billed_units: { search_units: 1 } } });
    }
    answerAsCohere(body, res);
  });
  openai = await startUpstream((req, res) => {
    const body = JSON.parse(req.body.toString()) as Body;
    if (req.url !== "/v1/embeddings") return answerAsOpenAI(body, res);
    const data = [{ object: "embedding", index: 0, embedding: [0.25, 0.5] }];
    sendJson(res, 200, {
      object: "list",
      model: body["model"],
      data,
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
  });
  const ranked = [{ index: 1, relevance_score: 0.5 }];
  voyage = await startUpstream((req, res) => {
    const vectors = [{ object: "embedding", index: 0, embedding: [1, 0] }];
    const data = req.url === "/v1/rerank" ? ranked : vectors;
    sendJson(res, 200, { object: "list", data, model: "v", usage: { total_tokens: 26 } });
  });
  jina = await startUpstream((req, res) => {
    const { return_documents } = JSON.parse(req.body.toString()) as Body;
    const results = return_documents ? [{ ...ranked[0], document: { text: "y" } }] : ranked;
    const data = [{ object: "embedding", index: 0, embedding: [1, 0] }];
    const told = { model: "j", usage: { prompt_tokens: 8, total_tokens: 8 } };
    sendJson(res, 200, req.url === "/v1/rerank" ? { ...told, results } : { ...told, data });
  });
  const upstream = (provider: string, baseURL: string, ...models: string[]): object => ({
    provider,
    baseURL,
    key: upstreamKey,
    models,
  });
  gateway = await startGateway({
    keys: [key],
    upstreams: [
      upstream("cohere", cohere.url, "command-a-03-2025", "embed-v4.0", "rerank-v3.5"),
      upstream("openai", `${openai.url}/v1`, "gpt-4o", "text-embedding-3-small"),
      upstream("voyage", `${voyage.url}/v1`, "rerank-2.5", "voyage-3"),
      upstream("jina", `${jina.url}/v1`, "jina-reranker-v2", "jina-embeddings-v3"),
    ],
    plugins: [{ retry: { attempts: 1 } }],
  });
});

after(async () => {
  await gateway.close();
  await Promise.all([cohere, openai, voyage, jina].map((one) => one.close()));
});

const cohereClient = (): CohereClientV2 =>
  new CohereClientV2({ environment: gateway.url, token: key, maxRetries: 0 } as never);
const openaiClient = (): OpenAI => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 });

const weather = {
  name: "get_weather",
  description: "The weather.",
  parameters: { type: "object", properties: { city: { type: "string" } } },
};
const says = (content: string): { role: "user"; content: string }[] => [{ role: "user", content }];

test("Cohere's client, Cohere's API: the bytes pass", async () => {
  const answer = await cohereClient().chat({
    model: "command-a-03-2025",
    messages: says("hi"),
    safetyMode: "OFF",
  });
  assert.equal(lastBody(cohere)["safety_mode"], "OFF");
  assert.deepEqual([answer.id, answer.usage?.billedUnits?.outputTokens], ["m1", 7]);
});

test("Cohere's client, OpenAI's API: a text", async () => {
  const answer = await cohereClient().chat({
    model: "gpt-4o",
    messages: [{ role: "system", content: "Be short." }, ...says("hi")],
    maxTokens: 10,
    stopSequences: ["END"],
    p: 0.5,
  });
  const { finishReason, message, usage: told } = answer;
  assert.deepEqual(
    [finishReason, message.role, message.content, told?.tokens],
    ["COMPLETE", "assistant", [{ type: "text", text: "Sunny." }], { inputTokens: 9, outputTokens: 4 }],
  );
  const { messages, top_p, stop } = lastBody(openai);
  assert.deepEqual(messages, [{ role: "system", content: "Be short." }, ...says("hi")]);
  assert.deepEqual([top_p, stop], [0.5, ["END"]]);
  const { headers } = openai.requests.at(-1)!;
  assert.equal(headers.authorization, `Bearer ${upstreamKey}`);
  assert.ok(!Object.keys(headers).some((name) => name.startsWith("x-fern")), "its own headers stay here");
});

test("Cohere's client, OpenAI's API: a stream", async () => {
  const stream = await cohereClient().chatStream({ model: "gpt-4o", messages: says("hi") });
  const seen = await collect(stream);
  assert.deepEqual(
    seen.map(({ type }) => type),
    ["message-start", "content-start", "content-delta", "content-delta", "content-end", "message-end"],
  );
  const text = seen.map((event) =>
    event.type === "content-delta" ? event.delta?.message?.content?.text : "",
  );
  assert.equal(text.join(""), "Grüezi 🦊");
  const last = seen.at(-1);
  assert.ok(last?.type === "message-end");
  assert.equal(last.delta?.finishReason, "COMPLETE");
  assert.deepEqual(last.delta?.usage?.tokens, { inputTokens: 9, outputTokens: 4 });
});

test("Cohere's client, OpenAI's API: a round with a tool", async () => {
  const client = cohereClient();
  const tools = [{ type: "function" as const, function: weather }];
  const { message, finishReason } = await client.chat({ model: "gpt-4o", messages: says("weather"), tools });
  assert.equal(finishReason, "TOOL_CALL");
  assert.deepEqual(message.toolCalls, [wireCall]);
  const result = { type: "document" as const, document: { data: { sky: "clear" } } };
  const answer = await client.chat({
    model: "gpt-4o",
    tools,
    messages: [...says("weather"), message, { role: "tool", toolCallId: "w_1", content: [result] }],
  });
  assert.deepEqual(answer.message.content, [{ type: "text", text: "Sunny." }]);
  const [, assistant, told] = lastBody(openai)["messages"] as Body[];
  assert.deepEqual(assistant?.["tool_calls"], [wireCall]);
  assert.equal(told?.["tool_call_id"], "w_1");
  assert.match(JSON.stringify(told?.["content"]), /clear/);
});

test("Cohere's client, OpenAI's API: a call in a stream", async () => {
  const tools = [{ type: "function" as const, function: weather }];
  const seen = await collect(
    await cohereClient().chatStream({ model: "gpt-4o", messages: says("weather"), tools }),
  );
  const started = seen.find((event) => event.type === "tool-call-start");
  assert.equal(started?.delta?.message?.toolCalls?.function?.name, "get_weather");
  const input = seen.map((event) =>
    event.type === "tool-call-delta" ? event.delta?.message?.toolCalls?.function?.arguments : "",
  );
  assert.equal(input.join(""), '{"city":"Bern"}');
});

test("Cohere's client, OpenAI's API: an error", async () => {
  await assert.rejects(
    cohereClient().chat({ model: "gpt-4o", messages: says("forbidden") }),
    (error: CohereError) => {
      assert.deepEqual([error.statusCode, (error.body as Body)["message"]], [400, "No."]);
      return true;
    },
  );
  await assert.rejects(cohereClient().chat({ model: "nothing", messages: says("hi") }), { statusCode: 404 });
});

test("OpenAI's client, Cohere's API: a text", async () => {
  const answer = await openaiClient().chat.completions.create({
    model: "command-a-03-2025",
    messages: [{ role: "developer", content: "Be short." }, ...says("hi")],
    max_completion_tokens: 10,
    top_p: 1,
  });
  const { messages, p, max_tokens } = lastBody(cohere);
  assert.deepEqual(messages, [{ role: "system", content: "Be short." }, ...says("hi")]);
  assert.deepEqual([p, max_tokens], [0.99, 10]);
  assert.equal(cohere.requests.at(-1)?.url, "/v2/chat");
  const [choice] = answer.choices;
  assert.deepEqual([choice?.message.content, choice?.finish_reason], ["Sunny.", "stop"]);
  const { prompt_tokens, completion_tokens, total_tokens } = answer.usage!;
  assert.deepEqual([prompt_tokens, completion_tokens, total_tokens], [71, 7, 78]);
});

test("OpenAI's client, Cohere's API: a stream, and one that breaks", async () => {
  const ask = (content: string): ReturnType<typeof collect<OpenAI.ChatCompletionChunk>> =>
    openaiClient()
      .chat.completions.create({
        model: "command-a-03-2025",
        messages: says(content),
        stream: true,
        stream_options: { include_usage: true },
      })
      .then(collect);
  const chunks = await ask("hi");
  assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), "Grüezi 🦊");
  assert.equal(chunks.at(-1)?.usage?.total_tokens, 78);
  await assert.rejects(ask("half"));
});

test("OpenAI's client, Cohere's API: a round with a tool", async () => {
  const ask = (messages: OpenAI.ChatCompletionMessageParam[]): Promise<OpenAI.ChatCompletion> =>
    openaiClient().chat.completions.create({
      model: "command-a-03-2025",
      messages,
      tools: [{ type: "function", function: weather }],
    });
  const [first] = (await ask(says("weather"))).choices;
  assert.deepEqual([first?.finish_reason, first?.message.content], ["tool_calls", "I will look."]);
  assert.deepEqual(first?.message.tool_calls, [wireCall]);
  const result = { role: "tool" as const, tool_call_id: "w_1", content: "clear" };
  const [second] = (await ask([...says("weather"), first!.message, result])).choices;
  assert.equal(second?.message.content, "Sunny.");
  const [, assistant, told] = lastBody(cohere)["messages"] as Body[];
  assert.deepEqual(assistant, { role: "assistant", tool_plan: "I will look.", tool_calls: [wireCall] });
  assert.deepEqual(told, result);
});

test("OpenAI's client, Cohere's API: an error", async () => {
  const asked = openaiClient().chat.completions.create({
    model: "command-a-03-2025",
    messages: says("forbidden"),
  });
  await assert.rejects(asked, (error: APIError) => {
    assert.equal(error.status, 400);
    assert.match(error.message, /too many tokens/);
    return true;
  });
});

test("embeddings: Cohere's client to OpenAI's, Voyage's and Jina's models", async () => {
  const ask = (model: string): Promise<unknown> =>
    cohereClient()
      .embed({ model, texts: ["a"], inputType: "search_query", embeddingTypes: ["float"] })
      .then(({ embeddings }) => embeddings.float);
  assert.deepEqual(await ask("text-embedding-3-small"), [[0.25, 0.5]]);
  assert.deepEqual(await ask("voyage-3"), [[1, 0]]);
  assert.equal(lastBody(voyage)["input_type"], "query");
  assert.deepEqual(await ask("jina-embeddings-v3"), [[1, 0]]);
  assert.equal(lastBody(jina)["task"], "retrieval.query");
});

test("embeddings: OpenAI's client to Cohere's, Voyage's and Jina's models", async () => {
  for (const [model, vector] of [
    ["embed-v4.0", [0.25, 0.5]],
    ["voyage-3", [1, 0]],
    ["jina-embeddings-v3", [1, 0]],
  ] as const) {
    const { data, usage: told } = await openaiClient().embeddings.create({ model, input: "a" });
    assert.deepEqual(Array.from(data[0]!.embedding), vector, model);
    assert.ok(told.prompt_tokens > 0, model);
  }
  const { input_type, texts } = lastBody(cohere);
  assert.deepEqual([input_type, texts], ["search_document", ["a"]]);
});

test("rerankers: each client's shape to each service", async () => {
  const documents = ["x", "y"];
  const asked = { query: "q", documents, topN: 1 };
  const v2 = cohereClient();
  const v1 = new CohereClient({ environment: gateway.url, token: key } as never);
  for (const [model, score] of [
    ["rerank-v3.5", 0.75],
    ["rerank-2.5", 0.5],
    ["jina-reranker-v2", 0.5],
  ] as const) {
    const { results } = await v2.rerank({ model, ...asked });
    assert.deepEqual(results, [{ index: 1, relevanceScore: score }], model);
    const old = await v1.rerank({ model, ...asked, returnDocuments: true });
    assert.deepEqual(old.results, [{ index: 1, relevanceScore: score, document: { text: "y" } }], model);
  }
  const { top_k, top_n } = lastBody(voyage);
  assert.deepEqual([top_k, top_n, lastBody(jina)["top_n"], lastBody(cohere)["top_n"]], [1, undefined, 1, 1]);
  const response = await fetch(`${gateway.url}/rerank`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "rerank-2.5", query: "q", documents }),
  });
  const { results, usage: told, model } = (await response.json()) as Body;
  assert.deepEqual(
    [results, told, model],
    [[{ index: 1, relevance_score: 0.5 }], { prompt_tokens: 26, total_tokens: 26 }, "rerank-2.5"],
  );
});
