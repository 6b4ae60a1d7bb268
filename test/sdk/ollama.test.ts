import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, before, test } from "node:test";
import { CohereClientV2 } from "cohere-ai";
import { Ollama } from "ollama";
import type { ChatResponse, Message } from "ollama";
import OpenAI from "openai";
import type { Outcome } from "../../core/index.ts";
import { sendJson, startGateway, startUpstream, until } from "../_gateway.ts";
import type { TestGateway, TestUpstream } from "../_gateway.ts";
import { redDot } from "../plugins/protocols/_conversations.ts";
import { collect } from "./_compare.ts";

const key = "sk-caller-0001";
const limitedKey = "sk-limited-0003";

let ollama: TestUpstream;
let openai: TestUpstream;
let gateway: TestGateway;
const outcomes: Outcome[] = [];

type Body = Record<string, unknown>;

function lastBody({ requests }: TestUpstream): Body {
  return JSON.parse(requests.at(-1)!.body.toString()) as Body;
}

const created_at = "2023-12-12T14:13:43.416799Z";
const counts = { prompt_eval_count: 26, eval_count: 7, total_duration: 5, eval_duration: 4 };
const call = { function: { name: "get_weather", arguments: { city: "Bern" } } };

/** Lets the stream that says half fail. It is called once a client has a part: before that, it gets a status. */
let failNow: () => void;

function answerAsOllama(url: string, body: Body, res: ServerResponse): void {
  const { model } = body;
  if (url === "/api/embed")
    return sendJson(res, 200, { model, embeddings: [[0.5, 1]], prompt_eval_count: 2 });
  if (url === "/api/show")
    return sendJson(res, 200, { details: { family: "llama" }, capabilities: ["completion"] });
  if (url === "/v1/chat/completions") {
    const message = { role: "assistant", content: "From /v1." };
    return sendJson(res, 200, {
      id: "1",
      object: "chat.completion",
      created: 1,
      model,
      choices: [{ index: 0, message }],
    });
  }
  const text = JSON.stringify(body["messages"]);
  if (text?.includes("forbidden")) return sendJson(res, 400, { error: "does not support tools" });
  const done = { model, created_at, done: true, done_reason: "stop", ...counts };
  const said = (parts: object): object => ({ message: { role: "assistant", content: "", ...parts } });
  const calls = body["tools"] && !text.includes('"tool"');
  if (body["stream"] === false) {
    return sendJson(res, 200, { ...done, ...said(calls ? { tool_calls: [call] } : { content: "Sunny." }) });
  }
  res.writeHead(200, { "content-type": "application/x-ndjson" });
  const lines: object[] = ["Grüezi ", "🦊"].map((content) => ({
    model,
    created_at,
    ...said({ content }),
    done: false,
  }));
  for (const line of lines) res.write(`${JSON.stringify(line)}\n`);
  failNow = () => {
    if (!res.writableEnded) res.end('{"error":"the model failed"}\n');
  };
  if (!text.includes("half")) res.end(`${JSON.stringify({ ...done, ...said({}) })}\n`);
}

const wireCall = {
  id: "w_1",
  type: "function",
  function: { name: "get_weather", arguments: '{"city":"Bern"}' },
};

function answerAsOpenAI(url: string, body: Body, res: ServerResponse): void {
  const base = { id: "chatcmpl-1", created: 1_700_000_000, model: body["model"] };
  if (url === "/v1/embeddings") {
    const data = [{ object: "embedding", index: 0, embedding: [0.25, 0.5] }];
    return sendJson(res, 200, {
      ...base,
      object: "list",
      data,
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
  }
  const text = JSON.stringify(body["messages"]);
  if (text.includes("forbidden"))
    return sendJson(res, 400, { error: { message: "No.", type: "invalid_request_error" } });
  const usage = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 };
  const calls = body["tools"] && !text.includes('"tool"') ? [wireCall] : undefined;
  const finish_reason = calls ? "tool_calls" : "stop";
  if (!body["stream"]) {
    const message = {
      role: "assistant",
      content: calls ? null : "Sunny.",
      reasoning_content: "Hm.",
      tool_calls: calls,
    };
    return sendJson(res, 200, {
      ...base,
      object: "chat.completion",
      choices: [{ index: 0, message, finish_reason }],
      usage,
    });
  }
  res.writeHead(200, { "content-type": "text/event-stream" });
  const cut = wireCall.function.arguments;
  const deltas: object[] = calls
    ? [
        {
          tool_calls: [
            { index: 0, ...wireCall, function: { name: "get_weather", arguments: cut.slice(0, 5) } },
          ],
        },
        { tool_calls: [{ index: 0, function: { arguments: cut.slice(5) } }] },
      ]
    : [{ role: "assistant", content: "" }, { content: "Grüezi " }, { content: "🦊" }];
  const object = "chat.completion.chunk";
  const chunks: object[] = deltas.map((delta) => ({ ...base, object, choices: [{ index: 0, delta }] }));
  if (!text.includes("half")) {
    chunks.push(
      { ...base, object, choices: [{ index: 0, delta: {}, finish_reason }] },
      { ...base, object, choices: [], usage },
    );
  }
  for (const chunk of chunks) res.write(`data: ${JSON.stringify(chunk)}\n\n`);
  res.end(text.includes("half") ? "" : "data: [DONE]\n\n");
}

before(async () => {
  ollama = await startUpstream((req, res) => {
    answerAsOllama(req.url ?? "", JSON.parse(req.body.toString() || "{}") as Body, res);
  });
  openai = await startUpstream((req, res) => {
    answerAsOpenAI(req.url ?? "", JSON.parse(req.body.toString()) as Body, res);
  });
  gateway = await startGateway({
    keys: [key, { key: limitedKey, name: "limited", models: ["llama3.2"] }],
    aliases: { tiny: "llama3.2" },
    upstreams: [
      { provider: "ollama", baseURL: ollama.url, models: ["llama3.2", { "qwen3:8b": "renamed" }] },
      {
        provider: "openai",
        name: "big",
        baseURL: `${openai.url}/v1`,
        key: "uk",
        models: ["gpt-4o", "text-embedding-3-small"],
      },
    ],
    plugins: [{ retry: { attempts: 1 } }],
  });
  gateway.gateway.context.hooks.hook("call:finish", (_call, outcome) => void outcomes.push(outcome));
});

after(async () => {
  await gateway.close();
  await Promise.all([ollama, openai].map((one) => one.close()));
});

const client = (token = key): Ollama =>
  new Ollama({ host: gateway.url, headers: { authorization: `Bearer ${token}` } });
const cohere = (): CohereClientV2 =>
  new CohereClientV2({ environment: gateway.url, token: key, maxRetries: 0 } as never);
const says = (content: string): { role: "user"; content: string }[] => [{ role: "user", content }];
const weather = {
  name: "get_weather",
  description: "The weather.",
  parameters: { type: "object", properties: { city: { type: "string" } } },
};
const tools = [{ type: "function" as const, function: weather }];

test("Ollama's client, Ollama: the bytes pass, and usage is read of the lines", async () => {
  const before = outcomes.length;
  const lines = await collect(
    await client().chat({ model: "llama3.2", messages: says("hi"), stream: true, keep_alive: "1m" }),
  );
  assert.deepEqual(lines.map(({ message }) => message.content).join(""), "Grüezi 🦊");
  assert.equal(lines.at(-1)?.eval_duration, 4);
  assert.equal(lastBody(ollama)["keep_alive"], "1m");
  assert.equal(ollama.requests.at(-1)?.headers.authorization, undefined, "there is no key to send");
  await until(() => outcomes.length > before);
  assert.deepEqual(outcomes.at(-1)?.usage, { inputTokens: 26, outputTokens: 7 });
});

test("Ollama's client, Ollama: a stream that fails is counted by its lines", async () => {
  const before = outcomes.length;
  const lines = client()
    .chat({ model: "llama3.2", messages: says("half"), stream: true })
    .then(async (parts) => {
      for await (const _part of parts) failNow();
    });
  await assert.rejects(lines, { message: "the model failed" });
  await until(() => outcomes.length > before);
  assert.deepEqual([outcomes.at(-1)?.usage?.outputTokens, outcomes.at(-1)?.usage?.estimated], [2, true]);
});

test("Ollama's client, Ollama: a renamed model has its name in each line", async () => {
  const lines = await collect(await client().chat({ model: "renamed", messages: says("hi"), stream: true }));
  assert.equal(lastBody(ollama)["model"], "qwen3:8b");
  assert.deepEqual([...new Set(lines.map(({ model }) => model))], ["renamed"]);
});

test("Ollama's client, OpenAI's API: a text", async () => {
  const answer = await client().chat({
    model: "gpt-4o",
    messages: [
      { role: "system", content: "Be short." },
      { role: "user", content: "hi", images: [redDot] },
    ],
    format: "json",
    think: "low",
    options: { temperature: 0, num_predict: 10, num_ctx: 4096, stop: ["END"] },
  });
  const { message, done, done_reason, prompt_eval_count, eval_count, model } = answer;
  assert.deepEqual(
    { message, done, done_reason, prompt_eval_count, eval_count, model },
    {
      message: { role: "assistant", content: "Sunny.", thinking: "Hm." },
      done: true,
      done_reason: "stop",
      prompt_eval_count: 9,
      eval_count: 4,
      model: "gpt-4o",
    },
  );
  const { messages, response_format, temperature, stop, stream } = lastBody(openai);
  assert.deepEqual(
    [response_format, temperature, stop, Boolean(stream)],
    [{ type: "json_object" }, 0, ["END"], false],
  );
  const [, asked] = messages as Body[];
  assert.deepEqual(asked?.["content"], [
    { type: "text", text: "hi" },
    { type: "image_url", image_url: { url: `data:image/png;base64,${redDot}` } },
  ]);
});

test("Ollama's client, OpenAI's API: a stream, which is the rule", async () => {
  const lines = await collect(await client().chat({ model: "gpt-4o", messages: says("hi"), stream: true }));
  assert.equal(lines.map(({ message }) => message.content).join(""), "Grüezi 🦊");
  const { done, done_reason, eval_count } = lines.at(-1)!;
  assert.deepEqual([done, done_reason, eval_count], [true, "stop", 4]);
  const response = await fetch(`${gateway.url}/api/chat`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: "gpt-4o", messages: says("hi") }),
  });
  assert.equal(response.headers.get("content-type"), "application/x-ndjson");
  assert.equal((await response.text()).trimEnd().split("\n").length, 3);
});

test("Ollama's client, OpenAI's API: a stream that breaks", async () => {
  const lines = client()
    .chat({ model: "gpt-4o", messages: says("half"), stream: true })
    .then(collect);
  await assert.rejects(lines);
});

test("Ollama's client, OpenAI's API: a round with a tool, in streams too", async () => {
  const ask = (messages: Message[]): Promise<ChatResponse> =>
    client().chat({ model: "gpt-4o", messages, tools });
  const { message } = await ask(says("weather"));
  assert.deepEqual(message.tool_calls, [{ id: "w_1", ...call }]);
  const answer = await ask([
    ...says("weather"),
    message,
    { role: "tool", content: "clear", tool_name: "get_weather" },
  ]);
  assert.equal(answer.message.content, "Sunny.");
  const [, assistant, told] = lastBody(openai)["messages"] as Body[];
  assert.deepEqual(assistant?.["tool_calls"], [wireCall]);
  assert.deepEqual([told?.["tool_call_id"], told?.["content"]], ["w_1", "clear"]);
  const lines = await collect(
    await client().chat({ model: "gpt-4o", messages: says("weather"), tools, stream: true }),
  );
  assert.deepEqual(
    lines.flatMap((line) => line.message.tool_calls ?? []),
    [{ id: "w_1", ...call }],
  );
});

test("Ollama's client, OpenAI's API: errors", async () => {
  const ask = (model: string, content: string): Promise<unknown> =>
    client().chat({ model, messages: says(content) });
  await assert.rejects(ask("gpt-4o", "forbidden"), { status_code: 400, message: "No." });
  await assert.rejects(ask("nothing", "hi"), { status_code: 404 });
  await assert.rejects(client("wrong").list(), { status_code: 401 });
});

test("Ollama's client, OpenAI's API: a prompt, whole and as a stream", async () => {
  const { response, thinking, done } = await client().generate({
    model: "gpt-4o",
    prompt: "hi",
    system: "Be short.",
  });
  assert.deepEqual([response, thinking, done], ["Sunny.", "Hm.", true]);
  assert.deepEqual(lastBody(openai)["messages"], [{ role: "system", content: "Be short." }, ...says("hi")]);
  const lines = await collect(await client().generate({ model: "gpt-4o", prompt: "hi", stream: true }));
  assert.equal(lines.map((line) => line.response).join(""), "Grüezi 🦊");
  const suffixed = client().generate({ model: "gpt-4o", prompt: "a", suffix: "b" });
  await assert.rejects(suffixed, { status_code: 400 });
});

test("Ollama's client, OpenAI's API: vectors", async () => {
  const { embeddings, prompt_eval_count } = await client().embed({
    model: "text-embedding-3-small",
    input: ["a"],
  });
  assert.deepEqual([embeddings, prompt_eval_count], [[[0.25, 0.5]], 3]);
  const { embedding } = await client().embeddings({ model: "text-embedding-3-small", prompt: "a" });
  assert.deepEqual(embedding, [0.25, 0.5]);
});

test("Cohere's client, Ollama: a text, a stream, one that fails, a round with a tool, an error", async () => {
  const model = "llama3.2";
  const { message, usage } = await cohere().chat({ model, messages: says("hi"), k: 5, maxTokens: 9 });
  assert.deepEqual(message.content, [{ type: "text", text: "Sunny." }]);
  assert.deepEqual(usage?.tokens, { inputTokens: 26, outputTokens: 7 });
  assert.equal(ollama.requests.at(-1)?.url, "/api/chat");
  const { stream, options } = lastBody(ollama);
  assert.deepEqual([stream, options], [false, { top_k: 5, num_predict: 9 }]);
  const seen = await collect(await cohere().chatStream({ model, messages: says("hi") }));
  const text = seen.map((event) =>
    event.type === "content-delta" ? event.delta?.message?.content?.text : "",
  );
  assert.equal(text.join(""), "Grüezi 🦊");
  assert.equal(lastBody(ollama)["stream"], true);
  const events: unknown[] = [];
  const broken = async (): Promise<void> => {
    for await (const event of await cohere().chatStream({ model, messages: says("half") })) {
      events.push(event);
      failNow();
    }
  };
  await broken().catch(() => {});
  assert.match(JSON.stringify(events.at(-1)), /the model failed/);
  const first = await cohere().chat({ model, messages: says("weather"), tools });
  const [called] = first.message.toolCalls ?? [];
  assert.deepEqual([first.finishReason, called?.function], ["TOOL_CALL", wireCall.function]);
  const result = { role: "tool" as const, toolCallId: called!.id, content: "clear" };
  await cohere().chat({ model, messages: [...says("weather"), first.message, result], tools });
  const [, assistant, told] = lastBody(ollama)["messages"] as Body[];
  assert.deepEqual(assistant?.["tool_calls"], [{ id: called!.id, ...call }]);
  assert.deepEqual(told, {
    role: "tool",
    content: "clear",
    tool_name: "get_weather",
    tool_call_id: called!.id,
  });
  await assert.rejects(cohere().chat({ model, messages: says("forbidden") }), { statusCode: 400 });
});

test("OpenAI's client reaches Ollama's own /v1 as it is; vectors come from its own API", async () => {
  const openaiClient = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key });
  const answer = await openaiClient.chat.completions.create({ model: "llama3.2", messages: says("hi") });
  assert.equal(answer.choices[0]?.message.content, "From /v1.");
  assert.equal(ollama.requests.at(-1)?.url, "/v1/chat/completions");
  const { embeddings } = await cohere().embed({
    model: "llama3.2",
    texts: ["a"],
    inputType: "clustering",
    embeddingTypes: ["float"],
  });
  assert.deepEqual(embeddings.float, [[0.5, 1]]);
});

test("what a server is asked for: its version, its models, what a model is", async () => {
  assert.match((await client().version()).version, /^\d+\.\d+\.\d+$/);
  const names = async (token: string): Promise<string[]> =>
    (await client(token).list()).models.map(({ name }) => name);
  assert.deepEqual(await names(key), ["llama3.2", "renamed", "gpt-4o", "text-embedding-3-small", "tiny"]);
  assert.deepEqual(await names(limitedKey), ["llama3.2", "tiny"]);
  const [running] = (await client().ps()).models;
  assert.ok(new Date(running!.expires_at) > new Date());
  assert.deepEqual((await client().show({ model: "llama3.2" })).details, { family: "llama" });
  const { capabilities, details } = await client().show({ model: "gpt-4o" });
  assert.deepEqual([capabilities, details.family], [["completion", "tools", "vision"], "big"]);
  await assert.rejects(client().show({ model: "nothing" }), { status_code: 404 });
  await assert.rejects(client(limitedKey).show({ model: "gpt-4o" }), { status_code: 403 });
});

test("a model of another service is loaded and unloaded by saying so", async () => {
  const seen = openai.requests.length;
  const loaded = await client().generate({ model: "gpt-4o", prompt: "" });
  assert.deepEqual([loaded.response, loaded.done, loaded.done_reason], ["", true, "load"]);
  const unloaded = await client().chat({ model: "gpt-4o", messages: [], keep_alive: 0 });
  assert.deepEqual([unloaded.message.content, unloaded.done_reason], ["", "unload"]);
  assert.equal(openai.requests.length, seen, "nobody else is asked");
  await client().chat({ model: "llama3.2", messages: [] });
  assert.deepEqual(lastBody(ollama)["messages"], [], "Ollama is");
});

test("a client may look whether there is a server", async () => {
  const headers = { authorization: `Bearer ${key}` };
  assert.equal((await fetch(gateway.url, { method: "HEAD", headers })).status, 200);
  assert.equal((await fetch(gateway.url, { headers })).status, 404);
});
