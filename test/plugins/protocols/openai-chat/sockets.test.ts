import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Anthropic, { BadRequestError as ClaudeBadRequest } from "@anthropic-ai/sdk";
import OpenAI, { BadRequestError, RateLimitError } from "openai";
import type { Fields } from "../../../../core/index.ts";
import { sendJson, startGateway, startUpstream } from "../../../_gateway.ts";
import type { TestGateway, TestUpstream } from "../../../_gateway.ts";
import { callerKey, startMock, upstreamKey } from "../../../sdk/_mock.ts";
import type { Mock } from "../../../sdk/_mock.ts";

/** Speaks Anthropic's protocol, as its documentation shows it. */
let claude: TestUpstream;
/** Speaks OpenAI's. */
let mock: Mock;
/** Speaks Cohere's embeddings. */
let cohere: TestUpstream;
let gateway: TestGateway;

const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

before(async () => {
  claude = await startUpstream((req, res) => {
    const body = JSON.parse(req.body.toString()) as { stream?: boolean; messages: { content: unknown }[] };
    const asked = JSON.stringify(body.messages.at(-1));
    if (asked.includes("too many")) {
      const error = { type: "rate_limit_error", message: "Slow down." };
      return sendJson(res, 429, { type: "error", error }, { "retry-after": "7" });
    }
    const usesTool = asked.includes("weather") && !asked.includes("tool_result");
    if (body.stream) return sendEvents(res, usesTool ? toolEvents : textEvents);
    return sendJson(res, 200, usesTool ? toolMessage : textMessage);
  });
  mock = await startMock();
  const service = mock.mock;
  service.onMessage("hello", { content: "Grüße 🌍, in a few words." });
  service.on({ userMessage: "weather", hasToolResult: true }, { content: "Sunny in Bern." });
  service.on(
    { userMessage: "weather" },
    { toolCalls: [{ name: "get_weather", arguments: { city: "Bern" }, id: "call_bern" }] },
  );
  service.on(
    { userMessage: "too long" },
    {
      error: { message: "Too many tokens.", type: "invalid_request_error", code: "context_length_exceeded" },
      status: 400,
    },
  );
  cohere = await startUpstream((_req, res) => {
    const embeddings = { float: [[0.25, -0.5, 0.125]] };
    sendJson(res, 200, { id: "1", embeddings, texts: ["a"], meta: { billed_units: { input_tokens: 4 } } });
  });
  gateway = await startGateway({
    keys: [callerKey],
    upstreams: [
      {
        provider: "anthropic",
        baseURL: claude.url,
        key: "uk-claude",
        models: [{ "claude-opus-4-5": "claude" }],
      },
      { provider: "openai", baseURL: `${mock.url}/v1`, key: upstreamKey, models: [{ "gpt-5.4": "gpt" }] },
      { provider: "cohere", baseURL: cohere.url, key: "uk-cohere", models: ["embed-v4.0"] },
    ],
    plugins: [{ retry: { attempts: 1 } }, { cooldown: false }],
  });
});

after(async () => {
  await gateway.close();
  await Promise.all([mock.close(), claude.close(), cohere.close()]);
});

const openai = () => new OpenAI({ apiKey: callerKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
const anthropic = () => new Anthropic({ apiKey: callerKey, baseURL: gateway.url, maxRetries: 0 });
const says = (content: string) => [{ role: "user" as const, content }];
const tools: OpenAI.ChatCompletionTool[] = [
  { type: "function", function: { name: "get_weather", parameters } },
];

const base = { id: "msg_1", type: "message", role: "assistant", model: "claude-opus-4-5" };
const usage = {
  input_tokens: 10,
  output_tokens: 5,
  cache_read_input_tokens: 20,
  cache_creation_input_tokens: 0,
};
const textMessage = {
  ...base,
  content: [{ type: "text", text: "Grüße 🌍" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage,
};
const toolMessage = {
  ...base,
  content: [
    { type: "thinking", thinking: "Bern, then.", signature: "sig-1" },
    { type: "tool_use", id: "toolu_1", name: "get_weather", input: { city: "Bern" } },
  ],
  stop_reason: "tool_use",
  stop_sequence: null,
  usage,
};

function sendEvents(res: import("node:http").ServerResponse, events: readonly Fields[]): void {
  res.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events)
    res.write(`event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`);
  res.end();
}

const start = {
  type: "message_start",
  message: { ...base, content: [], stop_reason: null, stop_sequence: null, usage },
};
const stop = (stop_reason: string): Fields[] => [
  { type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 15 } },
  { type: "message_stop" },
];
const block = (index: number, content_block: Fields, ...deltas: Fields[]): Fields[] => [
  { type: "content_block_start", index, content_block },
  ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
  { type: "content_block_stop", index },
];
const textEvents = [
  start,
  ...block(
    0,
    { type: "text", text: "" },
    { type: "text_delta", text: "Grüße " },
    { type: "text_delta", text: "🌍" },
  ),
  ...stop("end_turn"),
];
const toolEvents = [
  start,
  ...block(
    0,
    { type: "tool_use", id: "toolu_1", name: "get_weather", input: {} },
    { type: "input_json_delta", partial_json: '{"city":' },
    { type: "input_json_delta", partial_json: '"Bern"}' },
  ),
  ...stop("tool_use"),
];

test("OpenAI's client and Claude: a text", async () => {
  const answer = await openai().chat.completions.create({
    model: "claude",
    messages: [{ role: "developer", content: "Be brief." }, ...says("hello")],
    max_completion_tokens: 99,
  });
  assert.deepEqual([answer.object, answer.model], ["chat.completion", "claude"]);
  const [choice] = answer.choices;
  assert.deepEqual([choice?.message.content, choice?.finish_reason], ["Grüße 🌍", "stop"]);
  assert.deepEqual(answer.usage?.prompt_tokens, 30);
  assert.equal(answer.usage?.prompt_tokens_details?.cached_tokens, 20);
  const { url, headers, body } = claude.requests.at(-1) ?? assert.fail();
  const sent = JSON.parse(body.toString()) as Fields;
  assert.deepEqual(
    [url, headers["x-api-key"], headers.authorization],
    ["/v1/messages", "uk-claude", undefined],
  );
  assert.deepEqual([sent["model"], sent["max_tokens"]], ["claude-opus-4-5", 99]);
});

test("OpenAI's client and Claude: a stream, with usage when asked", async () => {
  const asked = { model: "claude", messages: says("hello"), stream: true } as const;
  const runner = openai().chat.completions.stream({ ...asked, stream_options: { include_usage: true } });
  const answer = await runner.finalChatCompletion();
  assert.deepEqual([answer.choices[0]?.message.content, answer.usage?.completion_tokens], ["Grüße 🌍", 15]);
  const events: unknown[] = [];
  for await (const event of await openai().chat.completions.create(asked)) events.push(event);
  assert.ok(!JSON.stringify(events).includes('"usage"'));
  assert.ok(JSON.stringify(events[0]).includes('"role":"assistant"'));
});

test("OpenAI's client and Claude: a round of tools, thinking and its signature included", async () => {
  const first = await openai().chat.completions.create({ model: "claude", messages: says("weather"), tools });
  const [choice] = first.choices;
  const [call] = choice?.message.tool_calls ?? [];
  assert.ok(choice && call?.type === "function");
  assert.deepEqual(
    [choice.finish_reason, call.function.name, call.function.arguments],
    ["tool_calls", "get_weather", '{"city":"Bern"}'],
  );
  const history = [
    ...says("weather"),
    choice.message,
    { role: "tool" as const, tool_call_id: call.id, content: "sunny" },
  ];
  const second = await openai().chat.completions.create({ model: "claude", messages: history, tools });
  assert.equal(second.choices[0]?.message.content, "Grüße 🌍");
  const { messages } = JSON.parse(claude.requests.at(-1)?.body.toString() ?? "") as { messages: Fields[] };
  assert.deepEqual(messages.slice(1), [
    { role: "assistant", content: toolMessage.content },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "sunny" }] },
  ]);
  const streamed = await openai()
    .chat.completions.stream({ model: "claude", messages: says("weather"), tools })
    .finalChatCompletion();
  const [again] = streamed.choices[0]?.message.tool_calls ?? [];
  assert.deepEqual(again?.type === "function" && again.function.arguments, '{"city":"Bern"}');
});

test("OpenAI's client and Claude: a refusal", async () => {
  const error: unknown = await openai()
    .chat.completions.create({ model: "claude", messages: says("too many") })
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof RateLimitError);
  assert.deepEqual([error.status, error.headers.get("retry-after")], [429, "7"]);
  assert.match(error.message, /Slow down\./);
});

test("OpenAI's client: a request of the wrong shape is refused before any upstream", async () => {
  const before = claude.requests.length;
  const error: unknown = await openai()
    .chat.completions.create({ model: "claude", messages: [{ role: "bot", content: "x" } as never] })
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof BadRequestError);
  assert.deepEqual([error.param, claude.requests.length], ["messages[0].role", before]);
});

test("OpenAI's legacy completions and Claude: a text and a stream", async () => {
  const asked = { model: "claude", prompt: "hello", max_tokens: 20, stream_options: { include_usage: true } };
  const { stream_options: _, ...plain } = asked;
  const answer = await openai().completions.create(plain);
  assert.deepEqual(
    [answer.object, answer.model, answer.choices],
    ["text_completion", "claude", [{ text: "Grüße 🌍", index: 0, logprobs: null, finish_reason: "stop" }]],
  );
  let text = "";
  let total = 0;
  for await (const event of await openai().completions.create({ ...asked, stream: true })) {
    text += event.choices[0]?.text ?? "";
    total += event.usage?.total_tokens ?? 0;
  }
  assert.deepEqual([text, total], ["Grüße 🌍", 45]);
  const error: unknown = await openai()
    .completions.create({ model: "claude", prompt: [1, 2] })
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof BadRequestError);
  assert.equal(error.param, "prompt");
});

test("Anthropic's client and OpenAI's service: a text and a stream", async () => {
  const asked = { model: "gpt", max_tokens: 99, system: "Be brief.", messages: says("hello") };
  const answer = await anthropic().messages.create(asked);
  assert.deepEqual(
    answer.content.map((one) => one.type === "text" && one.text),
    ["Grüße 🌍, in a few words."],
  );
  assert.deepEqual([answer.stop_reason, answer.model], ["end_turn", "gpt"]);
  const sent = JSON.parse(mock.last().body.toString()) as Fields;
  assert.deepEqual(
    [mock.last().url, sent["model"], sent["max_completion_tokens"]],
    ["/v1/chat/completions", "gpt-5.4", 99],
  );
  assert.ok(!JSON.stringify(mock.last().headers).includes("anthropic"));
  const streamed = await anthropic().messages.stream(asked).finalMessage();
  assert.deepEqual(
    streamed.content.map((one) => one.type === "text" && one.text),
    ["Grüße 🌍, in a few words."],
  );
  assert.deepEqual(JSON.parse(mock.last().body.toString())["stream_options"], { include_usage: true });
});

test("Anthropic's client and OpenAI's service: a round of tools", async () => {
  const tool = { name: "get_weather", input_schema: { ...parameters, type: "object" as const } };
  const first = await anthropic()
    .messages.stream({ model: "gpt", max_tokens: 99, messages: says("weather"), tools: [tool] })
    .finalMessage();
  const use = first.content.find((one) => one.type === "tool_use");
  assert.ok(use);
  assert.deepEqual([first.stop_reason, use.name, use.input], ["tool_use", "get_weather", { city: "Bern" }]);
  const second = await anthropic().messages.create({
    model: "gpt",
    max_tokens: 99,
    tools: [tool],
    messages: [
      ...says("weather"),
      { role: "assistant", content: first.content },
      {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: use.id, content: "sunny", is_error: true }],
      },
    ],
  });
  assert.deepEqual(
    second.content.map((one) => one.type === "text" && one.text),
    ["Sunny in Bern."],
  );
  const { messages } = JSON.parse(mock.last().body.toString()) as { messages: Fields[] };
  assert.deepEqual(messages.at(-1), { role: "tool", tool_call_id: "call_bern", content: "Error: sunny" });
});

test("Anthropic's client and OpenAI's service: a refusal", async () => {
  const error: unknown = await anthropic()
    .messages.create({ model: "gpt", max_tokens: 9, messages: says("too long") })
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof ClaudeBadRequest);
  assert.match(error.message, /Too many tokens\./);
});

test("OpenAI's client asks for packed vectors, and gets them of a service that gives numbers", async () => {
  const answer = await openai().embeddings.create({ model: "embed-v4.0", input: "a" });
  assert.deepEqual(answer.data, [{ object: "embedding", index: 0, embedding: [0.25, -0.5, 0.125] }]);
  const numbers = await openai().embeddings.create({
    model: "embed-v4.0",
    input: "a",
    encoding_format: "float",
  });
  assert.deepEqual(numbers.data, answer.data);
});
