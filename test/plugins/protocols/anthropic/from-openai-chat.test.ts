import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import OpenAI, { InternalServerError } from "openai";
import { sendJson, startGateway, startUpstream } from "../../../_gateway.ts";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Fields } from "../../../../core/index.ts";
import type { TestGateway, TestUpstream } from "../../../_gateway.ts";

/** OpenAI's own SDK, a gateway, and a server that speaks Anthropic's Messages; all over real sockets. */
let upstream: TestUpstream;
let gateway: TestGateway;
let answer: (req: IncomingMessage, res: ServerResponse) => void;
let client: OpenAI;

const model = "claude-opus-4-6";

before(async () => {
  upstream = await startUpstream((req, res) => answer(req, res));
  const at = { provider: "anthropic", baseURL: upstream.url, key: "uk-1" };
  gateway = await startGateway({
    upstreams: [
      { ...at, models: [model, "claude-sonnet-4-20250514"] },
      { ...at, name: "strict", strict: true, models: [{ [model]: "strict" }] },
    ],
    plugins: [{ auth: { anonymous: true } }, { retry: { attempts: 1 } }],
  });
  client = new OpenAI({ apiKey: "sk-caller", baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});

after(async () => {
  await gateway.close();
  await upstream.close();
});

beforeEach(() => void upstream.requests.splice(0));

const message = { id: "msg_1", type: "message", role: "assistant", model, stop_sequence: null };
const usage = {
  input_tokens: 10,
  cache_read_input_tokens: 20,
  cache_creation_input_tokens: 0,
  output_tokens: 12,
};

function says(content: Fields[], stop_reason = "end_turn"): void {
  answer = (_req, res) => sendJson(res, 200, { ...message, content, stop_reason, usage });
}

function sse(events: Fields[]): string {
  return events.map((event) => `event: ${event["type"]}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

/** Answers with events, and a moment later with `more`. */
function streams(events: Fields[], more: Fields[] = []): void {
  answer = (_req, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write(sse(events));
    setTimeout(() => res.end(sse(more)), more.length > 0 ? 50 : 0);
  };
}

const begin = {
  type: "message_start",
  message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
};

function seen(): { url: string; body: Fields; headers: Record<string, unknown> } {
  const request = upstream.requests.at(-1);
  assert.ok(request);
  const { url, headers } = request;
  return { url, headers, body: JSON.parse(request.body.toString()) as Fields };
}

const hello: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Hello" }];

test("one message", async () => {
  says([{ type: "text", text: "Grüezi 🌍" }]);
  const completion = await client.chat.completions.create({
    model,
    messages: [{ role: "system", content: "Be kind." }, ...hello],
    temperature: 0.5,
    stop: "END",
  });
  assert.equal(completion.model, model);
  assert.equal(completion.choices[0]?.message.content, "Grüezi 🌍");
  assert.equal(completion.choices[0]?.finish_reason, "stop");
  assert.equal(completion.usage?.prompt_tokens, 30);
  assert.equal(completion.usage?.prompt_tokens_details?.cached_tokens, 20);
  assert.equal(completion.usage?.total_tokens, 42);
  const { url, headers, body } = seen();
  assert.equal(url, "/v1/messages");
  assert.equal(headers["x-api-key"], "uk-1");
  assert.equal(headers["anthropic-version"], "2023-06-01");
  assert.equal(headers["authorization"], undefined);
  assert.deepEqual(body, {
    model,
    max_tokens: 128_000,
    system: "Be kind.",
    messages: [{ role: "user", content: "Hello" }],
    temperature: 0.5,
    stop_sequences: ["END"],
  });
});

test("a stream, with its usage at the end", async () => {
  streams([
    begin,
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Grüezi " } },
    { type: "ping" },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "🌍" } },
    { type: "content_block_stop", index: 0 },
    {
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: 12 },
    },
    { type: "message_stop" },
  ]);
  const stream = await client.chat.completions.create({
    model,
    messages: hello,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = "";
  const ends: unknown[] = [];
  let total: number | undefined;
  for await (const { choices, usage: told } of stream) {
    text += choices[0]?.delta.content ?? "";
    if (choices[0]?.finish_reason) ends.push(choices[0].finish_reason);
    total = told?.total_tokens ?? total;
  }
  assert.deepEqual([text, ends, total], ["Grüezi 🌍", ["stop"], 42]);
  assert.equal(seen().body["stream"], true);
});

test("two rounds of tools: thinking and its signature come back", async () => {
  const thinking = { type: "thinking", thinking: "Look it up.", signature: "c2ln" };
  const use = { type: "tool_use", id: "toolu_1", name: "get_weather", input: { city: "Bern" } };
  says([thinking, { type: "text", text: "One moment." }, use], "tool_use");
  const tools: OpenAI.ChatCompletionTool[] = [
    { type: "function", function: { name: "get_weather", parameters: { type: "object", properties: {} } } },
  ];
  const first = await client.chat.completions.create({
    model,
    messages: hello,
    tools,
    reasoning_effort: "low",
  });
  const [choice] = first.choices;
  assert.equal(choice?.finish_reason, "tool_calls");
  assert.deepEqual(seen().body["thinking"], { type: "adaptive", display: "summarized" });
  assert.deepEqual(seen().body["output_config"], { effort: "low" });
  says([{ type: "text", text: "Sunny." }]);
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    ...hello,
    choice?.message as OpenAI.ChatCompletionAssistantMessageParam,
    { role: "tool", tool_call_id: "toolu_1", content: "sunny" },
  ];
  await client.chat.completions.create({ model, messages, tools, reasoning_effort: "low" });
  assert.deepEqual(seen().body["messages"], [
    { role: "user", content: "Hello" },
    { role: "assistant", content: [thinking, { type: "text", text: "One moment." }, use] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "sunny" }] },
  ]);
});

test("a schema on a model that cannot be held to one: the tool's input is the content", async () => {
  says([{ type: "tool_use", id: "toolu_1", name: "city", input: { name: "Bern" } }], "tool_use");
  const completion = await client.chat.completions.create({
    model: "claude-sonnet-4-20250514",
    messages: hello,
    response_format: { type: "json_schema", json_schema: { name: "city", schema: { type: "object" } } },
  });
  assert.equal(completion.choices[0]?.message.content, '{"name":"Bern"}');
  assert.equal(completion.choices[0]?.finish_reason, "stop");
  assert.deepEqual(seen().body["tool_choice"], { type: "tool", name: "city" });
});

test("an error of the upstream, with its status and message", async () => {
  const error = {
    type: "error",
    error: { type: "overloaded_error", message: "Overloaded" },
    request_id: "req_1",
  };
  answer = (_req, res) => sendJson(res, 529, error, { "request-id": "req_1" });
  const failure: unknown = await client.chat.completions
    .create({ model, messages: hello })
    .catch((reason: unknown) => reason);
  assert.ok(failure instanceof InternalServerError);
  assert.equal(failure.status, 529);
  assert.match(failure.message, /Overloaded/);
  assert.equal(failure.code, "overloaded_error");
});

test("an error within a stream reaches the client as one; ahead of it, it is the answer's status", async () => {
  const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
  const text = [
    begin,
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hel" } },
  ];
  streams(text, [error]);
  const stream = await client.chat.completions.create({ model, messages: hello, stream: true });
  let received = "";
  await assert.rejects(async () => {
    for await (const { choices } of stream) received += choices[0]?.delta.content ?? "";
  }, /Overloaded/);
  assert.equal(received, "Hel");
  streams([error]);
  await assert.rejects(client.chat.completions.create({ model, messages: hello, stream: true }), {
    status: 529,
  });
});

test("an upstream that is strict is not sent what loses a field", async () => {
  await assert.rejects(client.chat.completions.create({ model: "strict", messages: hello, seed: 1 }), {
    status: 400,
    param: "seed",
  });
  assert.equal(upstream.requests.length, 0);
});
