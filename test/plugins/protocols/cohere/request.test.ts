import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { ChatRequest, Fields } from "../../../../core/index.ts";
import { assertRequestIdentity, context } from "../_codec.ts";
import { redDot, requests } from "../_conversations.ts";
import { chat, weatherTool } from "./_cohere.ts";

const model = "command-a-03-2025";
const user = { role: "user", content: "Tell me about LLMs" };
const call = {
  id: "get_weather_k3r9",
  type: "function",
  function: { name: "get_weather", arguments: '{"city":"Bern"}' },
};

/** Requests as the documentation has them. */
const documented: Record<string, Fields> = {
  "a message": { model, messages: [user] },
  "every option": {
    model,
    messages: [{ role: "system", content: "Be short." }, user],
    stream: false,
    max_tokens: 300,
    stop_sequences: ["END", "\n\n"],
    temperature: 0.3,
    seed: 7,
    frequency_penalty: 0.2,
    presence_penalty: 0.1,
    k: 50,
    p: 0.75,
    logprobs: true,
    safety_mode: "CONTEXTUAL",
    priority: 3,
    thinking: { type: "enabled", token_budget: 1000 },
  },
  documents: {
    model,
    documents: [
      "A text.",
      { data: { title: "Tall penguins", snippet: "Emperor penguins are the tallest." } },
      { id: "doc-2", data: { content: "Backstreet Boys", year: 1997 } },
    ],
    citation_options: { mode: "FAST" },
    messages: [user],
  },
  "tools and their results": {
    model,
    messages: [
      user,
      {
        role: "assistant",
        tool_plan: "I will look the weather up.",
        tool_calls: [call, { ...call, id: "w_2" }],
      },
      {
        role: "tool",
        tool_call_id: call.id,
        content: [{ type: "document", document: { data: { temperature: "20°C" }, id: "0" } }],
      },
      { role: "tool", tool_call_id: "w_2", content: [{ type: "text", text: "18°C" }] },
      {
        role: "assistant",
        content: "It is 20°C.",
        citations: [
          {
            start: 6,
            end: 10,
            text: "20°C",
            sources: [{ type: "tool", id: `${call.id}:0`, tool_output: { temperature: "20°C" } }],
            type: "TEXT_CONTENT",
          },
        ],
      },
      { role: "user", content: "And tomorrow?" },
    ],
    tools: [weatherTool],
    strict_tools: true,
    tool_choice: "REQUIRED",
  },
  "no tools to be used": {
    model,
    messages: [user],
    tools: [weatherTool],
    strict_tools: false,
    tool_choice: "NONE",
  },
  images: {
    model: "command-a-vision-07-2025",
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "Describe this image" },
          { type: "image_url", image_url: { url: "https://cohere.com/favicon-32x32.png", detail: "auto" } },
          { type: "image_url", image_url: { url: `data:image/png;base64,${redDot}` } },
        ],
      },
    ],
  },
  "JSON of a schema": {
    model,
    messages: [user],
    response_format: {
      type: "json_object",
      json_schema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
    },
  },
  JSON: { model, messages: [user], response_format: { type: "json_object" } },
  "thinking that came before": {
    model: "command-a-reasoning-08-2025",
    messages: [
      { role: "system", content: [{ type: "text", text: "Think." }] },
      user,
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Let me see …" },
          { type: "text", text: "They are models." },
        ],
      },
      { role: "user", content: [{ type: "text", text: "More." }] },
      { role: "assistant", content: [{ type: "thinking", thinking: "Look it up." }], tool_calls: [call] },
      { role: "tool", tool_call_id: call.id, content: "rain" },
    ],
    thinking: { type: "disabled" },
  },
  "a plan and text beside it": {
    model,
    messages: [
      user,
      {
        role: "assistant",
        tool_plan: "I will look.",
        content: [{ type: "text", text: "One moment." }],
        tool_calls: [call],
      },
      { role: "tool", tool_call_id: call.id, content: "rain" },
    ],
  },
  "text beside calls without a plan": {
    model,
    messages: [
      user,
      { role: "assistant", content: [{ type: "text", text: "One moment." }], tool_calls: [call] },
      { role: "tool", tool_call_id: call.id, content: "rain" },
    ],
  },
};

for (const [name, body] of Object.entries(documented)) {
  test(`a request is the same when it was read and written: ${name}`, () =>
    assertRequestIdentity(chat, body));
}

test("a streamed request is written as one", () =>
  assertRequestIdentity(chat, { model, messages: [user], stream: true }, { stream: true }));

const text = fc.string({ minLength: 1 });
const textPart = fc.record({ type: fc.constant("text"), text });
const image = fc.record({
  type: fc.constant("image_url"),
  image_url: fc.record(
    { url: fc.webUrl(), detail: fc.constantFrom("auto", "low", "high") },
    { requiredKeys: ["url"] },
  ),
});
const calls = fc.array(
  fc.record({
    id: text,
    type: fc.constant("function"),
    function: fc.record({ name: text, arguments: fc.object().map((value) => JSON.stringify(value)) }),
  }),
  { minLength: 1, maxLength: 3 },
);
const message = fc.oneof(
  fc.record({ role: fc.constant("system"), content: fc.oneof(text, fc.array(textPart, { minLength: 1 })) }),
  fc.record({
    role: fc.constant("user"),
    content: fc.oneof(text, fc.array(fc.oneof(textPart, image), { minLength: 1 })),
  }),
  fc.record({ role: fc.constant("assistant"), content: text }),
  fc.record(
    { role: fc.constant("assistant"), tool_plan: text, tool_calls: calls },
    { requiredKeys: ["role", "tool_calls"] },
  ),
  fc.record({
    role: fc.constant("tool"),
    tool_call_id: text,
    content: fc.oneof(
      text,
      fc.array(
        fc.oneof(
          textPart,
          fc.record({
            type: fc.constant("document"),
            document: fc.record({ data: fc.dictionary(text, text), id: text }, { requiredKeys: ["data"] }),
          }),
        ),
        { minLength: 1 },
      ),
    ),
  }),
);
const optional = {
  max_tokens: fc.nat(),
  stop_sequences: fc.array(text, { minLength: 1, maxLength: 5 }),
  temperature: fc.double({ min: 0, max: 2, noNaN: true }),
  seed: fc.nat(),
  frequency_penalty: fc.double({ min: 0, max: 1, noNaN: true }),
  k: fc.nat({ max: 500 }),
  p: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
  documents: fc.array(fc.oneof(text, fc.record({ data: fc.dictionary(text, text) })), { minLength: 1 }),
  thinking: fc.constantFrom({ type: "disabled" }, { type: "enabled" }, { type: "enabled", token_budget: 5 }),
  safety_mode: fc.constantFrom("CONTEXTUAL", "STRICT", "OFF"),
};
const request = fc.record(
  { model: text, messages: fc.array(message, { minLength: 1, maxLength: 6 }), ...optional },
  { requiredKeys: ["model", "messages"] },
);

test("any request is the same when it was read and written", () =>
  fc.assert(
    fc.asyncProperty(request, (body) => {
      const plain = JSON.parse(JSON.stringify(body)) as Fields;
      return assertRequestIdentity(chat, plain);
    }),
    { numRuns: 300 },
  ));

/** How a neutral request comes back otherwise than it went. */
const changed: Record<string, (request: ChatRequest) => Partial<ChatRequest>> = {
  tools: () => ({ tool_choice: undefined }),
  schema: ({ response_format: format }) => {
    const schema = format?.type === "json_schema" ? format.json_schema.schema : undefined;
    return { response_format: { type: "json_schema", json_schema: { name: "response", schema: schema! } } };
  },
};

for (const [name, neutral] of Object.entries(requests)) {
  test(`a neutral request comes back: ${name}`, async () => {
    const about = context();
    const again = await chat.decodeRequest(chat.encodeRequest(neutral, about), about);
    const expected = { ...neutral, ...changed[name]?.(neutral) };
    assert.deepEqual(JSON.parse(JSON.stringify(again)), JSON.parse(JSON.stringify(expected)));
    assert.deepEqual(about.dropped, []);
  });
}

const hello: ChatRequest = { model: "m", messages: [{ role: "user", content: "Hello" }] };

function encode(request: Partial<ChatRequest>, strict: string[] = []): Fields {
  const about = context();
  const body = chat.encodeRequest({ ...hello, ...request }, about);
  assert.deepEqual(about.dropped, strict);
  return body;
}

test("text before calls is the plan for them", () => {
  const body = encode({ messages: requests["tools"]!.messages });
  const [, assistant] = body["messages"] as Fields[];
  assert.equal(assistant?.["tool_plan"], "I will look.");
  assert.equal("content" in assistant!, false);
});

test("a choice of one function is a choice among it alone", () => {
  const tools: ChatRequest["tools"] = ["a", "b"].map((name) => ({ type: "function", function: { name } }));
  const body = encode({ tools, tool_choice: { type: "function", function: { name: "b" } } });
  assert.equal(body["tool_choice"], "REQUIRED");
  assert.deepEqual(body["tools"], [
    { type: "function", function: { name: "b", parameters: { type: "object", properties: {} } } },
  ]);
});

test("a choice of some functions leaves the others out", () => {
  const tools: ChatRequest["tools"] = ["a", "b", "c"].map((name) => ({
    type: "function",
    function: { name },
  }));
  const chosen = ["a", "c"].map((name) => ({ type: "function", function: { name } }));
  const body = encode({
    tools,
    tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto", tools: chosen } },
  });
  assert.equal(body["tool_choice"], undefined);
  const names = (body["tools"] as { function: { name: string } }[]).map((tool) => tool.function.name);
  assert.deepEqual(names, ["a", "c"]);
});

test("an effort becomes a budget, none turns thinking off", () => {
  assert.deepEqual(encode({ reasoning_effort: "low" })["thinking"], { type: "enabled", token_budget: 2048 });
  assert.deepEqual(encode({ reasoning: { enabled: true } })["thinking"], { type: "enabled" });
  assert.deepEqual(encode({ reasoning_effort: "none" })["thinking"], { type: "disabled" });
});

test("numbers are brought within Cohere's bounds", () => {
  const body = encode({ top_p: 1, top_k: 1000, presence_penalty: 0.5 });
  assert.deepEqual([body["p"], body["k"], body["presence_penalty"]], [0.99, 500, 0.5]);
  assert.equal(encode({ frequency_penalty: -1 }, ["frequency_penalty"])["frequency_penalty"], 0);
});

test("what Cohere has no word for is told of", () => {
  encode(
    {
      n: 2,
      stop: ["1", "2", "3", "4", "5", "6"],
      logit_bias: { 1: 2 },
      metadata: { a: "b" },
      parallel_tool_calls: false,
      tools: [{ type: "custom", custom: { name: "x" } }],
      reasoning: { exclude: true },
      vendor_member: 1,
    } as Partial<ChatRequest>,
    [
      "n",
      "logit_bias",
      "metadata",
      "parallel_tool_calls",
      "vendor_member",
      "stop",
      "tools.custom",
      "reasoning.exclude",
    ],
  );
});

test("defaults are not told of", () => {
  encode({
    n: 1,
    store: false,
    service_tier: "auto",
    parallel_tool_calls: true,
    logit_bias: null,
    stream: false,
  });
});

test("a file of text becomes a document, any other file is told of", () => {
  const about = context();
  const body = chat.encodeRequest(
    {
      model: "m",
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "Sum up." },
            {
              type: "file",
              file: { filename: "a.txt", file_data: `data:text/plain;base64,${btoa("Penguins")}` },
            },
            { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AAAA" } },
            { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
          ],
        },
      ],
      extensions: { cohere: { documents: ["First."] } },
    },
    about,
  );
  assert.deepEqual(body["documents"], ["First.", { data: { title: "a.txt", text: "Penguins" } }]);
  assert.deepEqual(body["messages"], [{ role: "user", content: [{ type: "text", text: "Sum up." }] }]);
  assert.deepEqual(about.dropped, ["messages.content.file", "messages.content.input_audio"]);
});

test("images of tool results follow all results, errors are said in words", () => {
  const image_url = { url: `data:image/png;base64,${redDot}` };
  const body = encode({
    messages: [
      {
        role: "tool",
        tool_call_id: "a",
        content: [
          { type: "text", text: "See." },
          { type: "image_url", image_url },
        ],
      },
      { role: "tool", tool_call_id: "b", content: "no such city", is_error: true },
      { role: "user", content: "Well?" },
    ],
  });
  assert.deepEqual(body["messages"], [
    { role: "tool", tool_call_id: "a", content: [{ type: "text", text: "See." }] },
    { role: "tool", tool_call_id: "b", content: "Error: no such city" },
    { role: "user", content: [{ type: "image_url", image_url }] },
    { role: "user", content: "Well?" },
  ]);
});

test("a document among a tool's results is text to other protocols", async () => {
  const neutral = await chat.decodeRequest(documented["tools and their results"]!, context());
  const results = neutral.messages.filter(({ role }) => role === "tool");
  assert.deepEqual(results[0]?.content, [
    {
      type: "text",
      text: '{"temperature":"20°C"}',
      extensions: { cohere: { document: { data: { temperature: "20°C" }, id: "0" } } },
    },
  ]);
});

const wrong: [param: string, body: Fields][] = [
  ["messages", { messages: "hello" }],
  ["messages", { messages: [{ role: "robot", content: "x" }] }],
  ["messages.content", { messages: [{ role: "user", content: 1 }] }],
  ["messages.content.text", { messages: [{ role: "user", content: [{ type: "text" }] }] }],
  ["messages.tool_call_id", { messages: [{ role: "tool", content: "x" }] }],
  ["max_tokens", { messages: [user], max_tokens: "many" }],
  ["stop_sequences", { messages: [user], stop_sequences: "END" }],
  ["tools", { messages: [user], tools: [{ type: "function" }] }],
  ["tool_choice", { messages: [user], tool_choice: "AUTO" }],
  ["response_format", { messages: [user], response_format: { type: "xml" } }],
];

for (const [param, body] of wrong) {
  test(`a request with a wrong ${param} is refused: ${JSON.stringify(body).slice(0, 60)}`, () => {
    assert.throws(() => chat.decodeRequest(body, context()), { status: 400, param });
  });
}
