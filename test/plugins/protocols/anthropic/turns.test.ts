import assert from "node:assert/strict";
import { test } from "node:test";
import { context } from "../_codec.ts";
import { chat, model } from "./_codec.ts";
import type { ChatMessage, Fields, ToolCall } from "../../../../core/index.ts";

interface Written {
  system?: unknown;
  messages: Fields[];
}

function write(messages: ChatMessage[], name = model): Written & { dropped: string[] } {
  const about = context({ model: name });
  const request = { model: name, messages, tools: [{ type: "function" as const, function: { name: "f" } }] };
  const { system, messages: turns } = chat.encodeRequest(request, about) as Fields & Written;
  return { ...(system !== undefined && { system }), messages: turns, dropped: about.dropped };
}

function call(id: string, text = "{}"): ToolCall {
  return { id, type: "function", function: { name: "f", arguments: text } };
}

function use(id: string, input: Fields = {}): Fields {
  return { type: "tool_use", id, name: "f", input };
}

function result(id: string, content: string): Fields {
  return { type: "tool_result", tool_use_id: id, content };
}

const text = (words: string): Fields => ({ type: "text", text: words });
const unanswered = (id: string): Fields => ({ ...result(id, "The tool gave no result."), is_error: true });

test("instructions before the conversation are one system prompt, in order", () => {
  const { system, messages } = write([
    { role: "system", content: "One" },
    { role: "developer", content: [{ type: "text", text: "Two", cache_control: { type: "ephemeral" } }] },
    { role: "system", content: "" },
    { role: "user", content: "Hi" },
  ]);
  assert.deepEqual(system, [text("One"), { ...text("Two"), cache_control: { type: "ephemeral" } }]);
  assert.deepEqual(messages, [{ role: "user", content: "Hi" }]);
});

test("one in mid-conversation is a marked text in its place, where the model takes no system message", () => {
  const conversation: ChatMessage[] = [
    { role: "user", content: "One" },
    { role: "assistant", content: "Two" },
    { role: "developer", content: "Be short." },
    { role: "user", content: "Three" },
  ];
  const reminder = text("<system-reminder>\nBe short.\n</system-reminder>");
  assert.deepEqual(write(conversation).messages[2], { role: "user", content: [reminder, text("Three")] });
  // It may not stand behind the assistant's turn in any model.
  assert.deepEqual(write(conversation, "claude-opus-5").messages[2], {
    role: "user",
    content: [reminder, text("Three")],
  });
});

test("behind the user's turn it is a system message, where the model takes one", () => {
  const conversation: ChatMessage[] = [
    { role: "user", content: "One" },
    { role: "system", content: "Be short." },
    { role: "developer", content: "In German." },
    { role: "user", content: "Two" },
    { role: "assistant", content: "Three" },
    { role: "user", content: "Four" },
  ];
  assert.deepEqual(write(conversation, "claude-opus-5").messages, [
    { role: "user", content: [text("One"), text("Two")] },
    { role: "system", content: [text("Be short."), text("In German.")] },
    { role: "assistant", content: "Three" },
    { role: "user", content: "Four" },
  ]);
  assert.equal(write(conversation, "claude-sonnet-5").messages.length, 3);
});

test("neighbours of one role are one turn, and the first is the user's", () => {
  assert.deepEqual(
    write([
      { role: "assistant", content: "Zero" },
      { role: "user", content: "One" },
      { role: "user", content: "Two" },
      { role: "assistant", content: "Three" },
      { role: "assistant", content: "Four" },
      { role: "user", content: "Five" },
    ]).messages,
    [
      { role: "user", content: "Continue." },
      { role: "assistant", content: "Zero" },
      { role: "user", content: [text("One"), text("Two")] },
      { role: "assistant", content: [text("Three"), text("Four")] },
      { role: "user", content: "Five" },
    ],
  );
  assert.deepEqual(write([{ role: "system", content: "Only this." }]).messages, [
    { role: "user", content: "Continue." },
  ]);
});

test("results stand in the turn behind their calls, before any text, wherever they came", () => {
  assert.deepEqual(
    write([
      { role: "user", content: "Go" },
      { role: "assistant", tool_calls: [call("a"), call("b"), call("c")] },
      { role: "user", content: "Faster!" },
      { role: "tool", tool_call_id: "b", content: "B" },
      { role: "tool", tool_call_id: "a", content: "A", is_error: true },
      { role: "assistant", content: "Well" },
      { role: "tool", tool_call_id: "c", content: "C" },
    ]).messages,
    [
      { role: "user", content: "Go" },
      { role: "assistant", content: [use("a"), use("b"), use("c")] },
      {
        role: "user",
        content: [
          result("b", "B"),
          { ...result("a", "A"), is_error: true },
          result("c", "C"),
          text("Faster!"),
        ],
      },
      { role: "assistant", content: "Well" },
      { role: "user", content: "Continue." },
    ],
  );
});

test("a call without a result gets one, a result without a call is kept as text", () => {
  assert.deepEqual(
    write([
      { role: "tool", tool_call_id: "lost", content: "42" },
      { role: "assistant", tool_calls: [call("a"), call("b")] },
      { role: "tool", tool_call_id: "a", content: "A" },
      { role: "assistant", tool_calls: [call("c")] },
    ]).messages,
    [
      { role: "user", content: [text("Result of the tool call lost:"), text("42")] },
      { role: "assistant", content: [use("a"), use("b")] },
      { role: "user", content: [result("a", "A"), unanswered("b")] },
      { role: "assistant", content: [use("c")] },
      { role: "user", content: [unanswered("c")] },
    ],
  );
});

test("ids that are not allowed are made anew, and ids that come again get a number; results follow them", () => {
  const { messages } = write([
    { role: "user", content: "Go" },
    { role: "assistant", tool_calls: [call("functions.f:0")] },
    { role: "tool", tool_call_id: "functions.f:0", content: "A" },
    { role: "assistant", tool_calls: [call("functions.f:0"), call("x")] },
    { role: "tool", tool_call_id: "functions.f:0", content: "B" },
    { role: "tool", tool_call_id: "x", content: "X" },
  ]);
  const blocks = messages.flatMap(({ content }) => (Array.isArray(content) ? (content as Fields[]) : []));
  const [first, firstResult, second, x, secondResult, xResult] = blocks;
  assert.match(String(first?.["id"]), /^[\w-]{1,64}$/);
  assert.equal(second?.["id"], `${first?.["id"]}_2`);
  assert.deepEqual(firstResult, result(String(first?.["id"]), "A"));
  assert.deepEqual(secondResult, result(String(second?.["id"]), "B"));
  assert.deepEqual([x?.["id"], xResult], ["x", result("x", "X")]);
});

test("nothing is empty, and the last words do not end in white space", () => {
  const conversation: ChatMessage[] = [
    {
      role: "user",
      content: [
        { type: "text", text: " " },
        { type: "text", text: "Hi" },
      ],
    },
    { role: "assistant", content: "" },
    { role: "user", content: "" },
    { role: "assistant", content: "The answer is \n" },
  ];
  const turns = [
    { role: "user", content: [text("Hi")] },
    { role: "assistant", content: "The answer is" },
  ];
  assert.deepEqual(write(conversation, "claude-haiku-4-5").messages, turns);
  // Newer models continue nobody's words.
  assert.deepEqual(write(conversation).messages, [...turns, { role: "user", content: "Continue." }]);
});

test("arguments: none are an empty object, text that is no object is kept", () => {
  const inputs = ["", "{}", '{"a":1}', "[1]", "{broken"].map((one, i) => call(`c${i}`, one));
  const { messages } = write([
    { role: "user", content: "Go" },
    { role: "assistant", content: null, tool_calls: inputs },
  ]);
  assert.deepEqual(
    (messages[1] as { content: Fields[] }).content.map(({ input }) => input),
    [{}, {}, { a: 1 }, { input: "[1]" }, { input: "{broken" }],
  );
});

test("what a message can hold here, and what not", () => {
  const { messages, dropped } = write([
    {
      role: "user",
      name: "Ann",
      content: [
        { type: "input_audio", input_audio: { data: "", format: "wav" } },
        { type: "file", file: { file_data: "data:application/msword;base64,AAAA", filename: "a.doc" } },
        { type: "file", file: { file_data: "data:image/png;base64,AAAA" } },
        { type: "file", file: { file_data: "data:text/csv;base64,w7w=", filename: "a.csv" } },
        { type: "extension", protocol: "gemini", value: {} },
        { type: "text", text: "Hi" },
      ],
    },
    { role: "assistant", refusal: "No.", audio: { id: "x" }, images: [] },
    { role: "user", content: "Why?" },
  ]);
  assert.deepEqual(messages, [
    {
      role: "user",
      content: [
        { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
        { type: "document", source: { type: "text", media_type: "text/plain", data: "ü" }, title: "a.csv" },
        text("Hi"),
      ],
    },
    { role: "assistant", content: [text("No.")] },
    { role: "user", content: "Why?" },
  ]);
  assert.deepEqual(dropped, ["messages.name", "content.input_audio", "content.file", "content.gemini"]);
});
