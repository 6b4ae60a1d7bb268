import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError, reasoningFormats } from "../../../../core/index.ts";
import type { ChatRequest, Fields } from "../../../../core/index.ts";
import { context } from "../_codec.ts";
import { requests } from "../_conversations.ts";
import { claude, codec, nova } from "./_bedrock.ts";

function encode(request: Partial<ChatRequest>, model = "model-1"): { body: Fields; dropped: string[] } {
  const about = context({ model });
  const messages = request.messages ?? [{ role: "user" as const, content: "Hi" }];
  const body = codec.encodeRequest({ model: "asked", ...request, messages }, about);
  return { body: JSON.parse(JSON.stringify(body)) as Fields, dropped: about.dropped };
}

const user = (text: string) => ({ role: "user" as const, content: text });

test("a conversation with tools is written whole", () => {
  const { body, dropped } = encode(requests["tools"] as ChatRequest, claude);
  assert.deepEqual(dropped, []);
  assert.deepEqual(body, {
    messages: [
      { role: "user", content: [{ text: "Weather in Paris and Rome?" }] },
      {
        role: "assistant",
        content: [
          { text: "I will look." },
          { toolUse: { toolUseId: "call_1", name: "get_weather", input: { city: "Paris" } } },
          { toolUse: { toolUseId: "call_2", name: "get_weather", input: { city: "Rome" } } },
        ],
      },
      {
        role: "user",
        content: [
          { toolResult: { toolUseId: "call_1", content: [{ text: "18 degrees" }] } },
          { toolResult: { toolUseId: "call_2", content: [{ text: "22 degrees" }] } },
        ],
      },
    ],
    inferenceConfig: { maxTokens: 100 },
    toolConfig: {
      tools: [
        {
          toolSpec: {
            name: "get_weather",
            description: "The weather of a city.",
            inputSchema: {
              json: {
                type: "object",
                properties: { city: { type: "string" }, unit: { type: "string", enum: ["c", "f"] } },
                required: ["city"],
              },
            },
          },
        },
      ],
      toolChoice: { auto: {} },
    },
  });
});

test("turns alternate, begin with the user's and hold nothing empty", () => {
  const { body } = encode({
    messages: [
      { role: "system", content: "A" },
      { role: "assistant", content: "Hello" },
      user("One"),
      { role: "developer", content: "B" },
      user(""),
      user("Two"),
      { role: "assistant", content: "Let me  " },
    ],
  });
  assert.deepEqual(body, {
    system: [{ text: "A" }, { text: "B" }],
    messages: [
      { role: "user", content: [{ text: "." }] },
      { role: "assistant", content: [{ text: "Hello" }] },
      { role: "user", content: [{ text: "One" }, { text: "Two" }] },
      { role: "assistant", content: [{ text: "Let me" }] },
    ],
  });
});

const call = (id: string, args = "{}") => ({
  id,
  type: "function" as const,
  function: { name: "look", arguments: args },
});

test("calls keep their ids over turns, and arguments that are no JSON are seen", () => {
  const long = `call.${"x".repeat(80)}`;
  const { body } = encode({
    messages: [
      user("Go"),
      { role: "assistant", tool_calls: [call(long, ""), call("b", "[oops")] },
      user("meanwhile"),
      { role: "tool", tool_call_id: long, content: "" },
      { role: "tool", tool_call_id: "b", content: "Broken", is_error: true },
    ],
  });
  const [, asked, told] = body["messages"] as { content: Fields[] }[];
  const uses = asked?.content.map((block) => block["toolUse"] as Fields);
  assert.deepEqual(
    uses?.map(({ input }) => input),
    [{}, { arguments: "[oops" }],
  );
  const made = String(uses?.[0]?.["toolUseId"]);
  assert.match(made, /^[\w-]{1,64}$/);
  assert.deepEqual(told?.content, [
    { toolResult: { toolUseId: made, content: [] } },
    { toolResult: { toolUseId: "b", content: [{ text: "Broken" }], status: "error" } },
    { text: "meanwhile" },
  ]);
  // Bedrock refuses a conversation with calls that names no tools.
  const { tools } = body["toolConfig"] as { tools: Fields[] };
  assert.deepEqual(tools, [
    { toolSpec: { name: "look", inputSchema: { json: { type: "object", properties: {} } } } },
  ]);
});

test("a model that knows no status is told of a failure in words", () => {
  const { body } = encode(
    {
      messages: [
        user("Go"),
        { role: "assistant", tool_calls: [call("a")] },
        { role: "tool", tool_call_id: "a", content: "Broken", is_error: true },
      ],
    },
    "meta.llama3-3-70b-instruct-v1:0",
  );
  assert.deepEqual((body["messages"] as { content: unknown }[])[2]?.content, [
    { toolResult: { toolUseId: "a", content: [{ text: "Error:" }, { text: "Broken" }] } },
  ]);
});

const look = { type: "function" as const, function: { name: "look" } };
const find = { type: "function" as const, function: { name: "find" } };

function toolConfig(request: Partial<ChatRequest>, model = claude) {
  const { body, dropped } = encode({ tools: [look, find], ...request }, model);
  const config = (body["toolConfig"] ?? {}) as {
    tools?: { toolSpec: { name: string } }[];
    toolChoice?: object;
  };
  return {
    names: config.tools?.map(({ toolSpec }) => toolSpec.name),
    choice: config.toolChoice,
    dropped,
    body,
  };
}

test("each choice of a tool has its form", () => {
  assert.deepEqual(toolConfig({}).choice, undefined);
  assert.deepEqual(toolConfig({ tool_choice: "auto" }).choice, { auto: {} });
  assert.deepEqual(toolConfig({ tool_choice: "required" }).choice, { any: {} });
  const named = { type: "function" as const, function: { name: "find" } };
  assert.deepEqual(toolConfig({ tool_choice: named }).choice, { tool: { name: "find" } });
  const none = toolConfig({ tool_choice: "none" });
  assert.deepEqual([none.names, none.dropped], [undefined, []]);
  const allowed = toolConfig({
    tool_choice: {
      type: "allowed_tools",
      allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "find" } }] },
    },
  });
  assert.deepEqual([allowed.names, allowed.choice], [["find"], { any: {} }]);
});

test("no tools at all is said where the conversation has calls, by naming them, and noted", () => {
  const messages: ChatRequest["messages"] = [
    user("Go"),
    { role: "assistant", tool_calls: [call("a")] },
    { role: "tool", tool_call_id: "a", content: "Done" },
  ];
  const { names, choice, dropped } = toolConfig({ messages, tool_choice: "none" });
  assert.deepEqual([names, choice, dropped], [["look", "find"], undefined, ["tool_choice"]]);
});

test("one call at a time is said in Claude's own words, and in no other's", () => {
  const auto = toolConfig({ parallel_tool_calls: false, tool_choice: "auto" });
  assert.equal(auto.choice, undefined);
  assert.deepEqual(auto.body["additionalModelRequestFields"], {
    tool_choice: { type: "auto", disable_parallel_tool_use: true },
  });
  const any = toolConfig({ parallel_tool_calls: false, tool_choice: "required" });
  assert.deepEqual(any.body["additionalModelRequestFields"], {
    tool_choice: { type: "any", disable_parallel_tool_use: true },
  });
  assert.deepEqual(toolConfig({ parallel_tool_calls: false }, nova).dropped, ["parallel_tool_calls"]);
});

test("documents get names that Bedrock takes, each its own", () => {
  const file = (filename: string | undefined, type = "application/pdf") => ({
    type: "file" as const,
    file: { ...(filename !== undefined && { filename }), file_data: `data:${type};base64,AQ==` },
  });
  const { body } = encode({
    messages: [
      {
        role: "user",
        content: [
          file("a_b/c.pdf"),
          file("a b c.pdf"),
          file(undefined),
          file("notes.md", "text/plain"),
          file("x.csv", "application/octet-stream"),
        ],
      },
    ],
  });
  const [message] = body["messages"] as { content: { document: { name: string; format: string } }[] }[];
  assert.deepEqual(
    message?.content.map(({ document }) => [document.name, document.format]),
    [
      ["a b c", "pdf"],
      ["a b c (2)", "pdf"],
      ["Document", "pdf"],
      ["notes", "md"],
      ["x", "csv"],
    ],
  );
});

test("cache marks are points behind what they stand on, where the model has a cache", () => {
  const mark = { type: "ephemeral" as const, ttl: "1h" };
  const request: Partial<ChatRequest> = {
    messages: [
      { role: "system", content: [{ type: "text", text: "Long.", cache_control: mark }] },
      { role: "user", content: [{ type: "text", text: "Hi", cache_control: { type: "ephemeral" } }] },
    ],
    tools: [{ ...look, cache_control: mark }],
  };
  const { body } = encode(request, claude);
  const point = { cachePoint: { type: "default", ttl: "1h" } };
  assert.deepEqual(body["system"], [{ text: "Long." }, point]);
  assert.deepEqual(body["messages"], [
    { role: "user", content: [{ text: "Hi" }, { cachePoint: { type: "default" } }] },
  ]);
  assert.deepEqual((body["toolConfig"] as { tools: Fields[] }).tools[1], point);
  const llama = encode(request, "meta.llama3-3-70b-instruct-v1:0");
  assert.deepEqual(llama.dropped, ["cache_control", "cache_control", "cache_control"]);
  assert.ok(!JSON.stringify(llama.body).includes("cachePoint"));
  const whole = encode({ cache_control: { type: "ephemeral" } }, nova);
  assert.deepEqual(whole.body["messages"], [
    { role: "user", content: [{ text: "Hi" }, { cachePoint: { type: "default" } }] },
  ]);
});

test("what Converse cannot say is noted, what says nothing is not", () => {
  const silent = {
    n: 1,
    logprobs: false,
    store: false,
    stream: false,
    user: null,
    logit_bias: {},
    verbosity: null,
  };
  assert.deepEqual(encode(silent as never).dropped, []);
  const said = {
    n: 2,
    logprobs: true,
    store: true,
    user: "u",
    logit_bias: { "1": 1 },
    seed: 7,
    vendor_own: 1,
  };
  const { dropped, body } = encode(said as never, claude);
  assert.deepEqual(dropped.sort(), ["logit_bias", "logprobs", "n", "seed", "store", "user", "vendor_own"]);
  assert.deepEqual(Object.keys(body), ["messages"]);
});

test("what only other protocols know is noted", () => {
  const { dropped } = encode({
    messages: [
      {
        role: "user",
        content: [
          { type: "extension", protocol: "gemini", value: { executableCode: {} } },
          { type: "text", text: "Hi" },
          { type: "image_url", image_url: { url: "https://a.example/b.png" } },
          { type: "file", file: { file_id: "f" } },
        ],
      },
    ],
    tools: [{ type: "extension", protocol: "anthropic", value: { type: "web_search_20250305" } }],
    extensions: { anthropic: { container: "c" } },
  });
  assert.deepEqual(dropped.sort(), [
    "container",
    "file_id",
    "gemini",
    "image_url",
    "tools.web_search_20250305",
  ]);
});

test("reasoning goes back to the vendor whose it is, and to no other", () => {
  const details = [
    { type: "reasoning.text" as const, text: "Hm.", signature: "s", format: reasoningFormats.anthropic },
    { type: "reasoning.text" as const, text: "Other.", signature: "t", format: reasoningFormats.gemini },
    { type: "reasoning.text" as const, text: "Unsigned.", format: reasoningFormats.anthropic },
    { type: "reasoning.text" as const, text: "Kimi's.", format: "amazon-bedrock-v1" },
  ];
  const sent = (model: string): unknown => {
    const messages: ChatRequest["messages"] = [
      user("Hi"),
      { role: "assistant", content: "So.", reasoning_content: "Hm.", reasoning_details: details },
      user("Go on"),
    ];
    const { body } = encode({ messages }, model);
    return (body["messages"] as { content: unknown }[])[1]?.content;
  };
  const block = (text: string, signature?: string) => ({
    reasoningContent: { reasoningText: { text, ...(signature && { signature }) } },
  });
  assert.deepEqual(sent(claude), [block("Hm.", "s"), { text: "So." }]);
  assert.deepEqual(sent("moonshot.kimi-k2-thinking"), [block("Kimi's."), { text: "So." }]);
  assert.deepEqual(sent("us.deepseek.r1-v1:0"), [{ text: "So." }]);
});

test("wrong shapes are refused with the field at fault", async () => {
  const cases: [Fields, string][] = [
    [{ messages: {} }, "messages"],
    [{ messages: [1] }, "messages.0"],
    [{ messages: [{ role: "user", content: "text" }] }, "messages.0.content"],
    [{ messages: [{ role: "system", content: [] }] }, "messages.0.role"],
    [{ messages: [], system: "text" }, "system"],
    [{ messages: [], inferenceConfig: { maxTokens: "1" } }, "inferenceConfig.maxTokens"],
    [{ messages: [], toolConfig: {} }, "toolConfig.tools"],
    [{ messages: [], toolConfig: { tools: [], toolChoice: { some: {} } } }, "toolConfig.toolChoice"],
    [{ messages: [], requestMetadata: { a: 1 } }, "requestMetadata"],
    [
      { messages: [{ role: "user", content: [{ toolResult: {} }] }] },
      "messages.0.content.toolResult.toolUseId",
    ],
  ];
  for (const [body, param] of cases) {
    await assert.rejects(
      async () => codec.decodeRequest(body, context()),
      (error: GatewayError) => error instanceof GatewayError && error.status === 400 && error.param === param,
      param,
    );
  }
});

test("what a client of Converse writes for its model is read for others too", async () => {
  const neutral = await codec.decodeRequest(
    {
      messages: [{ role: "user", content: [{ text: "Hi" }] }],
      additionalModelRequestFields: {
        thinking: { type: "enabled", budget_tokens: 2000 },
        inferenceConfig: { topK: 5 },
        tool_choice: { type: "auto", disable_parallel_tool_use: true },
      },
      outputConfig: { effort: "high" },
    },
    context(),
  );
  const { reasoning, reasoning_effort, top_k, parallel_tool_calls } = neutral;
  assert.deepEqual(
    { reasoning, reasoning_effort, top_k, parallel_tool_calls },
    {
      reasoning: { enabled: true, max_tokens: 2000 },
      reasoning_effort: "high",
      top_k: 5,
      parallel_tool_calls: false,
    },
  );
});
