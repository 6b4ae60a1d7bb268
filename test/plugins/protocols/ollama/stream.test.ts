import assert from "node:assert/strict";
import { test } from "node:test";
import { chunksOf, GatewayError, ndjsonFrames, newToolId } from "../../../../core/index.ts";
import type { ChatChunk, ChatDelta, Fields } from "../../../../core/index.ts";
import {
  answerContext,
  assertCutsDoNotMatter,
  assertStreamIdentity,
  bytesOf,
  decodeStream,
} from "../_codec.ts";
import { answers } from "../_conversations.ts";
import { at, chat, protocol } from "./_ollama.ts";

const about = (): ReturnType<typeof answerContext> => answerContext({}, { stream: true, ...at("/api/chat") });
const ndjson = (lines: readonly object[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join("");
const line = (message: object, more: object = {}): object => ({
  model: "qwen3",
  created_at: "2023-08-04T08:52:19.385406455-07:00",
  message: { role: "assistant", content: "", ...message },
  done: false,
  ...more,
});
const end = {
  done: true,
  done_reason: "stop",
  total_duration: 4_883_583_458,
  load_duration: 1_334_875,
  prompt_eval_count: 26,
  prompt_eval_duration: 342_546_000,
  eval_count: 282,
  eval_duration: 4_535_599_000,
};
const tool = (name: string, input: object, more: object = {}): object => ({
  ...more,
  function: { name, arguments: input },
});

const recorded = [
  line({ thinking: "Größe" }),
  line({ thinking: ", 漢字." }),
  line({ content: "Both 🦊" }, { logprobs: [{ token: "Both 🦊", logprob: -0.5 }] }),
  line({ content: ":" }),
  line({ tool_calls: [tool("get_weather", { city: "Zürich" }, { id: "call_x" }), tool("now", {})] }),
  line({ tool_calls: [tool("get_weather", { city: "Rom" })] }),
  line({}, end),
];

const base = {
  id: about().id,
  object: "chat.completion.chunk" as const,
  created: 1_691_164_339,
  model: "model-1",
};
const chunk = (delta: ChatDelta, more: object = {}): ChatChunk => ({
  ...base,
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
});

test("a stream in the neutral shape", () => {
  const { chunks, complete } = decodeStream(chat, [bytesOf(ndjson(recorded))], about(), ndjsonFrames);
  assert.equal(complete, true);
  const called = (index: number, id: string, name: string, input: string): object => ({
    index,
    id,
    type: "function",
    function: { name, arguments: input },
  });
  assert.deepEqual(chunks, [
    chunk({ reasoning_content: "Größe", role: "assistant" }),
    chunk({ reasoning_content: ", 漢字." }),
    chunk({ content: "Both 🦊" }, { logprobs: { content: [{ token: "Both 🦊", logprob: -0.5 }] } }),
    chunk({ content: ":" }),
    chunk({
      tool_calls: [
        called(0, "call_x", "get_weather", '{"city":"Zürich"}'),
        called(1, newToolId(base.id, 1), "now", "{}"),
      ] as never,
    }),
    chunk({ tool_calls: [called(2, newToolId(base.id, 2), "get_weather", '{"city":"Rom"}')] as never }),
    {
      ...base,
      choices: [{ index: 0, delta: {}, finish_reason: "tool_calls", native_finish_reason: "stop" }],
    },
    {
      ...base,
      choices: [],
      usage: { prompt_tokens: 26, completion_tokens: 282, total_tokens: 308 },
      extensions: {
        ollama: {
          created_at: "2023-08-04T08:52:19.385406455-07:00",
          total_duration: 4_883_583_458,
          load_duration: 1_334_875,
          prompt_eval_duration: 342_546_000,
          eval_duration: 4_535_599_000,
        },
      },
    },
  ]);
});

test("where a stream is cut does not matter, nor whether its last line ends", () => {
  const text = ndjson(recorded);
  assertCutsDoNotMatter(chat, bytesOf(text), ndjsonFrames, about);
  assertCutsDoNotMatter(chat, bytesOf(text.trimEnd().replaceAll("\n", "\r\n")), ndjsonFrames, about);
});

test("a stream without its last line is not complete", () => {
  const { complete } = decodeStream(chat, [bytesOf(ndjson(recorded.slice(0, -1)))], about(), ndjsonFrames);
  assert.equal(complete, false);
});

test("a stream breaks at a line with an error, and at one that is no JSON", () => {
  const read = (text: string): unknown =>
    decodeStream(chat, [bytesOf(ndjson(recorded.slice(0, 2)) + text)], about(), ndjsonFrames);
  assert.throws(() => read('{"error":"an error was encountered while running the model"}\n'), {
    message: "an error was encountered while running the model",
    status: 502,
  });
  assert.throws(() => read("oops\n"), { status: 502, code: "upstream_bad_answer" });
});

test("a last line with text in it loses nothing", () => {
  const { chunks } = decodeStream(
    chat,
    [bytesOf(ndjson([line({ content: "All" }, end)]))],
    about(),
    ndjsonFrames,
  );
  assert.equal(chunks[0]?.choices[0]?.delta.content, "All");
  assert.equal(chunks[1]?.choices[0]?.finish_reason, "stop");
});

for (const [name, answer] of Object.entries(answers)) {
  test(`an answer as a stream comes back: ${name}`, () => {
    // There is no id, and calls end an answer as text does.
    const chunks = chunksOf(answer).map((one) => ({ ...one, id: base.id }));
    for (const { choices } of chunks) {
      for (const choice of choices) {
        if (choice.finish_reason)
          choice.native_finish_reason = choice.finish_reason === "length" ? "length" : "stop";
      }
    }
    const extensions = { ollama: { created_at: "2023-11-14T22:13:20.000Z" } };
    chunks.at(-1)!.extensions = extensions;
    assertStreamIdentity(chat, chunks, about(), ndjsonFrames);
  });
}

function write(chunks: readonly ChatChunk[], path: string): Fields[] {
  const encoder = chat.encodeStream(answerContext({}, { stream: true, ...at(path) }));
  assert.equal(encoder.contentType, "application/x-ndjson");
  const text = chunks.map((one) => encoder.chunk(one)).join("") + encoder.end();
  assert.ok(text.endsWith("\n"));
  return text
    .trimEnd()
    .split("\n")
    .map((one) => JSON.parse(one) as Fields);
}

const written = { model: "model-1", created_at: "2023-11-14T22:13:20.000Z" };
const said: ChatChunk[] = [
  chunk({ role: "assistant", content: "" }),
  chunk({ reasoning_content: "Hm" }),
  chunk({ content: "A 🦊" }),
  chunk({
    tool_calls: [{ index: 0, id: "a", type: "function", function: { name: "f", arguments: '{"x"' } }],
  }),
  chunk({ tool_calls: [{ index: 1, id: "b", type: "function", function: { name: "g", arguments: "" } }] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] }),
  { ...base, choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] },
  { ...base, choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } },
];

test("lines of a chat: calls come whole", () => {
  const message = (parts: object): object => ({ role: "assistant", content: "", ...parts });
  assert.deepEqual(write(said, "/api/chat"), [
    { ...written, message: message({ thinking: "Hm" }), done: false },
    { ...written, message: message({ content: "A 🦊" }), done: false },
    {
      ...written,
      message: message({ tool_calls: [tool("f", { x: 1 }, { id: "a" }), tool("g", {}, { id: "b" })] }),
      done: false,
    },
    {
      ...written,
      message: message({}),
      done: true,
      done_reason: "stop",
      prompt_eval_count: 3,
      eval_count: 2,
    },
  ]);
});

test("lines of a prompt's answer", () => {
  assert.deepEqual(write(said, "/api/generate"), [
    { ...written, response: "", thinking: "Hm", done: false },
    { ...written, response: "A 🦊", done: false },
    { ...written, response: "", done: true, done_reason: "stop", prompt_eval_count: 3, eval_count: 2 },
  ]);
});

test("arguments without an end are not collected for ever", () => {
  const encoder = chat.encodeStream(about());
  const piece = chunk({ tool_calls: [{ index: 0, function: { arguments: "x".repeat(1024 * 1024) } }] });
  for (let i = 0; i < 8; i++) encoder.chunk(piece);
  assert.throws(() => encoder.chunk(piece), { status: 502 });
});

test("an error is a line of its own", () => {
  const error = new GatewayError("The upstream broke.", { status: 502, code: "broken" });
  assert.equal(chat.encodeStream(about()).error(error), '{"error":"The upstream broke."}\n');
  assert.equal(protocol.renderStreamError?.(error), '{"error":"The upstream broke."}\n');
});

test("a stream read along tells usage, text and its end", () => {
  for (const collect of [true, false]) {
    const reader = protocol.readStream!({ collect });
    for (const one of recorded) reader.event(JSON.stringify(one));
    assert.deepEqual(reader.usage(), { inputTokens: 26, outputTokens: 282 });
    assert.equal(reader.ended(), true);
    assert.equal(reader.outputEvents(), 6);
    assert.equal(reader.text(), collect ? "Both 🦊:" : "");
  }
});
