import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../../core/index.ts";
import type { AssistantMessage, ChatMessage, ChatRequest, Fields } from "../../../../core/index.ts";
import { context } from "../_codec.ts";
import { redDot } from "../_conversations.ts";
import { codec } from "./_codec.ts";

const hello = [{ role: "user", content: "Hello" }];
const picture = { type: "image_url" as const, image_url: { url: `data:image/png;base64,${redDot}` } };

async function decode(body: Fields): Promise<Fields> {
  return (await codec.decodeRequest(
    { model: "m", messages: hello, ...body },
    context(),
  )) as unknown as Fields;
}

function encode(request: Partial<ChatRequest>, extensions: string[] = [], stream = false) {
  const about = context({ takes: { extensions }, stream });
  const full: ChatRequest = { model: "m", messages: hello as ChatMessage[], ...request };
  const { messages, ...body } = codec.encodeRequest(full, about) as Fields & { messages: Fields[] };
  return { body, messages, dropped: about.dropped };
}

const wrong: [string, Fields, string][] = [
  ["no messages", { messages: [] }, "messages"],
  ["messages that are no list", { messages: "Hello" }, "messages"],
  ["a message that is no object", { messages: ["Hello"] }, "messages[0]"],
  ["a role that there is not", { messages: [{ role: "bot", content: "" }] }, "messages[0].role"],
  ["content that is a number", { messages: [{ role: "user", content: 1 }] }, "messages[0].content"],
  ["a user without content", { messages: [{ role: "user" }] }, "messages[0].content"],
  ["a part without a type", { messages: [{ role: "user", content: [{}] }] }, "messages[0].content[0]"],
  [
    "an image without a URL",
    { messages: [{ role: "user", content: [{ type: "image_url" }] }] },
    "messages[0].content[0]",
  ],
  ["a tool result without an id", { messages: [{ role: "tool", content: "" }] }, "messages[0].tool_call_id"],
  [
    "a call without an id",
    { messages: [{ role: "assistant", tool_calls: [{ function: { name: "f" } }] }] },
    "messages[0].tool_calls[0]",
  ],
  [
    "a function that answers nothing",
    { messages: [{ role: "function", name: "f", content: "" }] },
    "messages[0]",
  ],
  ["tools that are no list", { tools: {} }, "tools"],
  ["a function without a name", { tools: [{ type: "function", function: {} }] }, "tools[0].function"],
  [
    "parameters that are a text",
    { tools: [{ type: "function", function: { name: "f", parameters: "x" } }] },
    "tools[0].function.parameters",
  ],
  ["a tool choice that there is not", { tool_choice: "any" }, "tool_choice"],
  ["a temperature that is a text", { temperature: "1" }, "temperature"],
  ["stops that are numbers", { stop: [1] }, "stop"],
  ["a format that there is not", { response_format: { type: "xml" } }, "response_format"],
  [
    "a schema without a name",
    { response_format: { type: "json_schema", json_schema: {} } },
    "response_format.json_schema",
  ],
];

for (const [name, body, param] of wrong) {
  test(`a request with ${name} is refused, and the field named`, async () => {
    await assert.rejects(decode(body), (error) => {
      assert.ok(error instanceof GatewayError);
      assert.deepEqual([error.status, error.param], [400, param]);
      return true;
    });
  });
}

test("the deprecated functions, function_call and function messages become tools", async () => {
  const { messages, tools, tool_choice, functions, function_call } = await decode({
    functions: [{ name: "now", parameters: { type: "object" } }, { name: "later" }],
    function_call: { name: "now" },
    messages: [
      ...hello,
      { role: "assistant", content: null, function_call: { name: "now", arguments: "" } },
      { role: "function", name: "now", content: "noon" },
    ],
  });
  const id = (messages as { tool_calls?: { id: string }[] }[])[1]?.tool_calls?.[0]?.id;
  assert.match(String(id), /^call_\w+$/);
  assert.deepEqual(messages, [
    ...hello,
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id, type: "function", function: { name: "now", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: id, content: "noon" },
  ]);
  assert.deepEqual(tools, [
    {
      type: "function",
      function: { name: "now", parameters: { type: "object" } },
      extensions: { "openai-chat": { functions: true } },
    },
    { type: "function", function: { name: "later" } },
  ]);
  assert.deepEqual(tool_choice, { type: "function", function: { name: "now" } });
  assert.deepEqual([functions, function_call], [undefined, undefined]);
});

test("the ways in which vendors' clients ask for reasoning become one", async () => {
  const asked = async (body: Fields) => {
    const { model: _, messages: _messages, ...rest } = await decode(body);
    return rest;
  };
  assert.deepEqual(await asked({ reasoning: { effort: "high", exclude: true } }), {
    reasoning_effort: "high",
    reasoning: { exclude: true },
  });
  assert.deepEqual(await asked({ reasoning: { effort: "low" } }), { reasoning_effort: "low" });
  assert.deepEqual(await asked({ thinking: { type: "enabled", budget_tokens: 4000 } }), {
    reasoning: { enabled: true, max_tokens: 4000 },
  });
  assert.deepEqual(await asked({ thinking: { type: "disabled" } }), { reasoning: { enabled: false } });
  assert.deepEqual(await asked({ enable_thinking: true, thinking_budget: 100 }), {
    reasoning: { enabled: true, max_tokens: 100 },
  });
  assert.deepEqual(await asked({ enable_thinking: false }), { reasoning: { enabled: false } });
});

test("what clients bring back and mark is read; what nobody knows stays", async () => {
  const { messages, top_k, tools } = await decode({
    top_k: 5,
    tools: [{ type: "web_search", depth: 2 }],
    messages: [
      { role: "system", content: "Long.", cache_control: { type: "ephemeral" } },
      {
        role: "user",
        content: [
          { type: "video_url", video_url: { url: "https://example.com" } },
          { type: "image_url", image_url: "https://example.com/a.png" },
        ],
      },
      {
        role: "assistant",
        reasoning: "Because.",
        tool_calls: [
          {
            id: "c",
            function: { name: "f", arguments: { a: 1 } },
            extra_content: { google: { thought_signature: "s" } },
          },
        ],
      },
      { role: "tool", tool_call_id: "c", content: "1", cache_control: { type: "ephemeral" } },
      { role: "user", content: [{ type: "text", text: "x", prompt_cache_breakpoint: { mode: "explicit" } }] },
    ],
  });
  assert.equal(top_k, 5);
  assert.deepEqual(tools, [
    { type: "extension", protocol: "openai-chat", value: { type: "web_search", depth: 2 } },
  ]);
  assert.deepEqual(messages, [
    { role: "system", content: [{ type: "text", text: "Long.", cache_control: { type: "ephemeral" } }] },
    {
      role: "user",
      content: [
        {
          type: "extension",
          protocol: "openai-chat",
          value: { type: "video_url", video_url: { url: "https://example.com" } },
        },
        { type: "image_url", image_url: { url: "https://example.com/a.png" } },
      ],
    },
    {
      role: "assistant",
      reasoning_content: "Because.",
      tool_calls: [
        {
          id: "c",
          type: "function",
          function: { name: "f", arguments: '{"a":1}' },
          extra_content: { google: { thought_signature: "s" } },
        },
      ],
    },
    { role: "tool", tool_call_id: "c", content: "1", cache_control: { type: "ephemeral" } },
    {
      role: "user",
      content: [
        {
          type: "text",
          text: "x",
          prompt_cache_breakpoint: { mode: "explicit" },
          cache_control: { type: "ephemeral" },
        },
      ],
    },
  ]);
});

const marked: ChatRequest = {
  model: "m",
  top_k: 3,
  cache_control: { type: "ephemeral" },
  reasoning: { max_tokens: 9000, summary: "auto" },
  extensions: { anthropic: { container: "c1" }, "openai-chat": { own: 1 } },
  tools: [
    {
      type: "function",
      function: { name: "f" },
      cache_control: { type: "ephemeral" },
      extensions: { x: {} },
    },
    { type: "extension", protocol: "anthropic", value: { type: "web_search_20250305", name: "web_search" } },
  ],
  messages: [
    {
      role: "user",
      content: [{ type: "text", text: "a", cache_control: { type: "ephemeral" }, extensions: { x: {} } }],
    },
    {
      role: "assistant",
      content: null,
      order: ["reasoning", "tool_call"],
      reasoning_content: "Hm.",
      reasoning_details: [
        { type: "reasoning.text", text: "Hm.", signature: "s", format: "anthropic-claude-v1" },
      ],
      tool_calls: [
        {
          id: "c1",
          type: "function",
          function: { name: "f", arguments: "{}" },
          extra_content: { google: { thought_signature: "t" } },
        },
      ],
    },
    { role: "tool", tool_call_id: "c1", content: "no", is_error: true },
  ],
};

test("what only the gateway says is not sent, and what changes the answer is told", () => {
  const { body, messages, dropped } = encode(marked);
  assert.deepEqual(body, {
    model: "model-1",
    own: 1,
    reasoning_effort: "medium",
    tools: [{ type: "function", function: { name: "f" } }],
  });
  assert.deepEqual(messages, [
    { role: "user", content: [{ type: "text", text: "a" }] },
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: "c1", content: "Error: no" },
  ]);
  assert.deepEqual(dropped, ["top_k", "tools.web_search_20250305", "container"]);
});

test("a service that takes extensions gets them", () => {
  const taken = [
    "top_k",
    "reasoning",
    "cache_control",
    "reasoning_content",
    "reasoning_details",
    "extra_content",
  ];
  const { body, messages, dropped } = encode(marked, taken);
  assert.deepEqual(
    [body["top_k"], body["reasoning"], body["reasoning_effort"]],
    [3, marked.reasoning, undefined],
  );
  const [user, assistant] = messages;
  assert.deepEqual(user?.["content"], [{ type: "text", text: "a", cache_control: { type: "ephemeral" } }]);
  assert.equal(assistant?.["reasoning_content"], "Hm.");
  assert.deepEqual(
    assistant?.["reasoning_details"],
    (marked.messages[1] as AssistantMessage).reasoning_details,
  );
  assert.ok(JSON.stringify(assistant).includes('"thought_signature":"t"'));
  assert.deepEqual(dropped, ["tools.web_search_20250305", "container"]);
});

test("images in tool results follow all results of the turn as the user's", () => {
  const { messages } = encode({
    messages: [
      { role: "tool", tool_call_id: "a", content: [{ type: "text", text: "seen" }, picture] },
      { role: "tool", tool_call_id: "b", content: [picture] },
      { role: "user", content: "Well?" },
    ],
  });
  assert.deepEqual(messages, [
    { role: "tool", tool_call_id: "a", content: [{ type: "text", text: "seen" }] },
    { role: "tool", tool_call_id: "b", content: "" },
    {
      role: "user",
      content: [
        { type: "text", text: "Attached to the result of a:" },
        picture,
        { type: "text", text: "Attached to the result of b:" },
        picture,
      ],
    },
    { role: "user", content: "Well?" },
  ]);
});

test("ids of calls are short, in calls and results alike", () => {
  const id = "toolu_".padEnd(60, "x");
  const { messages } = encode({
    messages: [
      { role: "assistant", tool_calls: [{ id, type: "function", function: { name: "f", arguments: "{}" } }] },
      { role: "tool", tool_call_id: id, content: "ok" },
    ],
  });
  const [call] = (messages[0]?.["tool_calls"] ?? []) as { id: string }[];
  const sent = call?.id ?? "";
  assert.ok(sent.length <= 40);
  assert.equal(messages[1]?.["tool_call_id"], sent);
});

test("a file that is elsewhere is told by its place, other protocols' parts are left out", () => {
  const { messages, dropped } = encode({
    messages: [
      {
        role: "user",
        content: [{ type: "file", file: { file_url: "https://example.com/a.pdf", filename: "a.pdf" } }],
      },
      {
        role: "assistant",
        content: [{ type: "extension", protocol: "anthropic", value: { type: "server_tool_use" } }],
      },
      {
        role: "user",
        content: [{ type: "extension", protocol: "openai-chat", value: { type: "video_url" } }],
      },
    ],
  });
  assert.deepEqual(messages, [
    { role: "user", content: [{ type: "text", text: "a.pdf: https://example.com/a.pdf" }] },
    { role: "assistant", content: "" },
    { role: "user", content: [{ type: "video_url" }] },
  ]);
  assert.deepEqual(dropped, ["messages.content.server_tool_use"]);
});

test("reasoning that is off is the effort none", () => {
  assert.equal(encode({ reasoning: { enabled: false } }).body["reasoning_effort"], "none");
  assert.equal("reasoning_effort" in encode({}).body, false);
});
