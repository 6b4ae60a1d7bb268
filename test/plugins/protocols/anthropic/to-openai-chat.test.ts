import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import Anthropic, { RateLimitError } from "@anthropic-ai/sdk";
import { sendJson, startGateway, startUpstream } from "../../../_gateway.ts";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Fields } from "../../../../core/index.ts";
import type { TestGateway, TestUpstream } from "../../../_gateway.ts";

/** Anthropic's own SDK, a gateway, and a server that speaks Chat Completions; all over real sockets. */
let upstream: TestUpstream;
let gateway: TestGateway;
let answer: (req: IncomingMessage, res: ServerResponse) => void;
let client: Anthropic;

before(async () => {
  upstream = await startUpstream((req, res) => answer(req, res));
  gateway = await startGateway({
    upstreams: [
      {
        provider: "openai",
        baseURL: `${upstream.url}/v1`,
        key: "uk-1",
        models: [{ "gpt-4o": "claude-like" }],
      },
    ],
    plugins: [{ auth: { anonymous: true } }, { retry: { attempts: 1 } }],
  });
  client = new Anthropic({ apiKey: "sk-caller", baseURL: gateway.url, maxRetries: 0 });
});

after(async () => {
  await gateway.close();
  await upstream.close();
});

beforeEach(() => void upstream.requests.splice(0));

const model = "claude-like";
const max_tokens = 256;
const chat = { id: "chatcmpl-1", object: "chat.completion", created: 1, model: "gpt-4o" };
const usage = {
  prompt_tokens: 30,
  completion_tokens: 12,
  total_tokens: 42,
  prompt_tokens_details: { cached_tokens: 20 },
};

function says(message: Fields, finish_reason = "stop"): void {
  const choices = [{ index: 0, message: { role: "assistant", ...message }, finish_reason }];
  answer = (_req, res) => sendJson(res, 200, { ...chat, choices, usage });
}

function streams(deltas: Fields[], finish_reason: string): void {
  const chunk = { ...chat, object: "chat.completion.chunk" };
  const chunks = deltas.map((delta) => ({ ...chunk, choices: [{ index: 0, delta, finish_reason: null }] }));
  const last = { ...chunk, choices: [{ index: 0, delta: {}, finish_reason }] };
  const lines = [...chunks, last, { ...chunk, choices: [], usage }].map(
    (one) => `data: ${JSON.stringify(one)}\n\n`,
  );
  answer = (_req, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.end(`${lines.join("")}data: [DONE]\n\n`);
  };
}

/** The request as the upstream saw it. */
function seen(): { url: string; body: Fields; headers: Record<string, unknown> } {
  const request = upstream.requests.at(-1);
  assert.ok(request);
  const { url, headers } = request;
  return { url, headers, body: JSON.parse(request.body.toString()) as Fields };
}

const weather: Anthropic.Tool = {
  name: "get_weather",
  description: "The weather.",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

test("one message", async () => {
  says({ content: "Grüezi 🌍" });
  const message = await client.messages.create({
    model,
    max_tokens,
    system: "Be kind.",
    messages: [{ role: "user", content: "Hello" }],
    stop_sequences: ["END"],
  });
  const { _request_id: _, ...plain } = message as typeof message & { _request_id?: string };
  assert.deepEqual(plain, {
    id: "chatcmpl-1",
    type: "message",
    role: "assistant",
    model,
    content: [{ type: "text", text: "Grüezi 🌍" }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { input_tokens: 10, cache_read_input_tokens: 20, output_tokens: 12 },
  });
  const { url, body, headers } = seen();
  assert.equal(url, "/v1/chat/completions");
  assert.equal(body["model"], "gpt-4o");
  assert.deepEqual(body["messages"], [
    { role: "system", content: "Be kind." },
    { role: "user", content: "Hello" },
  ]);
  assert.deepEqual(body["stop"], ["END"]);
  assert.equal(headers["authorization"], "Bearer uk-1");
  // What is for Anthropic's own servers stays here.
  assert.equal(headers["anthropic-version"], undefined);
  assert.equal(headers["x-stainless-lang"], "js");
});

test("a stream, as the SDK puts it together", async () => {
  streams([{ role: "assistant", content: "" }, { content: "Grüezi " }, { content: "🌍" }], "length");
  const stream = client.messages.stream({
    model,
    max_tokens,
    messages: [{ role: "user", content: "Hello" }],
  });
  const texts: string[] = [];
  stream.on("text", (text) => texts.push(text));
  const message = await stream.finalMessage();
  assert.deepEqual(texts, ["Grüezi ", "🌍"]);
  assert.deepEqual(message.content, [{ type: "text", text: "Grüezi 🌍" }]);
  assert.equal(message.stop_reason, "max_tokens");
  assert.equal(message.usage.input_tokens, 10);
  assert.equal(message.usage.cache_read_input_tokens, 20);
  assert.equal(message.usage.output_tokens, 12);
  assert.deepEqual(seen().body["stream_options"], { include_usage: true });
});

test("a round of tools, streamed, and the turn behind it", async () => {
  const call = (index: number, id: string, args: string): Fields => ({
    tool_calls: [{ index, id, type: "function", function: { name: "get_weather", arguments: args } }],
  });
  streams(
    [
      { role: "assistant", reasoning_content: "Two cities." },
      call(0, "call_1", ""),
      { tool_calls: [{ index: 0, function: { arguments: '{"city":"Bern"}' } }] },
      call(1, "call_2", '{"city":"Zürich"}'),
    ],
    "tool_calls",
  );
  const messages: Anthropic.MessageParam[] = [{ role: "user", content: "Weather in Bern and Zürich?" }];
  const request = { model, max_tokens, tools: [weather], tool_choice: { type: "any" as const } };
  const first = await client.messages.stream({ ...request, messages }).finalMessage();
  assert.equal(first.stop_reason, "tool_use");
  assert.deepEqual(first.content, [
    { type: "thinking", thinking: "Two cities.", signature: "" },
    { type: "tool_use", id: "call_1", name: "get_weather", input: { city: "Bern" } },
    { type: "tool_use", id: "call_2", name: "get_weather", input: { city: "Zürich" } },
  ]);
  assert.equal(seen().body["tool_choice"], "required");
  says({ content: "Sunny in both." });
  messages.push(
    { role: "assistant", content: first.content },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "call_1", content: "sunny" },
        { type: "tool_result", tool_use_id: "call_2", content: [{ type: "text", text: "sunny, too" }] },
        { type: "text", text: "Well?" },
      ],
    },
  );
  const second = await client.messages.create({ ...request, messages });
  assert.deepEqual(second.content, [{ type: "text", text: "Sunny in both." }]);
  const sent = seen().body["messages"] as Fields[];
  assert.deepEqual(
    sent.map(({ role }) => role),
    ["user", "assistant", "tool", "tool", "user"],
  );
  assert.deepEqual(sent[1]?.["tool_calls"], [
    { id: "call_1", type: "function", function: { name: "get_weather", arguments: '{"city":"Bern"}' } },
    { id: "call_2", type: "function", function: { name: "get_weather", arguments: '{"city":"Zürich"}' } },
  ]);
  assert.deepEqual(sent[2], { role: "tool", tool_call_id: "call_1", content: "sunny" });
});

test("an error of the upstream is the SDK's own error", async () => {
  const body = {
    error: { message: "Slow down.", type: "rate_limit_error", param: null, code: "rate_limit_exceeded" },
  };
  answer = (_req, res) => sendJson(res, 429, body);
  const error: unknown = await client.messages
    .create({ model, max_tokens, messages: [{ role: "user", content: "Hello" }] })
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof RateLimitError);
  assert.deepEqual(error.error, {
    type: "error",
    error: { type: "rate_limit_error", message: "Slow down." },
  });
});

test("a stream that breaks is an error, not an end", async () => {
  answer = (_req, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    const choices = [{ index: 0, delta: { role: "assistant", content: "Hel" }, finish_reason: null }];
    res.write(`data: ${JSON.stringify({ ...chat, object: "chat.completion.chunk", choices })}\n\n`);
    res.end();
  };
  const stream = client.messages.stream({
    model,
    max_tokens,
    messages: [{ role: "user", content: "Hello" }],
  });
  await assert.rejects(stream.finalMessage());
});

test("tokens are counted by the gateway where the upstream counts none", async () => {
  const count = await client.messages.countTokens({
    model,
    messages: [{ role: "user", content: "Hello there" }],
  });
  assert.ok(count.input_tokens > 0);
  assert.equal(upstream.requests.length, 0);
});
