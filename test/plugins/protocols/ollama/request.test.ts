import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { ChatRequest, Fields, ToolMessage } from "../../../../core/index.ts";
import { assertRequestIdentity, context } from "../_codec.ts";
import { redDot, requests } from "../_conversations.ts";
import { at, chat, protocol, weatherTool } from "./_ollama.ts";

const model = "llama3.2";
const user = { role: "user", content: "why is the sky blue?" };
const toronto = { function: { name: "get_temperature", arguments: { city: "Toronto" } } };
const schema = { type: "object", properties: { age: { type: "integer" } }, required: ["age"] };

/** Requests to `/api/chat` as the documentation has them. */
const documented: Record<string, Fields> = {
  "a message": { model, messages: [user], stream: false },
  history: {
    model,
    messages: [
      { role: "system", content: "Be short." },
      user,
      { role: "assistant", content: "due to rayleigh scattering." },
      { role: "user", content: "how is that different than mie scattering?" },
    ],
    stream: false,
  },
  tools: { model, messages: [user], tools: [weatherTool], stream: false },
  "a tool's result": {
    model,
    messages: [
      { role: "user", content: "what is the weather in Toronto?" },
      { role: "assistant", tool_calls: [toronto] },
      { role: "tool", content: "11 degrees celsius", tool_name: "get_temperature" },
    ],
    stream: false,
    tools: [weatherTool],
  },
  "calls side by side, with what was thought and said": {
    model: "qwen3",
    messages: [
      user,
      {
        role: "assistant",
        content: "One moment.",
        thinking: "Two cities.",
        tool_calls: [toronto, { function: { name: "get_temperature", arguments: { city: "Bern" } } }],
      },
      { role: "tool", content: "11", tool_name: "get_temperature" },
      { role: "tool", content: "22", tool_name: "get_temperature" },
      { role: "assistant", content: "", tool_calls: [{ function: { name: "now", arguments: {} } }] },
      { role: "tool", content: "noon" },
    ],
    stream: false,
    think: true,
  },
  "calls with ids, as newer servers give them": {
    model: "qwen3",
    messages: [
      user,
      { role: "assistant", content: "", tool_calls: [{ id: "call_a1", ...toronto }] },
      { role: "tool", content: "11", tool_name: "get_temperature", tool_call_id: "call_a1" },
    ],
    stream: false,
    think: false,
  },
  "a schema": { model, messages: [user], format: schema, options: { temperature: 0 }, stream: false },
  JSON: { model, messages: [user], format: "json", stream: false },
  images: { model: "llava", messages: [{ ...user, images: [redDot, "/9j/4AAQ"] }], stream: false },
  "every option": {
    model,
    messages: [user],
    stream: false,
    think: "high",
    keep_alive: "5m",
    logprobs: true,
    top_logprobs: 2,
    options: {
      num_keep: 5,
      seed: 42,
      num_predict: 100,
      top_k: 20,
      top_p: 0.9,
      min_p: 0.05,
      typical_p: 0.7,
      repeat_last_n: 33,
      temperature: 0.8,
      repeat_penalty: 1.2,
      presence_penalty: 1.5,
      frequency_penalty: 1,
      penalize_newline: true,
      stop: ["\n", "user:"],
      numa: false,
      num_ctx: 1024,
      num_batch: 2,
      num_gpu: 1,
      main_gpu: 0,
      use_mmap: true,
      num_thread: 8,
    },
  },
  "no bound": { model, messages: [user], stream: false, options: { num_predict: -1 }, keep_alive: 0 },
};

for (const [name, body] of Object.entries(documented)) {
  test(`a request is the same when it was read and written: ${name}`, () =>
    assertRequestIdentity(chat, body, at("/api/chat")));
}

const text = fc.string({ minLength: 1 });
const images = fc.array(fc.constantFrom(redDot, "/9j/4AAQ", "R0lGODdh", "UklGRgAA", "QkAA"), {
  minLength: 1,
});
const jsonObject = fc.object().map((value) => JSON.parse(JSON.stringify(value)) as Fields);
const message = fc.oneof(
  fc.record({ role: fc.constant("system"), content: text }),
  fc.record(
    { role: fc.constant("user"), content: fc.string(), images },
    { requiredKeys: ["role", "content"] },
  ),
  fc.record(
    {
      role: fc.constant("assistant"),
      content: fc.string(),
      thinking: text,
      tool_calls: fc.array(fc.record({ function: fc.record({ name: text, arguments: jsonObject }) }), {
        minLength: 1,
        maxLength: 3,
      }),
    },
    { requiredKeys: ["role", "content"] },
  ),
  fc.record(
    { role: fc.constant("tool"), content: fc.string(), tool_name: text },
    { requiredKeys: ["role", "content"] },
  ),
);
const request = fc.record(
  {
    model: text,
    messages: fc.array(message, { minLength: 1, maxLength: 6 }),
    stream: fc.constant(false),
    think: fc.constantFrom(true, false, "low", "medium", "high"),
    format: fc.oneof(fc.constant("json"), fc.record({ type: fc.constant("object") })),
    keep_alive: fc.oneof(text, fc.nat()),
    options: fc.record(
      {
        num_predict: fc.integer({ min: -2 }),
        seed: fc.integer(),
        num_ctx: fc.nat(),
        stop: fc.array(text, { minLength: 1 }),
      },
      { requiredKeys: ["num_ctx"] },
    ),
  },
  { requiredKeys: ["model", "messages", "stream"] },
);

test("any request is the same when it was read and written", () =>
  fc.assert(
    fc.asyncProperty(request, (body) =>
      assertRequestIdentity(chat, JSON.parse(JSON.stringify(body)) as Fields, at("/api/chat")),
    ),
    { numRuns: 300 },
  ));

/** How a neutral request comes back otherwise than it went. */
const changed: Record<string, (request: ChatRequest) => Partial<ChatRequest>> = {
  tools: () => ({ tool_choice: undefined }),
  schema: ({ response_format: format }) => {
    const given = format?.type === "json_schema" ? format.json_schema.schema : undefined;
    return { response_format: { type: "json_schema", json_schema: { name: "response", schema: given! } } };
  },
};

for (const [name, neutral] of Object.entries(requests)) {
  test(`a neutral request comes back: ${name}`, async () => {
    const about = context(at("/api/chat"));
    const again = await chat.decodeRequest(chat.encodeRequest(neutral, about), about);
    // Whether there is a stream is always said.
    const expected = { ...neutral, stream: false, ...changed[name]?.(neutral) };
    assert.deepEqual(JSON.parse(JSON.stringify(again)), JSON.parse(JSON.stringify(expected)));
    assert.deepEqual(about.dropped, []);
  });
}

async function decode(body: Fields, path = "/api/chat"): Promise<ChatRequest> {
  return chat.decodeRequest(body, context(at(path)));
}

function encode(request: Partial<ChatRequest>, dropped: string[] = [], name = "model-1"): Fields {
  const about = context({ ...at("/api/chat"), model: name });
  const hello: ChatRequest = { model: "m", messages: [{ role: "user", content: "Hello" }] };
  const body = chat.encodeRequest({ ...hello, ...request }, about);
  assert.deepEqual(about.dropped, dropped);
  return body;
}

test("results find their calls by id, by name, and by order", async () => {
  const { messages } = await decode({
    messages: [
      {
        role: "assistant",
        content: "",
        tool_calls: [
          { function: { name: "a", arguments: {} } },
          { id: "given", function: { name: "b", arguments: {} } },
          { function: { name: "a", arguments: { x: 1 } } },
          { function: { name: "c", arguments: {} } },
        ],
      },
      { role: "tool", content: "1", tool_call_id: "given" },
      { role: "tool", content: "2", tool_name: "a" },
      { role: "tool", content: "3" },
      { role: "tool", content: "4", tool_name: "c" },
      { role: "tool", content: "5", tool_name: "never called" },
    ],
  });
  const [assistant, ...results] = messages;
  const ids = assistant?.role === "assistant" ? assistant.tool_calls?.map(({ id }) => id) : undefined;
  assert.equal(new Set(ids).size, 4);
  const found = (results as ToolMessage[]).map((result) => result.tool_call_id);
  assert.deepEqual(found.slice(0, 4), [ids?.[1], ids?.[0], ids?.[2], ids?.[3]]);
  assert.ok(!ids?.includes(found[4]!), "an answer to nothing is nobody's");
});

test("ids that are made are the same in each turn", async () => {
  const turn = { role: "assistant", content: "", tool_calls: [toronto] };
  const result = { role: "tool", content: "11" };
  const first = await decode({ messages: [user, turn, result] });
  const second = await decode({ messages: [user, turn, result, turn, result] });
  assert.deepEqual(second.messages.slice(0, 3), first.messages);
});

test("a prompt is a chat", async () => {
  const body = {
    model: "llava",
    prompt: "What is this?",
    system: "Be short.",
    images: [redDot],
    template: "{{ .Prompt }}",
    raw: false,
    context: [1, 2],
    format: "json",
    think: "low",
    keep_alive: "1h",
    options: { num_predict: 5, num_ctx: 10 },
  };
  assert.deepEqual(await decode(body, "/api/generate"), {
    model: "model-1",
    messages: [
      { role: "system", content: "Be short." },
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url: `data:image/png;base64,${redDot}` } },
        ],
      },
    ],
    max_completion_tokens: 5,
    response_format: { type: "json_object" },
    reasoning_effort: "low",
    reasoning: { enabled: true },
    extensions: { ollama: { think: "low", keep_alive: "1h", options: { num_ctx: 10 } } },
  });
});

test("what fills in the middle is refused", () => {
  assert.throws(() => chat.decodeRequest({ prompt: "a", suffix: "b" }, context(at("/api/generate"))), {
    status: 400,
    param: "suffix",
  });
});

test("a stream is always said, and what is asked for", () => {
  const about = context({ ...at("/api/chat"), stream: true });
  const body = chat.encodeRequest({ model: "m", messages: [{ role: "user", content: "Hi" }] }, about);
  assert.equal(body["stream"], true);
  assert.equal(encode({ stream: null })["stream"], false);
});

test("levels of thinking go to those who know them", () => {
  assert.equal(encode({ reasoning_effort: "high" })["think"], true);
  assert.equal(encode({ reasoning_effort: "minimal" }, [], "gpt-oss:20b")["think"], "low");
  assert.equal(encode({ reasoning_effort: "xhigh" }, [], "gpt-oss:20b")["think"], "high");
  assert.equal(encode({ reasoning_effort: "none" })["think"], false);
  assert.equal(encode({ reasoning: { max_tokens: 500 } })["think"], true);
  assert.equal("think" in encode({}), false);
});

test("a choice of some functions leaves the others out, one that cannot be said is told of", () => {
  const tools: ChatRequest["tools"] = ["a", "b"].map((name) => ({ type: "function", function: { name } }));
  const named = (body: Fields): unknown =>
    (body["tools"] as { function: { name: string } }[] | undefined)?.map((tool) => tool.function.name);
  assert.equal(named(encode({ tools, tool_choice: "none" })), undefined);
  assert.deepEqual(named(encode({ tools, tool_choice: "required" }, ["tool_choice"])), ["a", "b"]);
  const b = { type: "function" as const, function: { name: "b" } };
  assert.deepEqual(named(encode({ tools, tool_choice: b }, ["tool_choice"])), ["b"]);
  const allowed = { mode: "auto" as const, tools: [b] };
  assert.deepEqual(named(encode({ tools, tool_choice: { type: "allowed_tools", allowed_tools: allowed } })), [
    "b",
  ]);
});

test("what Ollama has no word for is told of", () => {
  encode(
    {
      n: 2,
      user: "u",
      web_search_options: {},
      parallel_tool_calls: false,
      tools: [
        { type: "custom", custom: { name: "x" } },
        { type: "function", function: { name: "y", strict: true } },
      ],
      vendor_member: 1,
    } as Partial<ChatRequest>,
    [
      "n",
      "user",
      "web_search_options",
      "parallel_tool_calls",
      "vendor_member",
      "tools.custom",
      "tools.function.strict",
    ],
  );
  encode({ n: 1, parallel_tool_calls: true, store: false, modalities: ["text"] });
});

test("parts become one text with its images; the rest is told of", () => {
  const image_url = { url: `data:image/png;base64,${redDot}` };
  const file_data = `data:text/markdown;base64,${btoa("# Hi")}`;
  const body = encode(
    {
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "One" },
            { type: "image_url", image_url },
            { type: "text", text: "Two" },
            { type: "file", file: { filename: "a.md", file_data } },
            { type: "image_url", image_url: { url: "https://a.example/b.png" } },
            { type: "file", file: { file_data: "data:application/pdf;base64,AAAA" } },
          ],
        },
        { role: "tool", tool_call_id: "t", content: [{ type: "image_url", image_url }], is_error: true },
      ],
    },
    ["messages.content.image_url", "messages.content.file"],
  );
  assert.deepEqual(body["messages"], [
    { role: "user", content: "One\nTwo\na.md:\n# Hi", images: [redDot] },
    { role: "tool", content: "Error: ", images: [redDot] },
  ]);
});

test("arguments are objects, whatever they were", () => {
  const calls = ["", "{}", '{"a":1}', "[1]", '{"cut'].map((input, at) => ({
    id: `c${at}`,
    type: "function" as const,
    function: { name: "f", arguments: input },
  }));
  const body = encode({ messages: [{ role: "assistant", tool_calls: calls }] });
  const [message] = body["messages"] as { tool_calls: { function: { arguments: unknown } }[] }[];
  assert.deepEqual(
    message?.tool_calls.map((call) => call.function.arguments),
    [{}, {}, { a: 1 }, { input: "[1]" }, { input: '{"cut' }],
  );
});

test("any vendor's reasoning comes back as thinking", () => {
  const body = encode({
    messages: [
      {
        role: "assistant",
        content: "A",
        reasoning_details: [
          { type: "reasoning.text", text: "Hm", signature: "s", format: "anthropic-claude-v1" },
        ],
      },
    ],
  });
  assert.deepEqual(body["messages"], [{ role: "assistant", content: "A", thinking: "Hm" }]);
});

const wrong: [param: string, body: Fields][] = [
  ["messages", { messages: "hello" }],
  ["messages", { messages: [{ role: "robot", content: "x" }] }],
  ["messages.content", { messages: [{ role: "user", content: [] }] }],
  ["messages.images", { messages: [{ role: "user", content: "x", images: [1] }] }],
  ["tools", { messages: [], tools: [{}] }],
  ["format", { messages: [], format: "xml" }],
  ["options", { messages: [], options: "fast" }],
  ["think", { messages: [], think: 3 }],
];

for (const [param, body] of wrong) {
  test(`a request with a wrong ${param} is refused: ${JSON.stringify(body)}`, () => {
    assert.throws(() => chat.decodeRequest(body, context(at("/api/chat"))), { status: 400, param });
  });
}

test("facts: a stream unless it says otherwise, and what bounds it", () => {
  const facts = (path: string, body: unknown): unknown[] => {
    const { model: name, stream, maxTokens, messages } = protocol.readRequest(body, at(path).endpoint, path);
    return [name, stream, maxTokens, messages().map(({ text: said }) => said)];
  };
  assert.deepEqual(facts("/api/chat", { model, messages: [user] }), [model, true, undefined, [user.content]]);
  assert.deepEqual(facts("/api/chat", { model, stream: false, options: { num_predict: 9 } }), [
    model,
    false,
    9,
    [],
  ]);
  assert.deepEqual(
    facts("/api/generate", { model, prompt: "a", system: "s", options: { num_predict: -1 } }),
    [model, true, undefined, ["s", "a"]],
  );
  assert.deepEqual(facts("/api/embed", { model, input: ["a", "b"] }), [model, false, undefined, ["a\nb"]]);
  assert.deepEqual(facts("/api/show", { name: model }), [model, false, undefined, []]);
  assert.deepEqual(facts("/api/tags", undefined), [undefined, false, undefined, []]);
  assert.throws(() => facts("/api/chat", { messages: [] }), { status: 400, param: "model" });
});
