import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import OpenAI, { RateLimitError } from "openai";
import type { Fields } from "../../../../core/index.ts";
import type { TestGateway } from "../../../_gateway.ts";
import { recorded, streamOf, usage } from "./_events.ts";
import {
  chatProvider,
  gives,
  givesEvents,
  responsesProvider,
  says,
  startBefore,
  startService,
  streams,
} from "./_servers.ts";
import type { Service } from "./_servers.ts";

/** The official SDK, a gateway and a service, over real sockets: this protocol on the client's side, then on the service's. */
let service: Service;
let toChat: TestGateway;
let toResponses: TestGateway;
let client: OpenAI;
let chatClient: OpenAI;

before(async () => {
  service = await startService();
  toChat = await startBefore(chatProvider, service);
  toResponses = await startBefore(responsesProvider, service);
  client = new OpenAI({ apiKey: "sk-one-0001", baseURL: `${toChat.url}/v1`, maxRetries: 0 });
  chatClient = new OpenAI({ apiKey: "sk-one-0001", baseURL: `${toResponses.url}/v1`, maxRetries: 0 });
});

after(async () => {
  await toChat.close();
  await toResponses.close();
  await service.close();
});

beforeEach(() => {
  service.answers.length = 0;
  service.requests.length = 0;
});

const model = "model-1";
const weather = {
  type: "function" as const,
  name: "get_weather",
  description: "The weather.",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
  strict: true,
};

test("a response, answered by a service of Chat Completions", async () => {
  service.answers.push(says({ content: "Grüezi 🌍" }));
  const response = await client.responses.create(
    { model, instructions: "Be kind.", input: "Hello", max_output_tokens: 100, store: false },
    { headers: { "openai-organization": "org-1", "x-codex-turn": "1" } },
  );
  assert.equal(response.output_text, "Grüezi 🌍");
  assert.equal(response.model, model);
  assert.equal(response.instructions, "Be kind.");
  assert.match(response.id, /^resp_[0-9a-f]{32}$/);
  assert.deepEqual(response.usage, {
    input_tokens: 30,
    input_tokens_details: { cached_tokens: 20, cache_write_tokens: 0 },
    output_tokens: 12,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 42,
  });
  const [request] = service.requests;
  assert.equal(request?.url, "/v1/chat/completions");
  assert.equal(request?.headers["openai-organization"], undefined);
  assert.equal(request?.headers["x-codex-turn"], undefined);
  const { messages, model: asked, store } = service.last();
  assert.deepEqual(messages, [
    { role: "system", content: "Be kind." },
    { role: "user", content: "Hello" },
  ]);
  assert.equal(asked, "their-model");
  assert.equal(store, undefined);
});

test("a stream of Chat Completions, as the SDK puts the response together", async () => {
  service.answers.push(
    streams([{ role: "assistant", content: "" }, { content: "Grüezi " }, { content: "🌍" }], "length"),
  );
  const stream = client.responses.stream({ model, input: "Hello" });
  const deltas: string[] = [];
  stream.on("response.output_text.delta", ({ delta }) => deltas.push(delta));
  const response = await stream.finalResponse();
  assert.deepEqual(deltas, ["Grüezi ", "🌍"]);
  assert.equal(response.output_text, "Grüezi 🌍");
  assert.equal(response.status, "incomplete");
  assert.equal(response.usage?.total_tokens, 42);
});

test("a round with tools and reasoning", async () => {
  service.answers.push(
    streams(
      [
        { role: "assistant", reasoning_content: "Hm" },
        {
          tool_calls: [
            { index: 0, id: "call_1", type: "function", function: { name: "get_weather", arguments: "" } },
          ],
        },
        { tool_calls: [{ index: 0, function: { arguments: '{"city":"Bern"}' } }] },
        {
          tool_calls: [
            {
              index: 1,
              id: "call_2",
              type: "function",
              function: { name: "get_weather", arguments: '{"city":"Rom"}' },
            },
          ],
        },
      ],
      "tool_calls",
    ),
    says({ content: "Sunny." }),
  );
  const first = await client.responses.stream({ model, input: "Weather?", tools: [weather] }).finalResponse();
  assert.deepEqual(
    first.output.map(({ type }) => type),
    ["reasoning", "function_call", "function_call"],
  );
  const outputs = first.output.flatMap((item) =>
    item.type === "function_call"
      ? [{ type: "function_call_output" as const, call_id: item.call_id, output: "18°" }]
      : [],
  );
  const said = first.output.map(({ ...item }) => {
    delete (item as Fields)["parsed_arguments"];
    return item;
  });
  const second = await client.responses.create({
    model,
    input: [{ role: "user", content: "Weather?" }, ...(said as never[]), ...outputs],
    tools: [weather],
  });
  assert.equal(second.output_text, "Sunny.");
  const { messages, tools } = service.last() as { messages: Fields[]; tools: Fields[] };
  const { strict, description, parameters, name } = weather;
  assert.deepEqual(tools, [{ type: "function", function: { name, description, parameters, strict } }]);
  assert.deepEqual(
    messages.map(({ role }) => role),
    ["user", "assistant", "tool", "tool"],
  );
  assert.deepEqual(messages[1]?.["tool_calls"], [
    { id: "call_1", type: "function", function: { name: "get_weather", arguments: '{"city":"Bern"}' } },
    { id: "call_2", type: "function", function: { name: "get_weather", arguments: '{"city":"Rom"}' } },
  ]);
  assert.deepEqual(messages.slice(2), [
    { role: "tool", tool_call_id: "call_1", content: "18°" },
    { role: "tool", tool_call_id: "call_2", content: "18°" },
  ]);
});

test("items that only this protocol knows stay away from other services, with their outputs", async () => {
  service.answers.push(says({ content: "Done." }));
  await client.responses.create({
    model,
    input: [
      { role: "user", content: "x" },
      {
        type: "local_shell_call",
        id: "lsh_1",
        call_id: "call_l",
        status: "completed",
        action: { type: "exec", command: ["ls"], env: {} },
      },
      { type: "function_call_output", call_id: "call_l", output: "a" },
      { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "x" } },
      { role: "assistant", content: "y" },
      { role: "user", content: "z" },
    ],
  });
  const { messages } = service.last() as { messages: Fields[] };
  const said = messages.filter(({ content }) => content !== "").map(({ role, content }) => [role, content]);
  assert.deepEqual(said, [
    ["user", "x"],
    ["assistant", [{ type: "text", text: "y" }]],
    ["user", "z"],
  ]);
});

test("an error of a service of Chat Completions is the SDK's own", async () => {
  service.answers.push(
    gives(429, {
      error: { message: "Slow down.", type: "requests", param: null, code: "rate_limit_exceeded" },
    }),
  );
  const error: unknown = await client.responses
    .create({ model, input: "Hello" })
    .catch((reason: unknown) => reason);
  assert.ok(error instanceof RateLimitError);
  assert.equal(error.code, "rate_limit_exceeded");
  assert.match(error.message, /Slow down/);
});

test("a stream that breaks off is no whole response", async () => {
  service.answers.push(streams([{ role: "assistant", content: "Grü" }]));
  await assert.rejects(client.responses.stream({ model, input: "Hello" }).finalResponse());
});

test("a malformed request is refused with the place of its fault", async () => {
  const input = [{ role: "user", content: [{ type: "input_text" }] }] as never;
  await assert.rejects(client.responses.create({ model, input }), {
    status: 400,
    param: "input[0].content[0].text",
  });
  assert.equal(service.requests.length, 0);
});

test("tokens are counted where the service counts none", async () => {
  const { object, input_tokens } = await client.responses.inputTokens.count({
    model,
    input: "Hello, how are you?",
  });
  assert.equal(object, "response.input_tokens");
  assert.ok(input_tokens > 0);
  assert.equal(service.requests.length, 0);
});

const text = {
  type: "message",
  id: "msg_1",
  role: "assistant",
  status: "completed",
  content: [{ type: "output_text", text: "Grüezi 🌍", annotations: [] }],
};
const response = {
  id: "resp_1",
  object: "response",
  created_at: 1,
  model: "their-model",
  status: "completed",
  error: null,
  incomplete_details: null,
  usage,
};

test("a chat, answered by a service of this protocol", async () => {
  service.answers.push(gives(200, { ...response, output: [text] }));
  const answer = await chatClient.chat.completions.create({
    model,
    messages: [
      { role: "system", content: "Be kind." },
      { role: "user", content: "Hello" },
    ],
    max_completion_tokens: 100,
  });
  assert.equal(answer.choices[0]?.message.content, "Grüezi 🌍");
  assert.equal(answer.choices[0]?.finish_reason, "stop");
  assert.equal(answer.usage?.prompt_tokens_details?.cached_tokens, 100);
  assert.equal(service.requests[0]?.url, "/v1/responses");
  assert.deepEqual(service.last(), {
    model: "their-model",
    instructions: "Be kind.",
    input: [{ role: "user", content: "Hello" }],
    max_output_tokens: 100,
    store: false,
  });
});

test("a stream of this protocol, for a client of Chat Completions", async () => {
  // The SDK knows no custom calls in streams of chats.
  service.answers.push(
    givesEvents(streamOf(recorded.filter((event) => (event as Fields)["output_index"] !== 5))),
  );
  const stream = chatClient.chat.completions.stream({
    model,
    messages: [{ role: "user", content: "Hello" }],
    stream_options: { include_usage: true },
  });
  const answer = await stream.finalChatCompletion();
  const [choice] = answer.choices;
  assert.equal(choice?.message.content, "See [1] — 漢字 🌍");
  assert.equal(choice?.finish_reason, "tool_calls");
  assert.deepEqual(
    choice?.message.tool_calls
      ?.slice(0, 2)
      .map((call) => (call.type === "function" ? call.function.arguments : "")),
    ['{"x":"ü"}', "{}"],
  );
  assert.equal(answer.usage?.total_tokens, 380);
  assert.equal(service.last()["stream"], true);
});

test("a round with tools at a service of this protocol", async () => {
  const { type: _type, ...declared } = weather;
  const call = {
    type: "function_call",
    id: "fc_1",
    call_id: "call_9",
    name: "get_weather",
    arguments: '{"city":"Bern"}',
    status: "completed",
  };
  service.answers.push(
    gives(200, { ...response, output: [call] }),
    gives(200, { ...response, output: [text] }),
  );
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Weather?" }];
  const tools: OpenAI.ChatCompletionTool[] = [{ type: "function", function: declared }];
  const first = await chatClient.chat.completions.create({ model, messages, tools });
  assert.equal(first.choices[0]?.finish_reason, "tool_calls");
  messages.push(first.choices[0]?.message as never, { role: "tool", tool_call_id: "call_9", content: "18°" });
  const second = await chatClient.chat.completions.create({ model, messages, tools });
  assert.equal(second.choices[0]?.message.content, "Grüezi 🌍");
  assert.deepEqual(service.last()["input"], [
    { role: "user", content: "Weather?" },
    { type: "function_call", call_id: "call_9", name: "get_weather", arguments: '{"city":"Bern"}' },
    { type: "function_call_output", call_id: "call_9", output: "18°" },
  ]);
  assert.deepEqual(service.last()["tools"], [weather]);
});

test("errors of a service of this protocol: with its status, with a success, within a stream", async () => {
  const ask = (stream = false): Promise<unknown> =>
    chatClient.chat.completions.create({
      model,
      messages: [{ role: "user", content: "Hello" }],
      stream,
    }) as Promise<unknown>;
  service.answers.push(
    gives(400, {
      error: {
        message: "Unknown parameter.",
        type: "invalid_request_error",
        param: "x",
        code: "unknown_parameter",
      },
    }),
  );
  await assert.rejects(ask(), { status: 400, code: "unknown_parameter", param: "x" });
  service.answers[0] = gives(200, {
    ...response,
    status: "failed",
    output: [],
    error: { code: "rate_limit_exceeded", message: "Slow down." },
  });
  await assert.rejects(ask(), { status: 429, code: "rate_limit_exceeded" });
  service.answers[0] = givesEvents(
    streamOf([{ type: "error", code: "server_is_overloaded", message: "Full.", param: null }]),
  );
  await assert.rejects(ask(true), { status: 503, code: "server_is_overloaded" });
});

test("the service's own count of tokens, for a client of this protocol, byte for byte", async () => {
  service.answers.push(gives(200, { object: "response.input_tokens", input_tokens: 7 }));
  const { input_tokens } = await chatClient.responses.inputTokens.count({ model, input: "Hello" });
  assert.equal(input_tokens, 7);
  assert.equal(service.requests[0]?.url, "/v1/responses/input_tokens");
  assert.deepEqual(service.last(), { model: "their-model", input: "Hello" });
});
