import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  ThrottlingException,
  ValidationException,
} from "@aws-sdk/client-bedrock-runtime";
import type { ConverseStreamOutput, Message, Tool } from "@aws-sdk/client-bedrock-runtime";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import OpenAI, { RateLimitError } from "openai";
import { startGateway, until } from "../_gateway.ts";
import type { TestGateway } from "../_gateway.ts";
import { collect } from "./_compare.ts";
import { callerKey, startMock, upstreamKey } from "./_mock.ts";
import type { Mock } from "./_mock.ts";

const nova = "amazon.nova-pro-v1:0";
const usage = { input_tokens: 11, output_tokens: 7 };

let mock: Mock;
let gateway: TestGateway;

before(async () => {
  mock = await startMock();
  const service = mock.mock;
  service.onMessage("hello", { content: "Hello from the mock: ä, 漢, 🦊.", usage });
  service.on({ userMessage: "weather", hasToolResult: true }, { content: "Sunny in Bern." });
  service.on(
    { userMessage: "weather" },
    { toolCalls: [{ name: "get_weather", arguments: { city: "Bern" }, id: "call_bern" }] },
  );
  service.on(
    { userMessage: "too fast" },
    { error: { message: "Slow down.", type: "throttled" }, status: 429 },
  );
  gateway = await startGateway({
    keys: [callerKey],
    upstreams: [
      { name: "aws", provider: "bedrock", baseURL: mock.url, key: upstreamKey, models: ["amazon.*"] },
      { name: "open", provider: "openai", baseURL: `${mock.url}/v1`, key: upstreamKey, models: ["gpt-*"] },
    ],
    // Each test's failures are its own.
    plugins: [{ breaker: false }, { cooldown: false }, { retry: { attempts: 1 } }],
  });
});

after(async () => {
  await gateway.close();
  await mock.close();
});

/** Amazon's own client, with the caller's key as a Bedrock API key. */
function aws(): BedrockRuntimeClient {
  return new BedrockRuntimeClient({
    endpoint: gateway.url,
    region: "us-east-1",
    token: { token: callerKey },
    authSchemePreference: ["httpBearerAuth"],
    requestHandler: new FetchHttpHandler(),
    maxAttempts: 1,
  });
}

const says = (text: string): Message[] => [{ role: "user", content: [{ text }] }];
const openai = () => new OpenAI({ apiKey: callerKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
const inputSchema = { json: { type: "object", properties: { city: { type: "string" } } } };
const tools: Tool[] = [{ toolSpec: { name: "get_weather", description: "Weather.", inputSchema } }];

/** What a stream's events add up to. */
async function streamed(modelId: string, text: string) {
  const { stream } = await aws().send(
    new ConverseStreamCommand({ modelId, messages: says(text), toolConfig: { tools } }),
  );
  assert.ok(stream);
  const events: ConverseStreamOutput[] = await collect(stream);
  return {
    names: events.map((event) => Object.keys(event)[0]),
    text: events.map(({ contentBlockDelta }) => contentBlockDelta?.delta?.text ?? "").join(""),
    input: events.map(({ contentBlockDelta }) => contentBlockDelta?.delta?.toolUse?.input ?? "").join(""),
    call: events.find(({ contentBlockStart }) => contentBlockStart)?.contentBlockStart?.start?.toolUse,
    stop: events.find(({ messageStop }) => messageStop)?.messageStop?.stopReason,
    usage: events.find(({ metadata }) => metadata)?.metadata?.usage,
  };
}

for (const modelId of ["gpt-4o", nova]) {
  test(`Amazon's client, ${modelId}: text`, async () => {
    const answer = await aws().send(
      new ConverseCommand({ modelId, messages: says("hello"), system: [{ text: "Be kind." }] }),
    );
    assert.deepEqual(answer.output?.message, {
      role: "assistant",
      content: [{ text: "Hello from the mock: ä, 漢, 🦊." }],
    });
    assert.equal(answer.stopReason, "end_turn");
    assert.deepEqual(answer.usage, { inputTokens: 11, outputTokens: 7, totalTokens: 18 });
  });

  test(`Amazon's client, ${modelId}: a stream`, async () => {
    const { text, stop, names, usage: told } = await streamed(modelId, "hello");
    assert.equal(text, "Hello from the mock: ä, 漢, 🦊.");
    assert.equal(stop, "end_turn");
    assert.equal(names[0], "messageStart");
    assert.deepEqual(names.slice(-3), ["contentBlockStop", "messageStop", "metadata"]);
    assert.deepEqual(told, { inputTokens: 11, outputTokens: 7, totalTokens: 18 });
  });

  test(`Amazon's client, ${modelId}: a round with a tool, whole and streamed`, async () => {
    const { call, input, stop } = await streamed(modelId, "weather");
    assert.deepEqual({ ...call }, { toolUseId: "call_bern", name: "get_weather" });
    assert.equal(input, '{"city":"Bern"}');
    assert.equal(stop, "tool_use");
    const messages = says("weather");
    const first = await aws().send(new ConverseCommand({ modelId, messages, toolConfig: { tools } }));
    const use = first.output?.message?.content?.find(({ toolUse }) => toolUse)?.toolUse;
    assert.deepEqual(use, { toolUseId: "call_bern", name: "get_weather", input: { city: "Bern" } });
    assert.ok(first.output?.message);
    messages.push(first.output.message, {
      role: "user",
      content: [{ toolResult: { toolUseId: "call_bern", content: [{ text: "22 degrees" }] } }],
    });
    const second = await aws().send(new ConverseCommand({ modelId, messages, toolConfig: { tools } }));
    assert.deepEqual(second.output?.message?.content, [{ text: "Sunny in Bern." }]);
  });
}

test("Amazon's client: a refusal of another protocol's upstream is one of its own exceptions", async () => {
  const refused = aws().send(new ConverseCommand({ modelId: "gpt-4o", messages: says("too fast") }));
  await assert.rejects(
    refused,
    (error) => error instanceof ThrottlingException && /Slow down/.test(error.message),
  );
  const wrong = aws().send(
    new ConverseCommand({ modelId: "gpt-4o", messages: [{ role: "owner" as "user", content: [] }] }),
  );
  await assert.rejects(wrong, (error) => error instanceof ValidationException && /role/.test(error.message));
});

test("Amazon's client: a model's own body passes", async () => {
  const body = JSON.stringify({
    anthropic_version: "bedrock-2023-05-31",
    max_tokens: 9,
    messages: says("hello"),
  });
  const sent = aws().send(new InvokeModelCommand({ modelId: nova, body, contentType: "application/json" }));
  await sent.catch(() => {});
  const { url, body: seen } = mock.last();
  assert.equal(url, `/model/${encodeURIComponent(nova)}/invoke`);
  assert.equal(seen.toString(), body);
});

test("OpenAI's client: text, and what goes over the wire", async () => {
  const answer = await openai().chat.completions.create({
    model: nova,
    messages: [
      { role: "system", content: "Be kind." },
      { role: "user", content: "hello" },
    ],
    max_completion_tokens: 50,
  });
  assert.equal(answer.model, nova);
  assert.equal(answer.choices[0]?.message.content, "Hello from the mock: ä, 漢, 🦊.");
  assert.equal(answer.choices[0]?.finish_reason, "stop");
  assert.deepEqual(answer.usage, { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 });
  const { url, headers, body } = mock.last();
  assert.equal(url, `/model/${encodeURIComponent(nova)}/converse`);
  assert.equal(headers["authorization"], `Bearer ${upstreamKey}`);
  assert.deepEqual(JSON.parse(body.toString()), {
    messages: [{ role: "user", content: [{ text: "hello" }] }],
    system: [{ text: "Be kind." }],
    inferenceConfig: { maxTokens: 50 },
  });
});

test("OpenAI's client: a stream", async () => {
  const stream = await openai().chat.completions.create({
    model: nova,
    messages: [{ role: "user", content: "hello" }],
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = await collect(stream);
  assert.equal(
    chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""),
    "Hello from the mock: ä, 漢, 🦊.",
  );
  assert.deepEqual(chunks.at(-1)?.usage, { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 });
  assert.equal(mock.last().url, `/model/${encodeURIComponent(nova)}/converse-stream`);
});

test("OpenAI's client: a round with a tool", async () => {
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "weather" }];
  const offered: OpenAI.ChatCompletionTool[] = [
    { type: "function", function: { name: "get_weather", parameters: inputSchema.json } },
  ];
  const first = await openai().chat.completions.create({ model: nova, messages, tools: offered });
  const message = first.choices[0]?.message;
  assert.ok(message);
  assert.equal(first.choices[0]?.finish_reason, "tool_calls");
  assert.deepEqual(message.tool_calls, [
    { id: "call_bern", type: "function", function: { name: "get_weather", arguments: '{"city":"Bern"}' } },
  ]);
  messages.push(message, { role: "tool", tool_call_id: "call_bern", content: "22 degrees" });
  const second = await openai().chat.completions.create({ model: nova, messages, tools: offered });
  assert.equal(second.choices[0]?.message.content, "Sunny in Bern.");
});

test("OpenAI's client: an error", async () => {
  const refused = openai().chat.completions.create({
    model: nova,
    messages: [{ role: "user", content: "too fast" }],
  });
  await assert.rejects(
    refused,
    (error) => error instanceof RateLimitError && /Slow down/.test(error.message),
  );
});

test("Anthropic's client: text and a stream from a model that is not Claude", async () => {
  const client = new Anthropic({ apiKey: callerKey, baseURL: gateway.url, maxRetries: 0 });
  const request = { model: nova, max_tokens: 50, messages: [{ role: "user" as const, content: "hello" }] };
  const answer = await client.messages.create(request);
  assert.deepEqual(
    answer.content.map((block) => block.type === "text" && block.text),
    ["Hello from the mock: ä, 漢, 🦊."],
  );
  assert.equal(answer.stop_reason, "end_turn");
  const final = await client.messages.stream(request).finalMessage();
  assert.deepEqual(
    final.content.map((block) => block.type === "text" && block.text),
    ["Hello from the mock: ä, 漢, 🦊."],
  );
  assert.equal(final.usage.output_tokens, 7);
});

test("a stream that only passes still tells what it cost", async () => {
  let told: unknown;
  const unhook = gateway.gateway.context.hooks.hook("call:finish", (call, outcome) => {
    // The call of a test before may end only now.
    if (call.path.endsWith("/converse-stream")) told = outcome.usage;
  });
  await streamed(nova, "hello");
  await until(() => told !== undefined).finally(unhook);
  assert.deepEqual(told, { inputTokens: 11, outputTokens: 7 });
});
