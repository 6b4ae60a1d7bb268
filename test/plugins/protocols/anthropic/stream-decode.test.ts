import assert from "node:assert/strict";
import { test } from "node:test";
import { answerContext, assertCutsDoNotMatter, bytesOf, decodeStream, join } from "../_codec.ts";
import { chat, model } from "./_codec.ts";
import type { BetaRawMessageStreamEvent } from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type { ChatChunk, ChatDelta, ChatRequest, Fields } from "../../../../core/index.ts";

/** Events as the API writes them. */
function sse(events: readonly (Fields | BetaRawMessageStreamEvent)[]): Uint8Array {
  return bytesOf(
    events.map((event) => `event: ${event["type"]}\ndata: ${JSON.stringify(event)}\n\n`).join(""),
  );
}

function blockEvents(index: number, content_block: Fields, ...deltas: Fields[]): Fields[] {
  return [
    { type: "content_block_start", index, content_block },
    ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
    { type: "content_block_stop", index },
  ];
}

const start = {
  type: "message_start",
  message: {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    container: null,
    usage: {
      input_tokens: 10,
      cache_creation_input_tokens: 30,
      cache_read_input_tokens: 200,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      output_tokens: 1,
      service_tier: "standard",
    },
  },
};

function ended(stop_reason: string, more: Fields = {}): Fields[] {
  const usage = {
    input_tokens: 10,
    cache_creation_input_tokens: null,
    output_tokens: 89,
    output_tokens_details: { thinking_tokens: 25 },
    server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 },
  };
  return [
    { type: "message_delta", delta: { stop_reason, stop_sequence: null, container: null, ...more }, usage },
    { type: "message_stop" },
  ];
}

const recorded: Fields[] = [
  start,
  ...blockEvents(
    0,
    { type: "thinking", thinking: "", signature: "" },
    { type: "thinking_delta", thinking: "Bern, " },
    { type: "thinking_delta", thinking: "also 東京." },
    { type: "signature_delta", signature: "c2ln" },
  ),
  { type: "ping" },
  ...blockEvents(1, { type: "redacted_thinking", data: "cmVk" }),
  ...blockEvents(
    2,
    { type: "text", text: "" },
    { type: "text_delta", text: "Grüezi " },
    { type: "text_delta", text: "🌍!" },
  ),
  ...blockEvents(
    3,
    { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} },
    { type: "input_json_delta", partial_json: '{"query":' },
    { type: "input_json_delta", partial_json: '"bern"}' },
  ),
  ...blockEvents(4, { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] }),
  ...blockEvents(
    5,
    { type: "text", text: "", citations: [] },
    { type: "text_delta", text: "Sunny" },
    {
      type: "citations_delta",
      citation: {
        type: "web_search_result_location",
        url: "https://e.com",
        title: "E",
        encrypted_index: "RQ==",
        cited_text: "sun",
      },
    },
  ),
  ...blockEvents(
    6,
    { type: "tool_use", id: "toolu_1", name: "get_weather", input: {} },
    { type: "input_json_delta", partial_json: "" },
    { type: "input_json_delta", partial_json: '{"city":"Zür' },
    { type: "input_json_delta", partial_json: 'ich"}' },
  ),
  ...blockEvents(7, { type: "tool_use", id: "toolu_2", name: "now", input: {} }),
  { type: "some_event_of_tomorrow", data: 1 },
  ...ended("tool_use"),
];

const base = { id: "msg_1", object: "chat.completion.chunk" as const, created: 1_700_000_000, model };

function chunk(delta: ChatDelta, more: Partial<ChatChunk["choices"][number]> = {}): ChatChunk {
  return { ...base, choices: [{ index: 0, delta, ...more }] };
}

const format = "anthropic-claude-v1";

const expected: ChatChunk[] = [
  { ...chunk({ role: "assistant" }), service_tier: "default" },
  ...["Bern, ", "also 東京."].map((text) =>
    chunk({
      reasoning_content: text,
      reasoning_details: [{ type: "reasoning.text", text, format, index: 0 }],
    }),
  ),
  chunk({
    reasoning_details: [{ type: "reasoning.text", text: "", signature: "c2ln", format, index: 0 }],
  }),
  chunk({ reasoning_details: [{ type: "reasoning.encrypted", data: "cmVk", format, index: 1 }] }),
  chunk({ content: "Grüezi " }),
  chunk({ content: "🌍!" }),
  chunk({
    parts: [
      {
        type: "extension",
        protocol: "anthropic",
        value: { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "bern" } },
      },
    ],
  }),
  chunk({
    parts: [
      {
        type: "extension",
        protocol: "anthropic",
        value: { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] },
      },
    ],
  }),
  chunk({ content: "Sunny" }),
  chunk({
    annotations: [
      {
        type: "url_citation",
        url_citation: { url: "https://e.com", title: "E", start_index: 10, end_index: 15 },
      },
    ],
  }),
  chunk({
    tool_calls: [
      { index: 0, id: "toolu_1", type: "function", function: { name: "get_weather", arguments: "" } },
    ],
  }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":"Zür' } }] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: 'ich"}' } }] }),
  chunk({
    tool_calls: [{ index: 1, id: "toolu_2", type: "function", function: { name: "now", arguments: "" } }],
  }),
  chunk({ tool_calls: [{ index: 1, function: { arguments: "{}" } }] }),
  chunk({}, { finish_reason: "tool_calls", native_finish_reason: "tool_use" }),
  {
    ...base,
    choices: [],
    usage: {
      prompt_tokens: 240,
      completion_tokens: 89,
      total_tokens: 329,
      prompt_tokens_details: { cached_tokens: 200, cache_write_tokens: 30, cache_write_1h_tokens: 20 },
      completion_tokens_details: { reasoning_tokens: 25 },
      extensions: {
        anthropic: {
          cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
          service_tier: "standard",
          output_tokens_details: { thinking_tokens: 25 },
          server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 },
        },
      },
    },
  },
];

const about = (request: Partial<ChatRequest> = {}, name = model) =>
  answerContext(request, { stream: true, model: name });

test("a stream of every kind of block, chunk by chunk", () => {
  assert.deepEqual(decodeStream(chat, [sse(recorded)], about()), { chunks: expected, complete: true });
});

test("it does not matter where the bytes are cut", () => {
  assertCutsDoNotMatter(chat, sse(recorded), undefined, about);
});

test("without message_stop a stream is not complete", () => {
  const { complete, chunks } = decodeStream(chat, [sse(recorded.slice(0, -1))], about());
  assert.equal(complete, false);
  assert.deepEqual(chunks, expected.slice(0, -1));
});

test("an error event is told with the status that belongs to its type", () => {
  const failing =
    (error: Fields): (() => unknown) =>
    () =>
      decodeStream(chat, [sse([start, { type: "error", error }])], about());
  assert.throws(failing({ type: "overloaded_error", message: "Overloaded" }), {
    name: "GatewayError",
    message: "Overloaded",
    status: 529,
    code: "overloaded_error",
    retryable: true,
  });
  assert.throws(failing({ type: "invalid_request_error", message: "Bad", details: { error_code: "x_y" } }), {
    status: 400,
    code: "x_y",
    retryable: false,
  });
});

test("what is no event of the protocol breaks the stream", () => {
  assert.throws(() => decodeStream(chat, [bytesOf("data: nothing\n\n")], about()), {
    code: "upstream_bad_answer",
  });
  const lost = { type: "content_block_delta", index: 4, delta: { type: "text_delta", text: "x" } };
  assert.throws(() => decodeStream(chat, [sse([start, lost])], about()), { code: "upstream_bad_answer" });
});

test("how it ended, and what the message is of, is kept", () => {
  const details = { type: "refusal", category: "bio", explanation: null };
  const events = [
    start,
    {
      ...(ended("refusal", { stop_details: details })[0] as Fields),
      context_management: { applied_edits: [] },
    },
    { type: "message_stop" },
  ];
  const answer = join(decodeStream(chat, [sse(events)], about()).chunks);
  assert.deepEqual(answer?.choices, [
    {
      index: 0,
      message: { role: "assistant", content: null },
      finish_reason: "content_filter",
      native_finish_reason: "refusal",
    },
  ]);
  assert.deepEqual(answer?.extensions, {
    anthropic: { stop_details: details, context_management: { applied_edits: [] } },
  });
});

const schema = { type: "object" };
const wantsSchema: Partial<ChatRequest> = {
  response_format: { type: "json_schema", json_schema: { name: "city", schema } },
};

test("the input of the tool that stands for the answer is its content, as it comes", () => {
  const events = [
    start,
    ...blockEvents(
      0,
      { type: "tool_use", id: "toolu_1", name: "city", input: {} },
      { type: "input_json_delta", partial_json: '{"na' },
      { type: "input_json_delta", partial_json: 'me":"Bern"}' },
    ),
    ...ended("tool_use"),
  ];
  const { chunks } = decodeStream(chat, [sse(events)], about(wantsSchema, "claude-3-7-sonnet-latest"));
  assert.deepEqual(
    chunks.slice(1, -1).map(({ choices: [choice] }) => [choice?.delta, choice?.finish_reason]),
    [
      [{ content: '{"na' }, undefined],
      [{ content: 'me":"Bern"}' }, undefined],
      [{}, "stop"],
    ],
  );
});

test("a custom tool is called with the text in its input", () => {
  const events = [
    start,
    ...blockEvents(
      0,
      { type: "tool_use", id: "toolu_1", name: "run", input: {} },
      { type: "input_json_delta", partial_json: '{"input":"ls ' },
      { type: "input_json_delta", partial_json: '-l"}' },
    ),
    ...ended("tool_use"),
  ];
  const request: Partial<ChatRequest> = { tools: [{ type: "custom", custom: { name: "run" } }] };
  const answer = join(decodeStream(chat, [sse(events)], about(request)).chunks);
  assert.deepEqual(answer?.choices[0]?.message.tool_calls, [
    { id: "toolu_1", type: "custom", custom: { name: "run", input: "ls -l" } },
  ]);
});

test("blocks that begin with all they have, as some services write them", () => {
  const events = [
    start,
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "All" } },
    { type: "content_block_stop", index: 0 },
    {
      type: "content_block_start",
      index: 1,
      content_block: { type: "tool_use", id: "t", name: "f", input: { a: 1 } },
    },
    { type: "content_block_stop", index: 1 },
    ...ended("tool_use"),
  ];
  const message = join(decodeStream(chat, [sse(events)], about()).chunks)?.choices[0]?.message;
  assert.equal(message?.content, "All");
  assert.deepEqual(message?.tool_calls, [
    { id: "t", type: "function", function: { name: "f", arguments: '{"a":1}' } },
  ]);
});
