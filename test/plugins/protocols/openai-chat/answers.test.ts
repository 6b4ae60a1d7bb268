import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../../core/index.ts";
import type { ChatAnswer, ChatRequest, Fields } from "../../../../core/index.ts";
import { answerContext } from "../_codec.ts";
import { codec, protocol } from "./_codec.ts";

const head = { id: "1", object: "chat.completion", created: 1, model: "m" };

function decode(message: Fields, choice: Fields = {}, body: Fields = {}): ChatAnswer {
  const choices = [
    { index: 0, message: { role: "assistant", ...message }, finish_reason: "stop", ...choice },
  ];
  return codec.decodeAnswer({ ...head, choices, ...body }, answerContext());
}

const messageOf = (answer: ChatAnswer): Fields => ({ ...answer.choices[0]?.message });
const said = (message: Fields): Fields => {
  const { role: _, ...rest } = messageOf(decode(message));
  return rest;
};

const detail = {
  type: "reasoning.text",
  text: "Hm.",
  signature: "s",
  format: "anthropic-claude-v1",
  index: 0,
};

const vendors: [string, Fields, Fields][] = [
  ["DeepSeek", { content: "Yes.", reasoning_content: "Hm." }, { content: "Yes.", reasoning_content: "Hm." }],
  ["Groq", { content: "Yes.", reasoning: "Hm." }, { content: "Yes.", reasoning_content: "Hm." }],
  [
    "OpenRouter",
    { content: "Yes.", reasoning: "Hm.", reasoning_details: [detail] },
    { content: "Yes.", reasoning_content: "Hm.", reasoning_details: [detail] },
  ],
  [
    "MiniMax",
    { content: "Yes.", reasoning_details: [detail] },
    { content: "Yes.", reasoning_content: "Hm.", reasoning_details: [detail] },
  ],
  [
    "Mistral",
    {
      content: [
        { type: "thinking", thinking: [{ type: "text", text: "Hm." }] },
        { type: "text", text: "Yes." },
      ],
    },
    { content: "Yes.", reasoning_content: "Hm." },
  ],
  [
    "a model behind vLLM",
    { content: "<think>\nHm.\n</think>\n\nYes." },
    { content: "Yes.", reasoning_content: "Hm." },
  ],
  [
    "a model whose template opens the tag",
    { content: "Hm.\n</think>\n\nYes." },
    { content: "Yes.", reasoning_content: "Hm." },
  ],
  ["a model that was cut off", { content: "<think>\nHm" }, { content: "", reasoning_content: "Hm" }],
  ["a model that did not think", { content: "<think>\n\n</think>\n\nYes." }, { content: "Yes." }],
  [
    "a text about tags",
    { content: "Write `</think>` at its end." },
    { content: "Write `</think>` at its end." },
  ],
  ["code about tags", { content: "So:\n```\n</think>\n```" }, { content: "So:\n```\n</think>\n```" }],
  ["a tag that comes later", { content: "See: <think>a</think>" }, { content: "See: <think>a</think>" }],
];

for (const [name, message, expected] of vendors) {
  test(`reasoning of ${name}`, () => assert.deepEqual(said(message), expected));
}

const usages: [string, Fields, Fields][] = [
  [
    "DeepSeek",
    {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      prompt_cache_hit_tokens: 4,
      prompt_cache_miss_tokens: 6,
    },
    { prompt_tokens_details: { cached_tokens: 4 } },
  ],
  [
    "Moonshot",
    { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cached_tokens: 3 },
    { prompt_tokens_details: { cached_tokens: 3 } },
  ],
  [
    "xAI, which counts reasoning apart",
    {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 35,
      completion_tokens_details: { reasoning_tokens: 20 },
    },
    { completion_tokens: 25, completion_tokens_details: { reasoning_tokens: 20 } },
  ],
  ["a vendor without a total", { prompt_tokens: 10, completion_tokens: 5 }, { total_tokens: 15 }],
];

for (const [name, usage, expected] of usages) {
  test(`usage of ${name}`, () =>
    assert.deepEqual(decode({ content: "a" }, {}, { usage }).usage, { ...usage, ...expected }));
}

test("usage of an answer that passes untouched is read alike", () => {
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, prompt_cache_hit_tokens: 4 };
  assert.deepEqual(protocol.readUsage?.({ usage }), { inputTokens: 10, outputTokens: 5, cachedTokens: 4 });
});

test("Moonshot's usage in the choice is found", () => {
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
  assert.deepEqual(decode({ content: "a" }, { usage }).usage, usage);
});

const finishes: [unknown, Fields, string, string | undefined][] = [
  ["stop", {}, "stop", undefined],
  [null, {}, "stop", undefined],
  ["stop", { tool_calls: [{ id: "c", function: { name: "f" } }] }, "tool_calls", "stop"],
  ["function_call", { function_call: { name: "f", arguments: "" } }, "tool_calls", "function_call"],
  ["eos_token", {}, "stop", "eos_token"],
  ["MAX_TOKENS", {}, "length", "MAX_TOKENS"],
  ["sensitive", {}, "content_filter", "sensitive"],
  ["novelty", {}, "stop", "novelty"],
];

for (const [word, message, expected, native] of finishes) {
  test(`the finish reason ${String(word)} with ${Object.keys(message)[0] ?? "text"} is ${expected}`, () => {
    const [choice] = decode({ content: null, ...message }, { finish_reason: word }).choices;
    assert.deepEqual([choice?.finish_reason, choice?.native_finish_reason], [expected, native]);
  });
}

test("calls with ids, arguments and indexes that are missing are made whole", () => {
  const { tool_calls: calls } = said({
    content: null,
    tool_calls: [
      { index: 1, function: { name: "a", arguments: { x: 1 } } },
      {
        id: "given",
        type: "function",
        function: { name: "b", arguments: "" },
        extra_content: { google: {} },
      },
    ],
  }) as { tool_calls: { id: string }[] };
  const id = calls[0]?.id;
  assert.match(String(id), /^call_\w+$/);
  assert.deepEqual(calls, [
    { id, type: "function", function: { name: "a", arguments: '{"x":1}' } },
    {
      id: "given",
      type: "function",
      function: { name: "b", arguments: "{}" },
      extra_content: { google: {} },
    },
  ]);
});

test("vLLM's stop sequence is kept", () => {
  assert.equal(decode({ content: "a" }, { stop_reason: "END" }).choices[0]?.stop_sequence, "END");
});

for (const [name, body] of Object.entries({
  "no choices": { choices: [] },
  "a choice without a message": { choices: [{ index: 0 }] },
  "an answer that failed": {
    choices: [{ message: { content: "" }, finish_reason: "insufficient_system_resource" }],
  },
  "a call without a name": { choices: [{ message: { tool_calls: [{ id: "x", function: {} }] } }] },
})) {
  test(`${name} cannot be made out`, () => {
    assert.throws(
      () => codec.decodeAnswer({ ...head, ...body } as Fields, answerContext()),
      (error) => error instanceof GatewayError && error.status === 502 && error.retryable,
    );
  });
}

const call = { id: "c", type: "function" as const, function: { name: "f", arguments: "{}" } };
const rich: ChatAnswer = {
  id: "",
  object: "chat.completion",
  created: 5,
  model: "upstream-name",
  extensions: { anthropic: { x: 1 } },
  choices: [
    {
      index: 0,
      message: {
        role: "assistant",
        content: [
          { type: "text", text: "Yes." },
          { type: "extension", protocol: "anthropic", value: {} },
        ],
        reasoning_content: "Hm.",
        reasoning_details: [
          { type: "reasoning.text", text: "Hm.", signature: "s", format: "anthropic-claude-v1" },
        ],
        annotations: [
          { type: "char_location" },
          { type: "url_citation", url_citation: { url: "u" }, extensions: { cohere: {} } },
        ],
        tool_calls: [
          { ...call, extra_content: { google: { thought_signature: "t" } }, extensions: { x: {} } },
        ],
        order: ["content", "reasoning"],
        extensions: { x: {} },
      },
      finish_reason: "tool_calls",
      native_finish_reason: "tool_use",
      stop_sequence: "END",
    },
  ],
  usage: {
    prompt_tokens: 1,
    completion_tokens: 2,
    total_tokens: 3,
    prompt_tokens_details: { cached_tokens: 1, cache_write_1h_tokens: 1 },
    extensions: {},
  },
};

test("a client gets what OpenAI's clients know, reasoning with its signatures, and its own name of the model", async () => {
  const body = await codec.encodeAnswer(rich, answerContext({}, { id: "abc", model: "asked" }));
  assert.deepEqual(body, {
    id: "chatcmpl-abc",
    object: "chat.completion",
    created: 5,
    model: "asked",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: "Yes.",
          refusal: null,
          reasoning_content: "Hm.",
          reasoning_details: [
            { type: "reasoning.text", text: "Hm.", signature: "s", format: "anthropic-claude-v1" },
          ],
          annotations: [{ type: "url_citation", url_citation: { url: "u" } }],
          tool_calls: [{ ...call, extra_content: { google: { thought_signature: "t" } } }],
        },
        finish_reason: "tool_calls",
        logprobs: null,
      },
    ],
    usage: {
      prompt_tokens: 1,
      completion_tokens: 2,
      total_tokens: 3,
      prompt_tokens_details: { cached_tokens: 1 },
    },
  });
});

test("a client that asked with functions gets a function_call", async () => {
  const asked = { model: "m", messages: [{ role: "user", content: "x" }], functions: [{ name: "f" }] };
  const request = (await codec.decodeRequest(asked, answerContext())) as ChatRequest;
  const { choices } = (await codec.encodeAnswer(rich, answerContext(request))) as { choices: Fields[] };
  const [choice] = choices;
  const message = choice?.["message"] as Fields;
  assert.deepEqual(
    [choice?.["finish_reason"], message["function_call"], message["tool_calls"]],
    ["function_call", { name: "f", arguments: "{}" }, undefined],
  );
  const encoder = codec.encodeStream(answerContext(request));
  const delta = { tool_calls: [{ index: 0, ...call }] };
  const event = encoder.chunk({
    ...head,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: "tool_calls" }],
  });
  assert.deepEqual((JSON.parse(event.slice(6)) as { choices: unknown }).choices, [
    {
      index: 0,
      delta: { role: "assistant", function_call: { name: "f", arguments: "{}" } },
      finish_reason: "function_call",
    },
  ]);
});

const errors: [string, number, Fields, Fields | undefined][] = [
  [
    "OpenAI",
    429,
    { error: { message: "Too many.", type: "requests", param: null, code: "rate_limit_exceeded" } },
    { message: "Too many.", code: "rate_limit_exceeded" },
  ],
  [
    "OpenAI, with a field",
    400,
    { error: { message: "Bad.", type: "invalid_request_error", param: "n" } },
    { message: "Bad.", code: "invalid_request_error", param: "n" },
  ],
  [
    "OpenRouter, inside a 200",
    200,
    { error: { message: "Busy.", code: 429 } },
    { message: "Busy.", code: "429", status: 429 },
  ],
  [
    "a type inside a 200",
    200,
    { error: { message: "No.", type: "invalid_request_error" } },
    { message: "No.", code: "invalid_request_error", status: 400 },
  ],
  ["a text", 500, { error: "out of memory" }, { message: "out of memory" }],
  [
    "vLLM",
    400,
    { object: "error", message: "Too long.", type: "BadRequestError", code: 400 },
    { message: "Too long.", code: "BadRequestError" },
  ],
  [
    "MiniMax, inside a 200",
    200,
    { base_resp: { status_code: 1004, status_msg: "login fail" } },
    { message: "login fail", code: "1004" },
  ],
  [
    "MiniMax, when all is well",
    200,
    { choices: [], base_resp: { status_code: 0, status_msg: "" } },
    undefined,
  ],
  ["FastAPI", 422, { detail: [{ loc: ["body"], msg: "field required" }] }, { message: "field required" }],
  [
    "Cloudflare",
    200,
    { success: false, errors: [{ code: 7003, message: "No route." }] },
    { message: "No route.", code: "7003" },
  ],
  ["Mistral", 401, { message: "Unauthorized", request_id: "1" }, { message: "Unauthorized" }],
  ["an answer", 200, { choices: [{ message: { content: "error" } }], error: null }, undefined],
];

for (const [name, status, body, expected] of errors) {
  test(`the error of ${name}`, () => assert.deepEqual(protocol.readError?.(body, status), expected));
}
