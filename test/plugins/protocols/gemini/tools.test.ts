import assert from "node:assert/strict";
import { test } from "node:test";
import { protocol } from "../../../../plugins/protocols/gemini/index.ts";
import { context } from "../_codec.ts";
import type { ChatRequest, ChatTool, Fields, ToolChoice } from "../../../../core/index.ts";

const { chat } = protocol.codecs;
const messages: ChatRequest["messages"] = [{ role: "user", content: "Hi" }];

function written(tools: ChatTool[], model = "gemini-2.5-flash"): { tools: unknown; dropped: string[] } {
  const about = context({ model });
  const body = chat.encodeRequest({ model, messages, tools }, about);
  return { tools: JSON.parse(JSON.stringify(body["tools"])), dropped: about.dropped };
}

const named = (name: string, parameters?: Fields): ChatTool => ({
  type: "function",
  function: { name, ...(parameters && { parameters }) },
});

test("functions stand together, and one without parameters has no schema", () => {
  const parameters = { type: "object", properties: { a: { type: "string" } } };
  assert.deepEqual(
    written([
      named("none"),
      named("empty", { type: "object", properties: {}, additionalProperties: false }),
      named("some", parameters),
      named("map", { type: "object", additionalProperties: { type: "string" } }),
    ]).tools,
    [
      {
        functionDeclarations: [
          { name: "none" },
          { name: "empty" },
          { name: "some", parameters: { type: "OBJECT", properties: { a: { type: "STRING" } } } },
          {
            name: "map",
            parametersJsonSchema: { type: "object", additionalProperties: { type: "string" } },
          },
        ],
      },
    ],
  );
});

test("a tool that takes free text is a function with one", () => {
  const custom: ChatTool = {
    type: "custom",
    custom: { name: "sh", description: "Runs.", format: { type: "grammar" } },
  };
  const input = { type: "OBJECT", properties: { input: { type: "STRING" } }, required: ["input"] };
  assert.deepEqual(written([custom]), {
    tools: [{ functionDeclarations: [{ name: "sh", description: "Runs.", parameters: input }] }],
    dropped: ["tools.custom.format"],
  });
});

const allowed = (mode: "auto" | "required"): ToolChoice => ({
  type: "allowed_tools",
  allowed_tools: {
    mode,
    tools: [
      { type: "function", function: { name: "a" } },
      { type: "function", name: "b" },
    ],
  },
});

const choices: [choice: ToolChoice, calling: Fields, again?: ToolChoice][] = [
  ["auto", { mode: "AUTO" }],
  ["none", { mode: "NONE" }],
  ["required", { mode: "ANY" }],
  [
    { type: "function", function: { name: "f" } },
    { mode: "ANY", allowedFunctionNames: ["f"] },
  ],
  [
    { type: "custom", custom: { name: "f" } },
    { mode: "ANY", allowedFunctionNames: ["f"] },
    { type: "function", function: { name: "f" } },
  ],
  [allowed("required"), { mode: "ANY", allowedFunctionNames: ["a", "b"] }],
  [allowed("auto"), { mode: "VALIDATED", allowedFunctionNames: ["a", "b"] }],
];

for (const [choice, calling, again = choice] of choices) {
  test(`a choice of tools there and back: ${JSON.stringify(choice)}`, async () => {
    const body = chat.encodeRequest({ model: "m", messages, tool_choice: choice }, context());
    assert.deepEqual(body["toolConfig"], { functionCallingConfig: calling });
    const { tool_choice } = await chat.decodeRequest(body, context());
    const plain = JSON.stringify(again).replace('"name":"b"', '"function":{"name":"b"}');
    assert.deepEqual(tool_choice, JSON.parse(again === choice ? plain : JSON.stringify(again)));
  });
}
