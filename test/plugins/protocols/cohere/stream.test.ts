import assert from "node:assert/strict";
import { test } from "node:test";
import { chunksOf, GatewayError } from "../../../../core/index.ts";
import type { ChatChunk, ChatDelta, ChunkChoice } from "../../../../core/index.ts";
import {
  answerContext,
  assertCutsDoNotMatter,
  assertStreamIdentity,
  bytesOf,
  decodeStream,
  join,
} from "../_codec.ts";
import { answers } from "../_conversations.ts";
import { chat, protocol } from "./_cohere.ts";

const sse = (events: readonly { type: string }[]): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");

const delta = (message: object): { delta: object } => ({ delta: { message } });
const citation = {
  start: 5,
  end: 10,
  text: "Größe",
  sources: [{ type: "document", id: "1" }],
  type: "TEXT_CONTENT",
};

/** As the documentation has it: thinking, a plan, two calls side by side, then text with a citation. */
const recorded = [
  { type: "message-start", id: "29f14a5a", ...delta({ role: "assistant" }) },
  { type: "content-start", index: 0, ...delta({ content: { type: "thinking", thinking: "" } }) },
  { type: "content-delta", index: 0, ...delta({ content: { thinking: "Hm, 漢" } }) },
  { type: "content-delta", index: 0, ...delta({ content: { thinking: "字." } }) },
  { type: "content-end", index: 0 },
  { type: "tool-plan-delta", ...delta({ tool_plan: "I will" }) },
  { type: "tool-plan-delta", ...delta({ tool_plan: " look. " }) },
  {
    type: "tool-call-start",
    index: 0,
    ...delta({
      tool_calls: { id: "w_0", type: "function", function: { name: "get_weather", arguments: "" } },
    }),
  },
  { type: "tool-call-delta", index: 0, ...delta({ tool_calls: { function: { arguments: '{"city"' } } }) },
  { type: "tool-call-delta", index: 0, ...delta({ tool_calls: { function: { arguments: ':"Zürich"}' } } }) },
  { type: "tool-call-end", index: 0 },
  {
    type: "tool-call-start",
    index: 1,
    ...delta({ tool_calls: { id: "n_1", type: "function", function: { name: "now" } } }),
  },
  { type: "tool-call-end", index: 1 },
  { type: "debug", prompt: "<BOS>" },
  { type: "something-new", index: 3 },
  { type: "content-start", index: 1, ...delta({ content: { type: "text", text: "Both " } }) },
  {
    type: "content-delta",
    index: 1,
    ...delta({ content: { text: "Größe 🦊" } }),
    logprobs: { text: "Größe 🦊", token_ids: [4], logprobs: [-0.5] },
  },
  { type: "citation-start", index: 0, ...delta({ citations: citation }) },
  { type: "citation-end", index: 0 },
  { type: "content-end", index: 1 },
  {
    type: "message-end",
    delta: {
      finish_reason: "TOOL_CALL",
      usage: {
        billed_units: { input_tokens: 18, output_tokens: 6 },
        tokens: { input_tokens: 1661, output_tokens: 19 },
        cached_tokens: 1600,
      },
    },
  },
];

const base = {
  id: "29f14a5a",
  object: "chat.completion.chunk" as const,
  created: 1_700_000_000,
  model: "model-1",
};
const chunk = (part: ChatDelta, more: Partial<ChunkChoice> = {}): ChatChunk => ({
  ...base,
  choices: [{ index: 0, delta: part, finish_reason: null, ...more }],
});

test("a stream in the neutral shape", () => {
  const { chunks, complete } = decodeStream(chat, [bytesOf(sse(recorded))]);
  assert.equal(complete, true);
  assert.deepEqual(chunks, [
    chunk({ role: "assistant" }),
    chunk({ reasoning_content: "Hm, 漢" }),
    chunk({ reasoning_content: "字." }),
    chunk({ content: "I will" }),
    chunk({ content: " look. " }),
    chunk({
      tool_calls: [
        { index: 0, id: "w_0", type: "function", function: { name: "get_weather", arguments: "" } },
      ],
    }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city"' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: ':"Zürich"}' } }] }),
    chunk({
      tool_calls: [{ index: 1, id: "n_1", type: "function", function: { name: "now", arguments: "" } }],
    }),
    chunk({ tool_calls: [{ index: 1, function: { arguments: "{}" } }] }),
    chunk({ content: "Both " }),
    chunk(
      { content: "Größe 🦊" },
      {
        logprobs: {
          content: [
            {
              token: "Größe 🦊",
              logprob: -0.5,
              bytes: null,
              top_logprobs: [],
              extensions: { cohere: { token_ids: [4], logprobs: [-0.5] } },
            },
          ],
        },
      },
    ),
    chunk({
      annotations: [
        { type: "citation", start_index: 5, end_index: 10, text: "Größe", extensions: { cohere: citation } },
      ],
    }),
    {
      ...base,
      choices: [{ index: 0, delta: {}, finish_reason: "tool_calls", native_finish_reason: "TOOL_CALL" }],
    },
    {
      ...base,
      choices: [],
      usage: {
        prompt_tokens: 1661,
        completion_tokens: 19,
        total_tokens: 1680,
        prompt_tokens_details: { cached_tokens: 1600 },
        extensions: { cohere: { billed_units: { input_tokens: 18, output_tokens: 6 } } },
      },
    },
  ]);
});

test("where a stream is cut does not matter", () => {
  assertCutsDoNotMatter(chat, bytesOf(sse(recorded)));
  assertCutsDoNotMatter(chat, bytesOf(sse(recorded).replaceAll("\n", "\r\n")));
});

test("a stream without its last event is not complete", () => {
  assert.equal(decodeStream(chat, [bytesOf(sse(recorded.slice(0, -1)))]).complete, false);
  assert.equal(
    decodeStream(chat, [bytesOf(`${sse(recorded.slice(0, -1))}data: [DONE]\n\n`)]).complete,
    false,
  );
});

const failures: [name: string, text: string, message: RegExp][] = [
  [
    "an error at the end",
    sse([
      { type: "message-end", delta: { error: "out of memory", finish_reason: "ERROR" } } as { type: string },
    ]),
    /^out of memory$/,
  ],
  [
    "an end that is an error",
    sse([{ type: "message-end", delta: { finish_reason: "ERROR" } } as { type: string }]),
    /failed while it generated/,
  ],
  ["a bare message", 'data: {"message":"internal error"}\n\n', /^internal error$/],
  ["no JSON", "data: oops\n\n", /no JSON object/],
];

for (const [name, text, message] of failures) {
  test(`a stream breaks at ${name}`, () => {
    const piece = bytesOf(sse(recorded.slice(0, 3)) + text);
    assert.throws(() => decodeStream(chat, [piece]), { message, status: 502 });
  });
}

for (const [name, answer] of Object.entries(answers)) {
  test(`an answer as a stream comes back: ${name}`, () => {
    const chunks = chunksOf(answer);
    const words: Record<string, string> = { stop: "COMPLETE", length: "MAX_TOKENS", tool_calls: "TOOL_CALL" };
    for (const { choices } of chunks) {
      for (const choice of choices) {
        if (choice.finish_reason) choice.native_finish_reason = words[choice.finish_reason]!;
      }
    }
    assertStreamIdentity(chat, chunks);
  });
}

test("what was read is written, and read again", () => {
  const { chunks } = decodeStream(chat, [bytesOf(sse(recorded))]);
  assertStreamIdentity(chat, chunks);
});

test("events are written one block at a time", () => {
  const about = answerContext({}, { stream: true });
  const encoder = chat.encodeStream(about);
  const said = [
    chunk({ role: "assistant" }),
    chunk({ reasoning_content: "Hm" }),
    chunk({ content: "A" }),
    chunk({ content: "B" }),
    chunk({ tool_calls: [{ index: 0, id: "a", type: "function", function: { name: "f", arguments: "{" } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: "}" } }] }),
    chunk({
      tool_calls: [{ index: 1, id: "b", type: "function", function: { name: "g", arguments: "{}" } }],
    }),
    { ...base, choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] },
    { ...base, choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } },
  ];
  const text = said.map((one) => encoder.chunk(one)).join("") + encoder.end();
  const events = text
    .trim()
    .split("\n\n")
    .map((event) => JSON.parse(event.slice(event.indexOf("data: ") + 6)) as object);
  assert.deepEqual(events, [
    { type: "message-start", id: "29f14a5a", ...delta({ role: "assistant" }) },
    { type: "content-start", index: 0, ...delta({ content: { type: "thinking", thinking: "" } }) },
    { type: "content-delta", index: 0, ...delta({ content: { thinking: "Hm" } }) },
    { type: "content-end", index: 0 },
    { type: "content-start", index: 1, ...delta({ content: { type: "text", text: "" } }) },
    { type: "content-delta", index: 1, ...delta({ content: { text: "A" } }) },
    { type: "content-delta", index: 1, ...delta({ content: { text: "B" } }) },
    { type: "content-end", index: 1 },
    {
      type: "tool-call-start",
      index: 0,
      ...delta({ tool_calls: { id: "a", type: "function", function: { name: "f", arguments: "" } } }),
    },
    { type: "tool-call-delta", index: 0, ...delta({ tool_calls: { function: { arguments: "{" } } }) },
    { type: "tool-call-delta", index: 0, ...delta({ tool_calls: { function: { arguments: "}" } } }) },
    { type: "tool-call-end", index: 0 },
    {
      type: "tool-call-start",
      index: 1,
      ...delta({ tool_calls: { id: "b", type: "function", function: { name: "g", arguments: "" } } }),
    },
    { type: "tool-call-delta", index: 1, ...delta({ tool_calls: { function: { arguments: "{}" } } }) },
    { type: "tool-call-end", index: 1 },
    {
      type: "message-end",
      delta: { finish_reason: "TOOL_CALL", usage: { tokens: { input_tokens: 3, output_tokens: 2 } } },
    },
  ]);
});

test("an error is written as the end that failed", () => {
  const encoder = chat.encodeStream(answerContext({}, { stream: true }));
  const text = encoder.chunk(chunk({ content: "A" }));
  const error = encoder.error(new GatewayError("The upstream broke.", { status: 502, code: "broken" }));
  assert.throws(() => decodeStream(chat, [bytesOf(text + error)]), { message: "The upstream broke." });
});

test("a stream read along tells usage, text and its end", () => {
  for (const collect of [true, false]) {
    const reader = protocol.readStream!({ collect });
    for (const event of recorded) reader.event(JSON.stringify(event));
    assert.deepEqual(reader.usage(), { inputTokens: 1661, outputTokens: 19, cachedTokens: 1600 });
    assert.equal(reader.ended(), true);
    assert.equal(reader.outputEvents(), 7);
    assert.equal(reader.text(), collect ? "Größe 🦊" : "");
  }
});

test("chunks add up to the answer", () => {
  const { chunks } = decodeStream(chat, [bytesOf(sse(recorded))]);
  const message = join(chunks)?.choices[0]?.message;
  assert.equal(message?.content, "I will look. Both Größe 🦊");
  assert.equal(message?.reasoning_content, "Hm, 漢字.");
});
