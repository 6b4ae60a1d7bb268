import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../../core/index.ts";
import { context } from "../_codec.ts";
import { chat, countTokens, model } from "./_codec.ts";
import type { ChatRequest, Fields } from "../../../../core/index.ts";

const hello: ChatRequest["messages"] = [{ role: "user", content: "Hi" }];
const f = {
  type: "function" as const,
  function: { name: "f", parameters: { type: "object", properties: {} } },
};
const weather = { type: "function" as const, function: { name: "g", description: "G", strict: true } };

/** What is written beside model and messages, and what is dropped. */
function write(request: Partial<ChatRequest>, name = model): { body: Fields; dropped: string[] } {
  const about = context({ model: name });
  const {
    model: _,
    messages: __,
    ...body
  } = chat.encodeRequest({ model: name, messages: hello, ...request }, about);
  return { body, dropped: about.dropped };
}

function assertWritten(
  request: Partial<ChatRequest>,
  name: string,
  body: Fields,
  dropped: string[] = [],
): void {
  assert.deepEqual(write(request, name), { body, dropped });
}

test("max_tokens is the client's, else the model's maximum, and never more than that", () => {
  const most = (name: string, request: Partial<ChatRequest> = {}): unknown =>
    write(request, name).body["max_tokens"];
  assert.equal(most("claude-opus-5-5"), 128_000);
  assert.equal(most("claude-sonnet-4-5-20250929"), 64_000);
  assert.equal(most("us.anthropic.claude-opus-4-1-20250805-v1:0"), 32_000);
  assert.equal(most("anthropic/claude-opus-4.5"), 64_000);
  assert.equal(most("claude-3-haiku-20240307"), 4096);
  assert.equal(most("claude-something-9"), 128_000);
  assert.equal(most("kimi-k2"), 32_000);
  assert.equal(most("claude-3-haiku-20240307", { max_tokens: 100_000 }), 4096);
  assert.equal(most("claude-opus-5-5", { max_completion_tokens: 7, max_tokens: 8 }), 7);
});

test("an effort is thinking: by effort on newer models, by a budget on older ones", () => {
  const effort = { reasoning_effort: "high" };
  const adaptive = { type: "adaptive", display: "summarized" };
  assertWritten(effort, "claude-opus-5-5", {
    max_tokens: 128_000,
    thinking: adaptive,
    output_config: { effort: "high" },
  });
  assertWritten({ reasoning_effort: "xhigh" }, "claude-opus-4-6", {
    max_tokens: 128_000,
    thinking: adaptive,
    output_config: { effort: "high" },
  });
  assertWritten({ reasoning_effort: "minimal", reasoning: { exclude: true } }, "claude-sonnet-5", {
    max_tokens: 128_000,
    thinking: { type: "adaptive", display: "omitted" },
    output_config: { effort: "low" },
  });
  assertWritten(effort, "claude-haiku-4-5", {
    max_tokens: 64_000,
    thinking: { type: "enabled", budget_tokens: 16_384 },
  });
  assertWritten(effort, "claude-opus-4-5", {
    max_tokens: 64_000,
    thinking: { type: "enabled", budget_tokens: 16_384 },
    output_config: { effort: "high" },
  });
  assertWritten(effort, "claude-3-5-haiku-latest", { max_tokens: 8192 }, ["reasoning_effort"]);
});

test("a budget is less than max_tokens: one of an effort shrinks, one that is named raises it", () => {
  const name = "claude-sonnet-4-5";
  const budget = (request: Partial<ChatRequest>): unknown => {
    const { max_tokens, thinking } = write(request, name).body;
    return [max_tokens, (thinking as Fields)["budget_tokens"]];
  };
  assert.deepEqual(budget({ reasoning_effort: "high", max_tokens: 10_000 }), [10_000, 8000]);
  assert.deepEqual(budget({ reasoning_effort: "high", max_tokens: 500 }), [1524, 1024]);
  assert.deepEqual(budget({ reasoning: { max_tokens: 10_000 }, max_tokens: 4000 }), [14_000, 10_000]);
  assert.deepEqual(budget({ reasoning: { max_tokens: 90_000 }, max_tokens: 4000 }), [64_000, 63_999]);
  assert.deepEqual(budget({ reasoning: { max_tokens: 5 }, max_tokens: 4000 }), [4000, 1024]);
});

test("a budget on a model that takes none is the effort that comes nearest", () => {
  assertWritten({ reasoning: { max_tokens: 9000 } }, "claude-opus-5", {
    max_tokens: 128_000,
    thinking: { type: "adaptive", display: "summarized" },
    output_config: { effort: "medium" },
  });
});

test("thinking off, in the words of each model", () => {
  const off = { reasoning_effort: "none" };
  assertWritten(off, "claude-opus-5", { max_tokens: 128_000, thinking: { type: "disabled" } });
  assertWritten(off, "claude-sonnet-5-5", { max_tokens: 128_000, thinking: { type: "between_tools" } });
  assertWritten(off, "claude-haiku-4-5", { max_tokens: 64_000, thinking: { type: "disabled" } });
  assertWritten(off, "claude-3-opus-latest", { max_tokens: 4096 });
  // Where it is always on, the least of it.
  assertWritten(off, "claude-fable-5", { max_tokens: 128_000, output_config: { effort: "low" } }, [
    "reasoning_effort",
  ]);
  assertWritten({ reasoning_effort: "max", reasoning: { enabled: false } }, "claude-opus-5", {
    max_tokens: 128_000,
    thinking: { type: "disabled" },
    output_config: { effort: "high" },
  });
});

test("a tool that has to be called goes before thinking", () => {
  const request: Partial<ChatRequest> = { tools: [f], tool_choice: "required", reasoning_effort: "high" };
  const tools = [{ name: "f", input_schema: { type: "object", properties: {} } }];
  assertWritten(request, "claude-sonnet-4-5", { max_tokens: 64_000, tools, tool_choice: { type: "any" } }, [
    "reasoning_effort",
  ]);
  // The newest models are not to be forced: they keep thinking, and the choice.
  assertWritten(
    request,
    "claude-opus-5-5",
    {
      max_tokens: 128_000,
      tools,
      thinking: { type: "adaptive", display: "summarized" },
      output_config: { effort: "high" },
    },
    ["tool_choice"],
  );
});

test("a run of tool calls that began without thinking goes on without it, where a budget is set", () => {
  const messages: ChatRequest["messages"] = [
    ...hello,
    {
      role: "assistant",
      reasoning_content: "Another vendor's.",
      tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: "a", content: "1" },
  ];
  const request = { messages, tools: [f], reasoning_effort: "low" };
  const older = write(request, "claude-sonnet-4-5");
  assert.equal(older.body["thinking"], undefined);
  assert.deepEqual(older.dropped, ["reasoning_effort"]);
  assert.deepEqual((write(request).body["thinking"] as Fields)["type"], "adaptive");
  const signed = structuredClone(messages);
  Object.assign(signed[1] as object, {
    reasoning_details: [{ type: "reasoning.text", text: "T", signature: "s", format: "anthropic-claude-v1" }],
  });
  assert.deepEqual(write({ ...request, messages: signed }, "claude-sonnet-4-5").body["thinking"], {
    type: "enabled",
    budget_tokens: 2048,
  });
});

test("sampling: as far as the model and thinking take it", () => {
  const all = { temperature: 0.5, top_p: 0.9, top_k: 5 };
  assertWritten(all, "claude-sonnet-4-20250514", { max_tokens: 64_000, ...all });
  assertWritten(all, "claude-opus-4-6", { max_tokens: 128_000, temperature: 0.5, top_k: 5 }, ["top_p"]);
  assertWritten(all, "claude-opus-4-8", { max_tokens: 128_000 }, ["temperature", "top_p", "top_k"]);
  assertWritten({ temperature: 1, top_p: 1 }, "claude-opus-4-8", { max_tokens: 128_000 });
  assertWritten({ temperature: 1.5 }, "claude-haiku-4-5", { max_tokens: 64_000, temperature: 1 }, [
    "temperature",
  ]);
  const thinking = write(
    { ...all, temperature: 1, top_p: 0.95, reasoning_effort: "low" },
    "claude-haiku-4-5",
  );
  assert.deepEqual(
    [thinking.body["temperature"], thinking.body["top_p"], thinking.body["top_k"]],
    [undefined, 0.95, undefined],
  );
  assert.deepEqual(thinking.dropped, ["top_k"]);
});

test("tools, and how they are to be used", () => {
  const empty = { type: "object", properties: {} };
  const chosen = (request: Partial<ChatRequest>): unknown =>
    write({ tools: [f, weather], ...request }).body["tool_choice"];
  assert.deepEqual(write({ tools: [f, weather] }).body["tools"], [
    { name: "f", input_schema: empty },
    { name: "g", description: "G", input_schema: empty, strict: true },
  ]);
  assert.equal(chosen({}), undefined);
  assert.equal(chosen({ parallel_tool_calls: true }), undefined);
  assert.deepEqual(chosen({ parallel_tool_calls: false }), { type: "auto", disable_parallel_tool_use: true });
  assert.deepEqual(chosen({ tool_choice: "none", parallel_tool_calls: false }), { type: "none" });
  assert.deepEqual(chosen({ tool_choice: { type: "function", function: { name: "g" } } }), {
    type: "tool",
    name: "g",
  });
  const allowed = { mode: "required" as const, tools: [{ type: "function", function: { name: "g" } }] };
  const filtered = write({
    tools: [f, weather],
    tool_choice: { type: "allowed_tools", allowed_tools: allowed },
  });
  assert.deepEqual(filtered.body["tool_choice"], { type: "any" });
  assert.deepEqual(
    (filtered.body["tools"] as Fields[]).map(({ name }) => name),
    ["g"],
  );
});

test("a custom tool, a search of the web, tools of other protocols", () => {
  const { body, dropped } = write({
    tools: [
      { type: "custom", custom: { name: "run", description: "Runs.", format: { type: "grammar" } } },
      { type: "extension", protocol: "gemini", value: { googleSearch: {} } },
    ],
    web_search_options: { user_location: { type: "approximate", approximate: { city: "Bern" } } },
  });
  assert.deepEqual(body["tools"], [
    {
      name: "run",
      description: "Runs.",
      input_schema: {
        type: "object",
        properties: { input: { type: "string" } },
        required: ["input"],
        additionalProperties: false,
      },
    },
    { type: "web_search_20250305", name: "web_search", user_location: { type: "approximate", city: "Bern" } },
  ]);
  assert.deepEqual(dropped, ["tools.custom.format", "tools.gemini"]);
});

test("calls in a conversation without tools: those that were called are named, and none may be", () => {
  const messages: ChatRequest["messages"] = [
    ...hello,
    {
      role: "assistant",
      tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: "" } }],
    },
    { role: "tool", tool_call_id: "a", content: "1" },
  ];
  const { body } = write({ messages, tool_choice: "auto" });
  assert.deepEqual(body["tools"], [{ name: "f", input_schema: { type: "object" } }]);
  assert.deepEqual(body["tool_choice"], { type: "none" });
});

const schema = {
  type: "object",
  properties: {
    age: { type: "integer", minimum: 0, description: "In years." },
    minimum: { type: "array", items: { type: "object", properties: {} }, minItems: 2 },
  },
  $defs: { maximum: { type: "string", maxLength: 3 } },
};
const format = { type: "json_schema" as const, json_schema: { name: "a person", schema } };

test("a schema for the answer: every object closed, what is refused told in words", () => {
  assertWritten({ response_format: format }, model, {
    max_tokens: 128_000,
    output_config: {
      format: {
        type: "json_schema",
        schema: {
          type: "object",
          properties: {
            age: { type: "integer", description: "In years. {minimum: 0}" },
            minimum: {
              type: "array",
              items: { type: "object", properties: {}, additionalProperties: false },
              description: "{minItems: 2}",
            },
          },
          $defs: { maximum: { type: "string", description: "{maxLength: 3}" } },
          additionalProperties: false,
        },
      },
    },
  });
});

test("on older models the answer is the input of a tool", () => {
  const name = "claude-sonnet-4-20250514";
  const tool = {
    name: "a_person",
    description: "Gives the answer. Call it once, with the whole answer.",
    input_schema: schema,
  };
  assertWritten({ response_format: format }, name, {
    max_tokens: 64_000,
    tools: [tool],
    tool_choice: { type: "tool", name: "a_person" },
  });
  const taken = { type: "function" as const, function: { name: "a_person" } };
  const { body } = write({ response_format: format, tools: [taken], tool_choice: "auto" }, name);
  assert.deepEqual(
    (body["tools"] as Fields[]).map((one) => one["name"]),
    ["a_person", "a_person_"],
  );
  assert.deepEqual(body["tool_choice"], { type: "any" });
});

test("free JSON is asked for in words", () => {
  const request: Partial<ChatRequest> = {
    messages: [{ role: "system", content: "Be kind." }, ...hello],
    response_format: { type: "json_object" },
  };
  assertWritten(request, model, {
    max_tokens: 128_000,
    system: [
      { type: "text", text: "Be kind." },
      { type: "text", text: "Answer with one JSON object and nothing else." },
    ],
  });
});

test("who asks, and in which tier", () => {
  assertWritten({ user: "u", safety_identifier: "s", service_tier: "default" }, model, {
    max_tokens: 128_000,
    metadata: { user_id: "u" },
    service_tier: "standard_only",
  });
  assertWritten({ safety_identifier: "s", service_tier: "priority" }, model, {
    max_tokens: 128_000,
    metadata: { user_id: "s" },
    service_tier: "auto",
  });
  assertWritten({ service_tier: "flex" }, model, { max_tokens: 128_000 }, ["service_tier"]);
});

test("what cannot be said is noted, what asks for nothing is not", () => {
  const asking = {
    frequency_penalty: 1,
    presence_penalty: -1,
    seed: 3,
    n: 2,
    logprobs: true,
    top_logprobs: 2,
    logit_bias: { 1: 2 },
    verbosity: "low",
    modalities: ["text", "audio"],
    audio: { format: "wav", voice: "a" },
    prediction: { type: "content", content: "x" },
    prompt_cache_key: "k",
    metadata: { a: "b" },
    store: true,
    some_vendors_own: 1,
  };
  assert.deepEqual(write(asking as Partial<ChatRequest>).dropped.sort(), Object.keys(asking).sort());
  const nothing = {
    frequency_penalty: 0,
    n: 1,
    logprobs: false,
    seed: null,
    logit_bias: {},
    verbosity: "medium",
    modalities: ["text"],
    metadata: {},
    store: false,
    stream: false,
    stream_options: { include_usage: true },
  };
  assertWritten(nothing, model, { max_tokens: 128_000, stream: false });
  assertWritten({ stop: ["\n", "END"] }, model, { max_tokens: 128_000, stop_sequences: ["END"] }, ["stop"]);
});

test("a stream is asked for where the client's endpoint is one", () => {
  const body = chat.encodeRequest({ model, messages: hello }, context({ model, stream: true }));
  assert.equal(body["stream"], true);
});

test("a request that is not of this shape is refused with the field at fault", () => {
  const refused = (body: Fields): string | undefined => {
    try {
      void chat.decodeRequest({ model, max_tokens: 1, messages: [], ...body }, context());
    } catch (error) {
      assert.ok(error instanceof GatewayError);
      assert.equal(error.status, 400);
      return error.param;
    }
    return undefined;
  };
  const user = (content: unknown): Fields => ({ messages: [{ role: "user", content }] });
  assert.equal(refused({ messages: "x" }), "messages");
  assert.equal(refused({ messages: [1] }), "messages.0");
  assert.equal(refused({ messages: [{ role: "tool", content: "x" }] }), "messages.0.role");
  assert.equal(refused(user(1)), "messages.0.content");
  assert.equal(refused(user([{ text: "x" }])), "messages.0.content.0.type");
  assert.equal(refused(user([{ type: "text" }])), "messages.0.content.0.text");
  assert.equal(refused(user([{ type: "tool_result" }])), "messages.0.content.0.tool_use_id");
  const call = { role: "assistant", content: [{ type: "tool_use", id: "a" }] };
  assert.equal(refused({ messages: [call] }), "messages.0.content.0.name");
  assert.equal(refused({ system: 5 }), "system");
  assert.equal(refused({ tools: {} }), "tools");
  assert.equal(refused({ tools: [{ description: "x" }] }), "tools.0.name");
  assert.equal(refused({ tool_choice: { type: "some" } }), "tool_choice");
  assert.equal(refused({ max_tokens: "many" }), "max_tokens");
  assert.equal(refused({ stop_sequences: [1] }), "stop_sequences");
  assert.equal(refused({}), undefined);
});

test("tokens are counted of a request without what is for its answer", async () => {
  const about = context({ model });
  const body = {
    model,
    system: "Be kind.",
    messages: [{ role: "user", content: "Hi" }],
    tools: [{ name: "f", input_schema: { type: "object" } }],
    tool_choice: { type: "auto" },
    thinking: { type: "adaptive" },
    context_management: { edits: [] },
  };
  assert.deepEqual(countTokens.encodeRequest(await countTokens.decodeRequest(body, about), about), body);
  const request: ChatRequest = {
    model,
    messages: hello,
    max_tokens: 5,
    temperature: 0.5,
    stop: "x",
    user: "u",
    stream: true,
  };
  assert.deepEqual(countTokens.encodeRequest(request, about), {
    model,
    messages: [{ role: "user", content: "Hi" }],
  });
});
