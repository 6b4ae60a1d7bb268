import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../../core/index.ts";
import type { ChatDelta, Fields } from "../../../../core/index.ts";
import { chat } from "../../../../plugins/protocols/openai-responses/codec.ts";
import { assertCutsDoNotMatter, bytesOf, decodeStream, join } from "../_codec.ts";
import { redDot } from "../_conversations.ts";
import { began, completed, recorded, streamOf } from "./_events.ts";

const head = { id: "resp_1", object: "chat.completion.chunk", created: 1_741_476_542, model: "gpt-5" };
const chunk = (delta: ChatDelta): object => ({
  ...head,
  choices: [{ index: 0, delta, finish_reason: null }],
});

/** The last two chunks of a stream that ended with `completed`. */
const ending = (finish_reason: string): object[] => [
  {
    ...head,
    choices: [{ index: 0, delta: {}, finish_reason, native_finish_reason: "completed" }],
    service_tier: "default",
    extensions: { "openai-responses": { metadata: {} } },
  },
  {
    ...head,
    choices: [],
    usage: {
      prompt_tokens: 328,
      completion_tokens: 52,
      total_tokens: 380,
      prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 20 },
      completion_tokens_details: { reasoning_tokens: 12 },
    },
  },
];

test("a stream with reasoning, a search, a text and three calls, chunk by chunk", () => {
  const { chunks, complete } = decodeStream(chat, [bytesOf(streamOf(recorded))]);
  const about = { id: "rs_1", format: "openai-responses-v1" };
  const summary = (text: string, index: number): object => ({
    type: "reasoning.summary",
    summary: text,
    ...about,
    index,
  });
  const search = {
    type: "web_search_call",
    id: "ws_1",
    status: "completed",
    action: { type: "search", query: "x" },
  };
  assert.equal(complete, true);
  assert.deepEqual(chunks, [
    chunk({ role: "assistant" }),
    chunk({ reasoning_content: "**Look", reasoning_details: [summary("**Look", 0)] as never }),
    chunk({ reasoning_content: "ing** — ä", reasoning_details: [summary("ing** — ä", 0)] as never }),
    chunk({ reasoning_content: "\n\n**Found**", reasoning_details: [summary("**Found**", 1)] as never }),
    chunk({ reasoning_details: [{ type: "reasoning.encrypted", data: "gAAAAABo", ...about, index: 2 }] }),
    chunk({ parts: [{ type: "extension", protocol: "openai-responses", value: search }] }),
    chunk({ content: "See [1] — 漢" }),
    chunk({ content: "字 🌍" }),
    chunk({
      annotations: [
        {
          type: "url_citation",
          url_citation: { start_index: 4, end_index: 7, url: "https://a.example", title: "A" },
        },
      ],
    }),
    chunk({
      tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "a", arguments: "" } }],
    }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{"x"' } }] }),
    chunk({
      tool_calls: [{ index: 1, id: "call_2", type: "function", function: { name: "b", arguments: "" } }],
    }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: ':"ü"}' } }] }),
    chunk({ tool_calls: [{ index: 1, function: { arguments: "{}" } }] }),
    chunk({ tool_calls: [{ index: 2, id: "call_3", type: "custom", custom: { name: "c", input: "" } }] }),
    chunk({ tool_calls: [{ index: 2, custom: { input: "print(1)" } }] }),
    ...ending("tool_calls"),
  ]);
});

test("cuts do not matter", () => {
  // A part of it: every cut is tried.
  const short = [...began, ...recorded.slice(3, 6), ...recorded.slice(20, 24), completed];
  assertCutsDoNotMatter(chat, bytesOf(streamOf(short)));
  assertCutsDoNotMatter(chat, bytesOf(streamOf(short).replaceAll("\n", "\r\n")));
});

test("a stream without its last event is not complete", () => {
  for (const events of [recorded.slice(0, -1), began, []]) {
    assert.equal(decodeStream(chat, [bytesOf(streamOf(events))]).complete, false);
  }
});

test("a response that is incomplete is a whole stream", () => {
  const last = {
    type: "response.incomplete",
    response: {
      ...completed.response,
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
    },
  };
  const { chunks, complete } = decodeStream(chat, [bytesOf(streamOf([...began, last]))]);
  assert.equal(complete, true);
  assert.equal(chunks[1]?.choices[0]?.finish_reason, "length");
  assert.equal(chunks[1]?.choices[0]?.native_finish_reason, "max_output_tokens");
});

/** What servers that speak this protocol leave out: pieces, ids, the end's usage; and what comes whole. */
const sparse: [name: string, events: Fields[], message: object][] = [
  [
    "items only with their end",
    [
      {
        type: "response.output_item.done",
        output_index: 0,
        item: {
          type: "reasoning",
          summary: [{ type: "summary_text", text: "S" }],
          content: [{ type: "reasoning_text", text: "T" }],
        },
      },
      {
        type: "response.output_item.done",
        output_index: 1,
        item: {
          type: "message",
          role: "assistant",
          content: [
            { type: "output_text", text: "Hi", annotations: [{ type: "file_path", file_id: "f", index: 0 }] },
            { type: "refusal", refusal: "No" },
          ],
        },
      },
      {
        type: "response.output_item.done",
        output_index: 2,
        item: { type: "function_call", call_id: "call_1", name: "a", arguments: "" },
      },
      {
        type: "response.output_item.done",
        output_index: 3,
        item: { type: "custom_tool_call", call_id: "call_2", name: "b", input: "x" },
      },
    ],
    {
      role: "assistant",
      content: "Hi",
      refusal: "No",
      annotations: [{ type: "file_path", file_id: "f", index: 0 }],
      reasoning_content: "S\n\nT",
      reasoning_details: [
        { type: "reasoning.summary", summary: "S", format: "openai-responses-v1", index: 0 },
        { type: "reasoning.text", text: "T", format: "openai-responses-v1", index: 1 },
      ],
      tool_calls: [
        { id: "call_1", type: "function", function: { name: "a", arguments: "{}" } },
        { id: "call_2", type: "custom", custom: { name: "b", input: "x" } },
      ],
    },
  ],
  [
    "texts only with their end",
    [
      { type: "response.output_text.done", output_index: 0, content_index: 0, text: "Hi", logprobs: [] },
      { type: "response.refusal.done", output_index: 0, content_index: 1, refusal: "No" },
      {
        type: "response.output_item.done",
        output_index: 0,
        item: {
          type: "message",
          content: [
            { type: "output_text", text: "Hi" },
            { type: "refusal", refusal: "No" },
          ],
        },
      },
    ],
    { role: "assistant", content: "Hi", refusal: "No" },
  ],
  [
    "open reasoning, in pieces",
    [
      {
        type: "response.reasoning_text.delta",
        item_id: "rs_1",
        output_index: 0,
        content_index: 0,
        delta: "Th",
      },
      {
        type: "response.reasoning_text.delta",
        item_id: "rs_1",
        output_index: 0,
        content_index: 0,
        delta: "ink",
      },
      {
        type: "response.output_item.done",
        output_index: 0,
        item: {
          id: "rs_1",
          type: "reasoning",
          summary: [],
          content: [{ type: "reasoning_text", text: "Think" }],
        },
      },
    ],
    {
      role: "assistant",
      content: null,
      reasoning_content: "Think",
      reasoning_details: [
        { type: "reasoning.text", text: "Think", id: "rs_1", format: "openai-responses-v1", index: 0 },
      ],
    },
  ],
  [
    "reasoning that tells nothing but its id",
    [
      {
        type: "response.output_item.done",
        output_index: 0,
        item: { id: "rs_1", type: "reasoning", summary: [] },
      },
    ],
    {
      role: "assistant",
      content: null,
      reasoning_details: [
        { type: "reasoning.summary", summary: "", id: "rs_1", format: "openai-responses-v1", index: 0 },
      ],
    },
  ],
  [
    "an image",
    [
      {
        type: "response.output_item.done",
        output_index: 0,
        item: {
          id: "ig_1",
          type: "image_generation_call",
          status: "completed",
          result: redDot,
          output_format: "webp",
        },
      },
    ],
    {
      role: "assistant",
      content: [
        {
          type: "extension",
          protocol: "openai-responses",
          value: {
            id: "ig_1",
            type: "image_generation_call",
            status: "completed",
            result: redDot,
            output_format: "webp",
          },
        },
      ],
      images: [{ type: "image_url", image_url: { url: `data:image/webp;base64,${redDot}` } }],
    },
  ],
];
for (const [name, events, message] of sparse) {
  test(`a sparse stream: ${name}`, () => {
    const { chunks, complete } = decodeStream(chat, [
      bytesOf(`${streamOf([...began, ...events, completed])}data: [DONE]\n\n`),
    ]);
    assert.equal(complete, true);
    assert.deepEqual(join(chunks)?.choices[0]?.message, message);
  });
}

const failures: [name: string, event: Fields, status: number, code: string, message: string][] = [
  [
    "an error event",
    { type: "error", code: "rate_limit_exceeded", message: "Slow down.", param: null },
    429,
    "rate_limit_exceeded",
    "Slow down.",
  ],
  [
    "an error event with an object",
    { type: "error", error: { type: "invalid_request_error", code: null, message: "No.", param: "input" } },
    400,
    "invalid_request_error",
    "No.",
  ],
  [
    "a failed response",
    {
      type: "response.failed",
      response: { status: "failed", error: { code: "server_error", message: "Sorry." } },
    },
    502,
    "server_error",
    "Sorry.",
  ],
  [
    "a failed response without a reason",
    { type: "response.failed", response: { status: "failed", error: null } },
    502,
    "upstream_error",
    "The upstream failed.",
  ],
  [
    "an error without a type",
    { error: { message: "Full.", code: "server_is_overloaded" } },
    503,
    "server_is_overloaded",
    "Full.",
  ],
];
for (const [name, event, status, code, message] of failures) {
  test(`a stream that fails: ${name}`, () => {
    assert.throws(
      () => decodeStream(chat, [bytesOf(streamOf([...began, event]))]),
      (error) => {
        assert.ok(error instanceof GatewayError);
        assert.deepEqual(
          { status: error.status, code: error.code, message: error.message },
          { status, code, message },
        );
        return true;
      },
    );
  });
}

test("an event that is no JSON breaks the stream, and is not told", () => {
  assert.throws(
    () => decodeStream(chat, [bytesOf("data: secret\n\n")]),
    (error) => error instanceof GatewayError && error.status === 502 && !error.message.includes("secret"),
  );
});
