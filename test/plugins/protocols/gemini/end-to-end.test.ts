import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { ApiError, GoogleGenAI } from "@google/genai";
import OpenAI, { BadRequestError, RateLimitError } from "openai";
import { callerKey, startMock, upstreamKey } from "../../../sdk/_mock.ts";
import { sendJson, startGateway, startUpstream } from "../../../_gateway.ts";
import type { ServerResponse } from "node:http";
import type { Fields } from "../../../../core/index.ts";
import type { Mock } from "../../../sdk/_mock.ts";
import type { TestGateway, TestUpstream } from "../../../_gateway.ts";

/** An upstream of OpenAI's protocol: says what it is told to, and keeps what it was asked. */
let openaiUpstream: TestUpstream;
/** Gemini, as the mock has it. */
let mock: Mock;
/** Gemini, as it is on bad days: it only embeds. */
let moody: TestUpstream;
let gateway: TestGateway;

const chatBase = { id: "chatcmpl-7", created: 1, model: "gpt-4o" };

function answerChat(body: Fields, res: ServerResponse): void {
  const text = JSON.stringify(body["messages"]);
  if (text.includes("too much")) {
    const error = {
      message: "Slow down.",
      type: "rate_limit_error",
      code: "rate_limit_exceeded",
      param: null,
    };
    sendJson(res, 429, { error }, { "retry-after": "7" });
  } else if (body["stream"] === true) streamChat(text.includes("break"), res);
  else {
    const wantsTool = text.includes("weather") && !text.includes('"role":"tool"');
    const call = {
      id: "call_bern",
      type: "function",
      function: { name: "get_weather", arguments: '{"city":"Bern"}' },
    };
    const message = wantsTool
      ? { role: "assistant", content: null, tool_calls: [call] }
      : { role: "assistant", content: "Grüezi 🦊" };
    const choices = [{ index: 0, message, finish_reason: wantsTool ? "tool_calls" : "stop" }];
    const usage = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 };
    sendJson(res, 200, { ...chatBase, object: "chat.completion", choices, usage });
  }
}

function streamChat(breaks: boolean, res: ServerResponse): void {
  res.writeHead(200, { "content-type": "text/event-stream" });
  const send = (choices: object[], more: object = {}): void => {
    res.write(
      `data: ${JSON.stringify({ ...chatBase, object: "chat.completion.chunk", choices, ...more })}\n\n`,
    );
  };
  send([{ index: 0, delta: { role: "assistant", content: "Grü" }, finish_reason: null }]);
  send([{ index: 0, delta: { content: "ezi 🦊" }, finish_reason: null }]);
  if (breaks) {
    res.end();
    return;
  }
  send([{ index: 0, delta: {}, finish_reason: "stop" }]);
  send([], { usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 } });
  res.end("data: [DONE]\n\n");
}

before(async () => {
  openaiUpstream = await startUpstream((req, res) =>
    answerChat(JSON.parse(req.body.toString()) as Fields, res),
  );
  moody = await startUpstream((req, res) => {
    if (req.url?.includes("Embed")) {
      sendJson(res, 200, { embeddings: [{ values: [0.25, -0.5] }, { values: [1, 2] }] });
      return;
    }
    const retry = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "38s" };
    const error = { code: 429, message: "Quota exceeded.", status: "RESOURCE_EXHAUSTED", details: [retry] };
    // A stream that does not begin tells its error in a list.
    sendJson(res, 429, req.url?.includes(":stream") ? [{ error }] : { error });
  });
  mock = await startMock();
  mock.mock.onMessage("hello", { content: "Hello from the mock: ä, 漢, 🦊." });
  mock.mock.on(
    { userMessage: "weather" },
    { toolCalls: [{ name: "get_weather", arguments: { city: "Bern" }, id: "call_bern" }] },
  );
  gateway = await startGateway({
    keys: [callerKey],
    upstreams: [
      { provider: "openai", baseURL: `${openaiUpstream.url}/v1`, key: "k", models: ["gpt-4o"] },
      {
        provider: "gemini",
        baseURL: mock.url,
        key: upstreamKey,
        models: ["gemini-2.5-flash"],
      },
      { provider: "gemini", baseURL: moody.url, key: "k", models: ["gemini-moody"] },
    ],
    plugins: [{ retry: { attempts: 1 } }, { cooldown: false }],
  });
});

after(async () => {
  await gateway.close();
  await mock.close();
  await Promise.all([openaiUpstream.close(), moody.close()]);
});

const google = () => new GoogleGenAI({ apiKey: callerKey, httpOptions: { baseUrl: gateway.url } });
const openai = () => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: callerKey, maxRetries: 0 });

function lastChat(): Fields {
  return JSON.parse(openaiUpstream.requests.at(-1)?.body.toString() ?? "{}") as Fields;
}

test("Google's SDK gets an answer of an upstream of OpenAI's", async () => {
  const answer = await google().models.generateContent({
    model: "gpt-4o",
    contents: "Hi",
    config: { systemInstruction: "Be short.", temperature: 0.5, maxOutputTokens: 9 },
  });
  assert.equal(answer.text, "Grüezi 🦊");
  assert.equal(answer.candidates?.[0]?.finishReason, "STOP");
  assert.equal(answer.modelVersion, "gpt-4o");
  assert.deepEqual(answer.usageMetadata, {
    promptTokenCount: 9,
    candidatesTokenCount: 4,
    totalTokenCount: 13,
  });
  const { messages, temperature } = lastChat();
  assert.deepEqual(messages, [
    { role: "system", content: "Be short." },
    { role: "user", content: "Hi" },
  ]);
  assert.equal(temperature, 0.5);
  const { headers } = openaiUpstream.requests.at(-1) ?? {};
  assert.deepEqual(
    Object.keys(headers ?? {}).filter((name) => name.startsWith("x-goog")),
    [],
  );
});

test("Google's SDK gets a stream of it, with its usage", async () => {
  const stream = await google().models.generateContentStream({ model: "gpt-4o", contents: "Hi" });
  let text = "";
  let last: unknown;
  for await (const piece of stream) {
    text += piece.text ?? "";
    last = [piece.candidates?.[0]?.finishReason, piece.usageMetadata?.totalTokenCount];
  }
  assert.equal(text, "Grüezi 🦊");
  assert.deepEqual(last, ["STOP", 13]);
});

test("without alt=sse the same stream is one JSON list", async () => {
  const answer = await fetch(`${gateway.url}/v1beta/models/gpt-4o:streamGenerateContent`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-goog-api-key": callerKey },
    body: JSON.stringify({ contents: [{ parts: [{ text: "Hi" }] }] }),
  });
  assert.equal(answer.headers.get("content-type"), "application/json");
  const pieces = (await answer.json()) as { candidates: { content: { parts?: { text: string }[] } }[] }[];
  const said = pieces.map(({ candidates: [candidate] }) => candidate?.content.parts?.[0]?.text);
  assert.deepEqual(said, ["Grü", "ezi 🦊", undefined]);
});

test("a stream that breaks does not end as if it were whole", async () => {
  const stream = await google().models.generateContentStream({ model: "gpt-4o", contents: "break" });
  await assert.rejects(async () => {
    for await (const piece of stream) assert.equal(piece.candidates?.[0]?.finishReason, undefined);
  });
});

test("Google's SDK has a function called and gives back its result", async () => {
  const weather = {
    name: "get_weather",
    parametersJsonSchema: { type: "object", properties: { city: { type: "string" } } },
  };
  const config = { tools: [{ functionDeclarations: [weather] }] };
  const question = { role: "user", parts: [{ text: "weather" }] };
  const first = await google().models.generateContent({ model: "gpt-4o", contents: [question], config });
  assert.deepEqual(first.functionCalls, [{ id: "call_bern", name: "get_weather", args: { city: "Bern" } }]);
  const turn = first.candidates?.[0]?.content;
  assert.ok(turn);
  const functionResponse = { id: "call_bern", name: "get_weather", response: { degrees: 7 } };
  const contents = [question, turn, { role: "user", parts: [{ functionResponse }] }];
  const second = await google().models.generateContent({ model: "gpt-4o", contents, config });
  assert.equal(second.text, "Grüezi 🦊");
  const [, assistant, result] = lastChat()["messages"] as [
    unknown,
    { tool_calls: { id: string }[] },
    unknown,
  ];
  assert.equal(assistant.tool_calls[0]?.id, "call_bern");
  assert.deepEqual(result, { role: "tool", tool_call_id: "call_bern", content: '{"degrees":7}' });
});

test("Google's SDK is told of errors as Google tells them", async () => {
  await assert.rejects(
    () => google().models.generateContent({ model: "gpt-4o", contents: "too much" }),
    (error: unknown) =>
      error instanceof ApiError && error.status === 429 && error.message.includes("Slow down."),
  );
  await assert.rejects(
    () =>
      google().models.generateContent({
        model: "gpt-4o",
        contents: [{ role: "nobody", parts: [{ text: "Hi" }] }],
      }),
    (error: unknown) =>
      error instanceof ApiError && error.status === 400 && error.message.includes("INVALID_ARGUMENT"),
  );
});

test("Google's SDK is told the models, one and all", async () => {
  const names: (string | undefined)[] = [];
  for await (const { name } of await google().models.list()) names.push(name);
  assert.deepEqual(names.sort(), ["models/gemini-2.5-flash", "models/gemini-moody", "models/gpt-4o"]);
  assert.equal((await google().models.get({ model: "gpt-4o" })).name, "models/gpt-4o");
  await assert.rejects(
    () => google().models.get({ model: "gpt-0" }),
    (error: unknown) => error instanceof ApiError && error.status === 404,
  );
});

test("OpenAI's SDK gets an answer, a stream and a function call of Gemini", async () => {
  const messages = [{ role: "user" as const, content: "hello" }];
  const answer = await openai().chat.completions.create({ model: "gemini-2.5-flash", messages });
  assert.equal(answer.choices[0]?.message.content, "Hello from the mock: ä, 漢, 🦊.");
  assert.equal(answer.choices[0]?.finish_reason, "stop");
  assert.equal(mock.last().url, "/v1beta/models/gemini-2.5-flash:generateContent");
  assert.equal(mock.last().headers["x-goog-api-key"], upstreamKey);
  const stream = await openai().chat.completions.create({
    model: "gemini-2.5-flash",
    messages,
    stream: true,
  });
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  assert.equal(text, "Hello from the mock: ä, 漢, 🦊.");
  assert.equal(mock.last().url, "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
  const called = await openai().chat.completions.create({
    model: "gemini-2.5-flash",
    messages: [{ role: "user", content: "weather" }],
    tools: [
      {
        type: "function",
        function: {
          name: "get_weather",
          parameters: { type: "object", $schema: "x", properties: { city: { type: "string" } } },
        },
      },
    ],
  });
  const [call] = called.choices[0]?.message.tool_calls ?? [];
  assert.equal(called.choices[0]?.finish_reason, "tool_calls");
  assert.deepEqual(call?.type === "function" && call.function, {
    name: "get_weather",
    arguments: '{"city":"Bern"}',
  });
  assert.ok(!mock.last().body.toString().includes("$schema"));
});

test("Anthropic's SDK gets an answer and a stream of Gemini", async () => {
  const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: callerKey, maxRetries: 0 });
  const asked = {
    model: "gemini-2.5-flash",
    max_tokens: 50,
    messages: [{ role: "user" as const, content: "hello" }],
  };
  const { content, stop_reason } = await anthropic.messages.create(asked);
  assert.equal(content[0]?.type === "text" && content[0].text, "Hello from the mock: ä, 漢, 🦊.");
  assert.equal(stop_reason, "end_turn");
  const streamed = await anthropic.messages.stream(asked).finalMessage();
  assert.deepEqual(
    streamed.content.map((block) => block.type === "text" && block.text),
    ["Hello from the mock: ä, 漢, 🦊."],
  );
});

test("OpenAI's SDK gets embeddings of Gemini", async () => {
  moody.requests.length = 0;
  const { data } = await openai().embeddings.create({
    model: "gemini-moody",
    input: ["a", "b"],
    dimensions: 2,
  });
  assert.deepEqual(
    data.map(({ index, embedding }) => [index, embedding]),
    [
      [0, [0.25, -0.5]],
      [1, [1, 2]],
    ],
  );
  const model = "models/gemini-moody";
  const one = (text: string) => ({ model, content: { parts: [{ text }] }, outputDimensionality: 2 });
  const [asked] = moody.requests;
  assert.equal(asked?.url, "/v1beta/models/gemini-moody:batchEmbedContents");
  assert.deepEqual(JSON.parse(asked?.body.toString() ?? ""), { requests: [one("a"), one("b")] });
});

for (const stream of [false, true]) {
  test(`an error of Gemini's tells its message and when to come again${stream ? ", from a list too" : ""}`, async () => {
    const messages = [{ role: "user" as const, content: "hello" }];
    await assert.rejects(
      () => openai().chat.completions.create({ model: "gemini-moody", messages, stream }),
      (error: unknown) =>
        error instanceof RateLimitError &&
        error.message.includes("Quota exceeded.") &&
        error.headers?.get("retry-after") === "38",
    );
  });
}

test("a field that Gemini has no word for is refused where the upstream is strict", async () => {
  const strict = await startGateway({
    keys: [callerKey],
    upstreams: [
      { provider: "gemini", baseURL: mock.url, key: upstreamKey, models: ["gemini-2.5-flash"], strict: true },
    ],
  });
  try {
    const client = new OpenAI({ baseURL: `${strict.url}/v1`, apiKey: callerKey, maxRetries: 0 });
    const messages = [{ role: "user" as const, content: "hello" }];
    await assert.rejects(
      () => client.chat.completions.create({ model: "gemini-2.5-flash", messages, logit_bias: { 1: 1 } }),
      (error: unknown) => error instanceof BadRequestError && error.param === "logit_bias",
    );
  } finally {
    await strict.close();
  }
});
