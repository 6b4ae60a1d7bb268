import assert from "node:assert/strict";
import { test } from "node:test";
import { chunksOf, GatewayError, sseFrames } from "../../../../core/index.ts";
import { answerContext, assertStreamIdentity, bytesOf } from "../_codec.ts";
import { chat } from "./_codec.ts";
import type { ChatAnswer, ChatChunk, ChatDelta, Fields } from "../../../../core/index.ts";

const base = { id: "chatcmpl-1", object: "chat.completion.chunk" as const, created: 1, model: "gpt" };

function chunk(delta: ChatDelta, finish_reason?: string): ChatChunk {
  return { ...base, choices: [{ index: 0, delta, ...(finish_reason && { finish_reason }) }] };
}

function written(chunks: readonly ChatChunk[]): Fields[] {
  const encoder = chat.encodeStream(answerContext({}, { stream: true }));
  const text = chunks.map((one) => encoder.chunk(one)).join("") + encoder.end();
  const events = sseFrames().push(bytesOf(text));
  return events.map(({ event, data }) => {
    const fields = JSON.parse(data) as Fields;
    assert.equal(event, fields["type"]);
    return fields;
  });
}

/** Blocks open and close one after the other, numbered from 0. */
function assertNested(events: readonly Fields[]): void {
  let open = false;
  let next = 0;
  for (const { type, index } of events.slice(1, -2)) {
    if (type === "content_block_start") {
      assert.deepEqual([open, index], [false, next++]);
      open = true;
    } else {
      assert.deepEqual([open, index], [true, next - 1]);
      open = type !== "content_block_stop";
    }
  }
  assert.equal(open, false);
  assert.equal(events[0]?.["type"], "message_start");
  assert.deepEqual(
    events.slice(-2).map(({ type }) => type),
    ["message_delta", "message_stop"],
  );
}

/** The blocks that a client puts together from the events. */
function blocksFrom(events: readonly Fields[]): Fields[] {
  assertNested(events);
  const blocks: Fields[] = [];
  for (const { type, content_block, delta } of events as (Fields & {
    content_block: Fields;
    delta: Fields;
  })[]) {
    const block = blocks.at(-1) as Fields;
    if (type === "content_block_start") blocks.push({ ...content_block });
    if (type !== "content_block_delta") continue;
    if (delta["type"] === "text_delta") block["text"] += delta["text"] as string;
    if (delta["type"] === "thinking_delta") block["thinking"] += delta["thinking"] as string;
    if (delta["type"] === "signature_delta") block["signature"] = delta["signature"];
    if (delta["type"] === "citations_delta") block["citations"] = [delta["citation"]];
    if (delta["type"] === "input_json_delta")
      block["json"] = `${block["json"] ?? ""}${delta["partial_json"]}`;
  }
  return blocks;
}

const usage = {
  prompt_tokens: 30,
  completion_tokens: 9,
  total_tokens: 39,
  prompt_tokens_details: { cached_tokens: 20 },
};

test("a stream of another vendor as this protocol's events, one by one", () => {
  const chunks = [
    chunk({ role: "assistant", content: "" }),
    chunk({ reasoning_content: "Hm. " }),
    chunk({ reasoning_content: "So." }),
    chunk({ content: "Grüezi" }),
    chunk({ content: " 🌍" }),
    chunk({
      tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "f", arguments: "" } }],
    }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] }),
    chunk({
      tool_calls: [{ index: 1, id: "call_2", type: "function", function: { name: "g", arguments: "" } }],
    }),
    chunk({}, "tool_calls"),
    { ...base, choices: [], usage },
  ];
  const delta = (index: number, fields: Fields): Fields => ({
    type: "content_block_delta",
    index,
    delta: fields,
  });
  const stop = (index: number): Fields => ({ type: "content_block_stop", index });
  assert.deepEqual(written(chunks), [
    {
      type: "message_start",
      message: {
        id: "chatcmpl-1",
        type: "message",
        role: "assistant",
        model: "model-1",
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 0, output_tokens: 0 },
      },
    },
    {
      type: "content_block_start",
      index: 0,
      content_block: { type: "thinking", thinking: "", signature: "" },
    },
    delta(0, { type: "thinking_delta", thinking: "Hm. " }),
    delta(0, { type: "thinking_delta", thinking: "So." }),
    stop(0),
    { type: "content_block_start", index: 1, content_block: { type: "text", text: "" } },
    delta(1, { type: "text_delta", text: "Grüezi" }),
    delta(1, { type: "text_delta", text: " 🌍" }),
    stop(1),
    {
      type: "content_block_start",
      index: 2,
      content_block: { type: "tool_use", id: "call_1", name: "f", input: {} },
    },
    delta(2, { type: "input_json_delta", partial_json: '{"a"' }),
    delta(2, { type: "input_json_delta", partial_json: ":1}" }),
    stop(2),
    {
      type: "content_block_start",
      index: 3,
      content_block: { type: "tool_use", id: "call_2", name: "g", input: {} },
    },
    stop(3),
    {
      type: "message_delta",
      delta: { stop_reason: "tool_use", stop_sequence: null },
      usage: { input_tokens: 10, output_tokens: 9, cache_read_input_tokens: 20 },
    },
    { type: "message_stop" },
  ]);
});

test("pieces of several calls in turns: a call waits for the one before it", () => {
  const call = (index: number, text: string, id?: string): ChatChunk =>
    chunk({
      tool_calls: [
        {
          index,
          ...(id && { id, type: "function" as const }),
          function: { ...(id && { name: `f${index}` }), arguments: text },
        },
      ],
    });
  const events = written([
    call(0, "", "a"),
    call(1, "", "b"),
    call(0, '{"x":'),
    call(1, '{"y":'),
    call(0, "1}"),
    call(1, "2"),
    call(2, "{}", "c"),
    call(1, "}"),
    chunk({}, "tool_calls"),
  ]);
  assert.deepEqual(blocksFrom(events), [
    { type: "tool_use", id: "a", name: "f0", input: {}, json: '{"x":1}' },
    { type: "tool_use", id: "b", name: "f1", input: {}, json: '{"y":2}' },
    { type: "tool_use", id: "c", name: "f2", input: {}, json: "{}" },
  ]);
});

test("a call that goes on after something else began breaks the stream", () => {
  const encoder = chat.encodeStream(answerContext({}, { stream: true }));
  const call = { index: 0, id: "a", type: "function" as const, function: { name: "f", arguments: '{"x"' } };
  encoder.chunk(chunk({ tool_calls: [call] }));
  encoder.chunk(chunk({ content: "Wait." }));
  const more = chunk({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] });
  assert.throws(() => encoder.chunk(more), { code: "upstream_bad_answer" });
});

test("reasoning piece by piece, with the signatures of whoever made them", () => {
  const gemini = "google-gemini-v1";
  const events = written([
    chunk({
      reasoning_content: "A",
      reasoning_details: [{ type: "reasoning.text", text: "A", format: "anthropic-claude-v1", index: 0 }],
    }),
    chunk({
      reasoning_details: [
        { type: "reasoning.text", text: "", signature: "U0lH", format: "anthropic-claude-v1", index: 0 },
      ],
    }),
    chunk({ reasoning_details: [{ type: "reasoning.text", text: "B", format: gemini, index: 1 }] }),
    chunk({
      reasoning_details: [{ type: "reasoning.text", text: "", signature: "R0VN", format: gemini, index: 1 }],
    }),
    chunk({
      reasoning_details: [
        { type: "reasoning.encrypted", data: "RU5D", format: "anthropic-claude-v1", index: 2 },
      ],
    }),
    chunk({
      tool_calls: [
        {
          index: 0,
          id: "call_1",
          type: "function",
          function: { name: "f", arguments: "{}" },
          extra_content: { google: { thought_signature: "S" } },
        },
      ],
    }),
    chunk({}, "tool_calls"),
  ]);
  assert.deepEqual(blocksFrom(events), [
    { type: "thinking", thinking: "A", signature: "U0lH" },
    { type: "thinking", thinking: "B", signature: `${gemini}||text|R0VN` },
    { type: "redacted_thinking", data: "RU5D" },
    { type: "redacted_thinking", data: `${gemini}|call_1|call|S` },
    { type: "tool_use", id: "call_1", name: "f", input: {}, json: "{}" },
  ]);
});

test("citations, pieces of the protocol's own, a custom call, and only the first of several choices", () => {
  const block = { type: "server_tool_use", id: "s", name: "web_search", input: { query: "q" } };
  const second = { ...base, choices: [{ index: 1, delta: { content: "other" } }] };
  const events = written([
    chunk({ parts: [{ type: "extension", protocol: "anthropic", value: block }] }),
    chunk({ parts: [{ type: "extension", protocol: "gemini", value: { x: 1 } }] }),
    second,
    chunk({ content: "Hi" }),
    chunk({ annotations: [{ type: "url_citation", url_citation: { url: "https://e.com", title: "E" } }] }),
    chunk({ tool_calls: [{ index: 0, id: "c", type: "custom", custom: { name: "run", input: "l" } }] }),
    chunk({ tool_calls: [{ index: 0, custom: { input: "s" } }] }),
    chunk({ content: "Done" }, "stop"),
  ]);
  assert.deepEqual(blocksFrom(events), [
    { ...block, input: {}, json: '{"query":"q"}' },
    {
      type: "text",
      text: "Hi",
      citations: [
        {
          type: "web_search_result_location",
          url: "https://e.com",
          title: "E",
          cited_text: "",
          encrypted_index: "",
        },
      ],
    },
    { type: "tool_use", id: "c", name: "run", input: {}, json: '{"input":"ls"}' },
    { type: "text", text: "Done" },
  ]);
});

test("a stream that brings nothing is a message all the same", () => {
  assertNested(written([]));
});

test("an error after the first byte is the protocol's own event", () => {
  const encoder = chat.encodeStream(answerContext());
  const error = new GatewayError("It broke.", { status: 502, code: "connection_lost" });
  assert.equal(
    encoder.error(error),
    'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"It broke."}}\n\n',
  );
});

test("an answer of the protocol's own goes through its own stream unchanged", () => {
  const answer: ChatAnswer = {
    id: "msg_1",
    object: "chat.completion",
    created: 1_700_000_000,
    model: "model-1",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: "Hi",
          reasoning_content: "Hm",
          reasoning_details: [
            {
              type: "reasoning.text",
              text: "Hm",
              signature: "c2ln",
              format: "anthropic-claude-v1",
              index: 0,
            },
            { type: "reasoning.encrypted", data: "cmVk", format: "anthropic-claude-v1", index: 1 },
          ],
          tool_calls: [
            { id: "toolu_1", type: "function", function: { name: "f", arguments: '{"a":[1,2]}' } },
          ],
        },
        finish_reason: "tool_calls",
        native_finish_reason: "tool_use",
      },
    ],
    usage: {
      prompt_tokens: 240,
      completion_tokens: 89,
      total_tokens: 329,
      prompt_tokens_details: { cached_tokens: 200, cache_write_tokens: 30 },
      extensions: { anthropic: { service_tier: "standard" } },
    },
    service_tier: "default",
    extensions: { anthropic: { container: { id: "c" }, context_management: { applied_edits: [] } } },
  };
  assertStreamIdentity(chat, chunksOf(answer));
});
