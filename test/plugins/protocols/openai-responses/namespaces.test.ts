import assert from "node:assert/strict";
import { test } from "node:test";
import { chunksOf, sseFrames } from "../../../../core/index.ts";
import type { ChatAnswer, Fields } from "../../../../core/index.ts";
import { chat } from "../../../../plugins/protocols/openai-responses/codec.ts";
import { answerContext, assertRequestIdentity, bytesOf, context } from "../_codec.ts";

const parameters = { type: "object", properties: {} };
const find = { type: "function", name: "find", strict: false, parameters };

const body: Fields = {
  model: "m",
  input: [
    { role: "user", content: "Find it." },
    { type: "function_call", call_id: "c1", name: "find", namespace: "mcp__docs__", arguments: "{}" },
    { type: "function_call_output", call_id: "c1", output: "here" },
    { type: "custom_tool_call", call_id: "c2", name: "patch", namespace: "files", input: "a" },
    { type: "custom_tool_call_output", call_id: "c2", output: "done" },
  ],
  tools: [
    find,
    { type: "namespace", name: "mcp__docs__", description: "Documents.", tools: [find] },
    {
      type: "namespace",
      name: "files",
      description: "Files.",
      tools: [
        { ...find, defer_loading: true },
        { type: "custom", name: "patch" },
      ],
    },
  ],
};

const read = () => chat.decodeRequest(structuredClone(body), context({ model: "m" }));

const nameOf = (call: object): unknown => {
  const { function: called, custom } = call as { function?: Fields; custom?: Fields };
  return (called ?? custom)?.["name"];
};

test("tools of namespaces are written again as they were", () => assertRequestIdentity(chat, body));

test("elsewhere they stand beside the others, under names that tell them apart", async () => {
  const { tools = [], messages } = await read();
  assert.deepEqual(tools.map(nameOf), ["find", "mcp__docs__find", "files__find", "files__patch"]);
  const calls = messages.flatMap((one) => (one.role === "assistant" ? (one.tool_calls ?? []) : []));
  assert.deepEqual(calls.map(nameOf), ["mcp__docs__find", "files__patch"]);
});

const answer: ChatAnswer = {
  id: "a",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [
    {
      index: 0,
      finish_reason: "tool_calls",
      message: {
        role: "assistant",
        content: null,
        tool_calls: [
          { id: "c3", type: "function", function: { name: "mcp__docs__find", arguments: "{}" } },
          { id: "c4", type: "custom", custom: { name: "files__patch", input: "b" } },
          { id: "c5", type: "function", function: { name: "find", arguments: "{}" } },
        ],
      },
    },
  ],
};

const places = (items: readonly Fields[]): unknown =>
  items.map(({ type, name, namespace }) => [type, name, namespace]);

const expected = [
  ["function_call", "find", "mcp__docs__"],
  ["custom_tool_call", "patch", "files"],
  ["function_call", "find", undefined],
];

test("a call names its tool as the client does", async () => {
  const about = answerContext(await read());
  const { output } = await chat.encodeAnswer(answer, about);
  assert.deepEqual(places(output as Fields[]), expected);
});

test("and in a stream", async () => {
  const encoder = chat.encodeStream(answerContext(await read(), { stream: true }));
  const text = chunksOf(answer)
    .map((chunk) => encoder.chunk(chunk))
    .join("");
  const frames = sseFrames();
  const events = [...frames.push(bytesOf(text + encoder.end())), ...frames.end()].map(
    ({ data }) => JSON.parse(data) as Fields,
  );
  const items = (type: string) =>
    events.flatMap((one) => (one["type"] === type ? [one["item"] as Fields] : []));
  assert.deepEqual(places(items("response.output_item.added")), expected);
  assert.deepEqual(places(items("response.output_item.done")), expected);
  const done = events.filter(({ type }) => type === "response.function_call_arguments.done");
  assert.deepEqual(
    done.map(({ name }) => name),
    ["find", "find"],
  );
});
