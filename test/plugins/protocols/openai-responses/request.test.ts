import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { GatewayError } from "../../../../core/index.ts";
import type { AssistantMessage, ChatRequest, Fields } from "../../../../core/index.ts";
import { chat } from "../../../../plugins/protocols/openai-responses/codec.ts";
import { assertRequestIdentity, context } from "../_codec.ts";
import { anyRequest } from "./_arbitrary.ts";
import { redDot, requests as conversations } from "../_conversations.ts";
import { requests } from "./_objects.ts";

for (const [name, body] of Object.entries(requests)) {
  test(`request, read and written again: ${name}`, () =>
    assertRequestIdentity(chat, body as unknown as Fields));
}
for (const [name, request] of Object.entries(conversations)) {
  test(`neutral request, written and read again: ${name}`, async () => {
    const about = context({ model: request.model });
    const written = chat.encodeRequest(request, about);
    const read = await chat.decodeRequest(JSON.parse(JSON.stringify(written)) as Fields, about);
    // Stop sequences have no place; nothing is kept at the upstream unless it was asked for.
    const { stop, ...rest } = request;
    const expected = { ...rest, store: false, extensions: { "openai-responses": {} } };
    assert.deepEqual(withoutStrictness(read), expected);
    assert.deepEqual(about.dropped, stop === undefined ? [] : ["stop"]);
  });
}

/** A function is strict here unless it is said not to be: that is written always. */
function withoutStrictness(request: ChatRequest): ChatRequest {
  const tools = request.tools?.map((tool) => {
    if (tool.type !== "function") return tool;
    const { strict, ...rest } = tool.function;
    assert.equal(strict, false);
    return { ...tool, function: rest };
  });
  return { ...request, ...(tools && { tools }) };
}

test("any request, read and written again", async () => {
  await fc.assert(
    fc.asyncProperty(anyRequest, (body) => assertRequestIdentity(chat, body as Fields)),
    { numRuns: 300 },
  );
});

const read = async (body: unknown): Promise<ChatRequest> => {
  const { extensions: _extensions, ...request } = await chat.decodeRequest(
    body as Fields,
    context({ model: "m" }),
  );
  return request as ChatRequest;
};

test("a turn with tools, in the neutral shape", async () => {
  const about = { id: "rs_1", format: "openai-responses-v1" };
  const own = (value: Fields): object => ({ extensions: { "openai-responses": value } });
  assert.deepEqual(await read(requests["a turn with tools"]), {
    model: "gpt-5",
    store: false,
    messages: [
      { role: "user", content: "Horoscope, and the weather?", ...own({ type: "message", isList: true }) },
      {
        role: "assistant",
        content: "I look.",
        reasoning_content: "**Thinking**\n\n**More**",
        reasoning_details: [
          { type: "reasoning.summary", summary: "**Thinking**", ...about },
          { type: "reasoning.summary", summary: "**More**", ...about },
          { type: "reasoning.encrypted", data: "gAAAAABo", ...about },
        ],
        tool_calls: [
          {
            id: "call_1",
            type: "function",
            function: { name: "get_weather", arguments: '{"city":"Paris"}' },
            ...own({ id: "fc_1", status: "completed" }),
          },
          {
            id: "call_2",
            type: "function",
            function: { name: "now", arguments: "{}" },
            ...own({ id: "fc_2", status: "completed" }),
          },
          {
            id: "call_3",
            type: "custom",
            custom: { name: "code", input: "print(1)" },
            ...own({ id: "ctc_1" }),
          },
        ],
        ...own({
          items: [
            { take: "reasoning", count: 3 },
            {
              take: "message",
              count: 1,
              rest: { type: "message", id: "msg_1", status: "completed", phase: "commentary" },
              isList: true,
            },
            { take: "call" },
            { take: "call" },
            { take: "call" },
          ],
        }),
      },
      { role: "tool", tool_call_id: "call_1", content: "18 degrees" },
      {
        role: "tool",
        tool_call_id: "call_2",
        content: [
          { type: "text", text: "See" },
          { type: "image_url", image_url: { url: `data:image/png;base64,${redDot}` } },
        ],
        ...own({ status: "completed" }),
      },
      { role: "tool", tool_call_id: "call_3", content: "1", ...own({ type: "custom_tool_call_output" }) },
      { role: "user", content: "And?" },
    ],
  });
});

test("what was thought between calls keeps its order, and the calls their one message", async () => {
  const { messages } = await read(requests["reasoning between calls"]);
  assert.deepEqual(
    messages.map(({ role }) => role),
    ["user", "assistant", "tool", "tool"],
  );
  const [, turn] = messages as AssistantMessage[];
  assert.deepEqual(turn?.order, ["reasoning", "tool_call", "reasoning", "tool_call"]);
  assert.deepEqual(
    turn?.tool_calls?.map(({ id }) => id),
    ["call_1", "call_2"],
  );
});

test("settings and tools, in the neutral shape", async () => {
  const { messages: _messages, ...settings } = await read(requests["settings"]);
  assert.deepEqual(settings, {
    model: "gpt-5",
    max_completion_tokens: 1000,
    temperature: 0.2,
    top_p: 0.9,
    logprobs: true,
    top_logprobs: 5,
    metadata: { team: "a" },
    user: "u",
    safety_identifier: "s",
    prompt_cache_key: "k",
    service_tier: "flex",
    stream: true,
    stream_options: { include_obfuscation: false },
    response_format: { type: "json_object" },
    verbosity: "low",
    reasoning_effort: "high",
    reasoning: { summary: "auto" },
    store: true,
  });
  const { tools, tool_choice } = await read(requests["tool choices: some"]);
  assert.deepEqual(tools, [{ type: "function", function: { name: "a", parameters: {}, strict: false } }]);
  assert.deepEqual(tool_choice, {
    type: "allowed_tools",
    allowed_tools: {
      mode: "required",
      tools: [
        { type: "function", function: { name: "a" } },
        { type: "mcp", server_label: "deepwiki" },
        { type: "image_generation" },
      ],
    },
  });
});

test("another protocol's request, whole", () => {
  const about = context({ model: "gpt-5", stream: true });
  const request: ChatRequest = {
    model: "gpt",
    messages: [
      { role: "system", content: "Be short." },
      {
        role: "user",
        name: "Ann",
        content: [
          { type: "text", text: "Hi", cache_control: { type: "ephemeral" } },
          { type: "extension", protocol: "gemini", value: { video: 1 } },
        ],
      },
      {
        role: "assistant",
        content: "",
        reasoning_content: "Hm",
        reasoning_details: [
          { type: "reasoning.text", text: "Hm", signature: "s", format: "anthropic-claude-v1" },
        ],
        tool_calls: [
          { id: "toolu:1/ö", type: "function", function: { name: "a", arguments: "" } },
          { id: "call_c", type: "custom", custom: { name: "c", input: "x" } },
        ],
      },
      { role: "tool", tool_call_id: "toolu:1/ö", content: "broken", is_error: true },
      { role: "tool", tool_call_id: "call_c", content: "Error: no", is_error: true },
      { role: "assistant", content: null, refusal: "No." },
      { role: "user", content: "Go" },
    ],
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: 5,
    n: 2,
    seed: 1,
    stop: "END",
    top_k: 3,
    presence_penalty: 0,
    frequency_penalty: 0.5,
    logit_bias: {},
    logprobs: true,
    top_logprobs: 2,
    modalities: ["text"],
    reasoning_effort: "low",
    reasoning: { max_tokens: 2048 },
    response_format: { type: "json_schema", json_schema: { name: "x", strict: true } },
    tools: [
      { type: "function", function: { name: "a" } },
      {
        type: "custom",
        custom: { name: "c", format: { type: "grammar", grammar: { syntax: "lark", definition: "d" } } },
      },
      { type: "extension", protocol: "anthropic", value: { type: "bash_20250124" } },
    ],
    web_search_options: {
      search_context_size: "low",
      user_location: { type: "approximate", approximate: { country: "CH" } },
    },
    tool_choice: { type: "function", function: { name: "a" } },
    ...({ enable_thinking: true } as object),
  };
  const body = chat.encodeRequest(request, about);
  const id = String((body["input"] as Fields[])[1]?.["call_id"]);
  assert.match(id, /^call_[a-z0-9]+$/);
  assert.deepEqual(body, {
    model: "gpt-5",
    instructions: "Be short.",
    input: [
      { role: "user", content: [{ type: "input_text", text: "Hi" }] },
      { type: "function_call", call_id: id, name: "a", arguments: "{}" },
      { type: "custom_tool_call", call_id: "call_c", name: "c", input: "x" },
      { type: "function_call_output", call_id: id, output: "Error: broken" },
      { type: "custom_tool_call_output", call_id: "call_c", output: "Error: no" },
      { role: "assistant", content: [{ type: "refusal", refusal: "No." }] },
      { role: "user", content: "Go" },
    ],
    stream: true,
    max_output_tokens: 16,
    top_logprobs: 2,
    text: { format: { type: "json_schema", name: "x", strict: true, schema: {} } },
    reasoning: { effort: "low", summary: "auto" },
    tools: [
      { type: "function", name: "a", parameters: null, strict: false },
      { type: "custom", name: "c", format: { type: "grammar", syntax: "lark", definition: "d" } },
      {
        type: "web_search",
        search_context_size: "low",
        user_location: { type: "approximate", country: "CH" },
      },
    ],
    tool_choice: { type: "function", name: "a" },
    store: false,
    include: ["reasoning.encrypted_content", "message.output_text.logprobs"],
  });
  const dropped = [
    "enable_thinking",
    "frequency_penalty",
    "messages.content",
    "messages.name",
    "n",
    "seed",
    "stop",
    "tools",
    "top_k",
  ];
  assert.deepEqual(about.dropped.sort(), dropped);
});

test("reasoning is turned off only by its name: many models refuse to hear of it", () => {
  const effort = (request: Partial<ChatRequest>): unknown =>
    chat.encodeRequest({ model: "m", messages: [], ...request }, context())["reasoning"];
  assert.equal(effort({ reasoning: { enabled: false } }), undefined);
  assert.deepEqual(effort({ reasoning_effort: "none" }), { effort: "none" });
  assert.deepEqual(effort({ reasoning_effort: "high" }), { effort: "high" });
  assert.deepEqual(effort({ reasoning: { enabled: true } }), { effort: "medium", summary: "auto" });
  assert.deepEqual(effort({ reasoning: { enabled: true, exclude: true } }), { effort: "medium" });
  assert.deepEqual(effort({ reasoning: { max_tokens: 20_000, summary: "detailed" } }), {
    effort: "high",
    summary: "detailed",
  });
});

const wrong: [body: Fields, param: string][] = [
  [{ input: 1 }, "input"],
  [{ input: [1] }, "input[0]"],
  [{ input: [{ type: 1 }] }, "input[0].type"],
  [{ input: [{ role: "robot", content: "x" }] }, "input[0].role"],
  [{ input: [{ role: "user" }] }, "input[0].content"],
  [{ input: [{ role: "user", content: [{ type: "input_text" }] }] }, "input[0].content[0].text"],
  [{ input: [{ role: "user", content: [{}] }] }, "input[0].content[0].type"],
  [{ input: [{ role: "user", content: [{ type: "input_audio" }] }] }, "input[0].content[0].input_audio"],
  [{ input: [{ role: "assistant", content: [{ type: "refusal" }] }] }, "input[0].content[0].refusal"],
  [{ input: [{ type: "function_call", name: "a", arguments: "{}" }] }, "input[0].call_id"],
  [{ input: [{ type: "function_call", call_id: "c", arguments: "{}" }] }, "input[0].name"],
  [{ input: [{ type: "function_call", call_id: "c", name: "a", arguments: {} }] }, "input[0].arguments"],
  [{ input: [{ type: "function_call_output", call_id: "c" }] }, "input[0].output"],
  [{ input: [{ type: "custom_tool_call", call_id: "c", name: "a" }] }, "input[0].input"],
  [{ instructions: [] }, "instructions"],
  [{ tools: {} }, "tools"],
  [{ tools: [{}] }, "tools[0].type"],
  [{ tools: [{ type: "function" }] }, "tools[0].name"],
  [{ tools: [{ type: "custom" }] }, "tools[0].name"],
  [{ tool_choice: "any" }, "tool_choice"],
  [{ tool_choice: { type: "function" } }, "tool_choice.name"],
  [{ tool_choice: { type: "allowed_tools" } }, "tool_choice.tools"],
  [{ text: "json" }, "text"],
  [{ text: { format: { type: "json_schema", schema: {} } } }, "text.format.name"],
  [{ text: { format: { type: "json_schema", name: "x" } } }, "text.format.schema"],
  [{ reasoning: "high" }, "reasoning"],
  [{ temperature: "0" }, "temperature"],
  [{ max_output_tokens: "1" }, "max_output_tokens"],
  [{ metadata: [] }, "metadata"],
  [{ store: "yes" }, "store"],
];
for (const [body, param] of wrong) {
  test(`a request that is refused: ${JSON.stringify(body)}`, () => {
    assert.throws(
      () => chat.decodeRequest({ model: "m", ...body }, context()),
      (error) => error instanceof GatewayError && error.status === 400 && error.param === param,
    );
  });
}
