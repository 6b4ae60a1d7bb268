import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { chunksOf, sealReasoning, sseFrames, unsealReasoning } from "../../../../core/index.ts";
import type { AssistantMessage, ChatAnswer, Fields, ReasoningDetail } from "../../../../core/index.ts";
import { chat } from "../../../../plugins/protocols/openai-responses/codec.ts";
import { answerContext, bytesOf, context } from "../_codec.ts";

const claude = { format: "anthropic-claude-v1" };
const details: ReasoningDetail[] = [
  { type: "reasoning.text", text: "Let me think — 漢字 🌍", signature: "sig==", ...claude },
  { type: "reasoning.encrypted", data: "redacted", ...claude },
  { type: "reasoning.text", text: "Again", signature: "sig2", ...claude },
];
const extra_content = { google: { thought_signature: "thought" } };
const message: AssistantMessage = {
  role: "assistant",
  content: "I look.",
  reasoning_content: "Let me think — 漢字 🌍\n\nAgain",
  reasoning_details: details,
  tool_calls: [
    { id: "toolu_1", type: "function", function: { name: "a", arguments: '{"x":1}' }, extra_content },
    { id: "toolu_2", type: "function", function: { name: "b", arguments: "{}" } },
  ],
};
const answer: ChatAnswer = {
  id: "msg_1",
  object: "chat.completion",
  created: 1,
  model: "model-1",
  choices: [{ index: 0, message, finish_reason: "tool_calls" }],
};

function outputOfStream(text: string): Fields[] {
  const events = [...sseFrames().push(bytesOf(text))].map(({ data }) => JSON.parse(data) as Fields);
  const last = events.at(-1) as { response: { output: Fields[] } };
  return last.response.output;
}

const ways: Record<string, () => Promise<Fields[]>> = {
  whole: async () => (await chat.encodeAnswer(answer, answerContext()))["output"] as Fields[],
  streamed: () => {
    const encoder = chat.encodeStream(answerContext({}, { stream: true }));
    const text =
      chunksOf(answer)
        .map((chunk) => encoder.chunk(chunk))
        .join("") + encoder.end();
    return Promise.resolve(outputOfStream(text));
  },
};

for (const [name, output] of Object.entries(ways)) {
  test(`signatures of other vendors come back with the client's next turn: ${name}`, async () => {
    const items = JSON.parse(JSON.stringify(await output())) as Fields[];
    assert.deepEqual(
      items.map(({ type }) => type),
      ["reasoning", "message", "reasoning", "function_call", "function_call"],
    );
    assert.deepEqual(items[0]?.["summary"], [
      { type: "summary_text", text: "Let me think — 漢字 🌍" },
      { type: "summary_text", text: "Again" },
    ]);
    const input = [
      { role: "user", content: "x" },
      ...items,
      { type: "function_call_output", call_id: "toolu_1", output: "1" },
      { type: "function_call_output", call_id: "toolu_2", output: "2" },
    ];
    const { messages } = await chat.decodeRequest({ model: "m", input }, context());
    assert.deepEqual(
      messages.map(({ role }) => role),
      ["user", "assistant", "tool", "tool"],
    );
    const turn = messages[1] as AssistantMessage;
    assert.deepEqual(turn.reasoning_details, details);
    assert.equal(turn.reasoning_content, message.reasoning_content);
    assert.equal(turn.content, "I look.");
    const calls = turn.tool_calls?.map(({ extensions: _extensions, ...call }) => call);
    assert.deepEqual(calls, message.tool_calls);
    // To OpenAI's own service none of it goes.
    const written = chat.encodeRequest({ model: "m", messages }, context());
    assert.deepEqual(
      (written["input"] as Fields[]).map(({ type }) => type ?? "easy"),
      ["easy", "message", "function_call", "function_call", "function_call_output", "function_call_output"],
    );
  });
}

test("reasoning without a signature comes back as text, for the vendors that want it", async () => {
  const plain: ChatAnswer = {
    ...answer,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "So.", reasoning_content: "Hm" },
        finish_reason: "stop",
      },
    ],
  };
  const { output } = (await chat.encodeAnswer(plain, answerContext())) as { output: Fields[] };
  assert.equal(output[0]?.["encrypted_content"], undefined);
  const { messages } = await chat.decodeRequest({ model: "m", input: output }, context());
  assert.equal((messages[0] as AssistantMessage).reasoning_content, "Hm");
});

test("an envelope holds what was put in, whatever it is", () => {
  const detail = fc.record({
    type: fc.constant("reasoning.text" as const),
    text: fc.string({ unit: "binary" }),
    signature: fc.string(),
    format: fc.string(),
  });
  fc.assert(
    fc.property(fc.array(detail, { maxLength: 3 }), (all) => {
      const carried = JSON.parse(JSON.stringify({ details: all, calls: { c: extra_content } })) as Parameters<
        typeof sealReasoning
      >[0];
      assert.deepEqual(unsealReasoning(sealReasoning(carried)), carried);
    }),
  );
});

test("an envelope may be long", () => {
  const long: ReasoningDetail[] = [{ type: "reasoning.text", text: "漢".repeat(300_000) }];
  assert.deepEqual(unsealReasoning(sealReasoning({ details: long, calls: {} }))?.details, long);
});

test("what is no envelope of ours is OpenAI's, and what is broken in one is left out", () => {
  const of = (value: unknown): string => btoa(JSON.stringify(value));
  for (const text of [
    undefined,
    1,
    "",
    "gAAAAABo",
    of({ sluice: 2, details: [], calls: {} }),
    `${of({ sluice: 1, details: [] })}`,
    "eyJzbHVpY2UiOjEsäää",
  ]) {
    assert.equal(unsealReasoning(text), undefined, String(text));
  }
  const mixed = of({
    sluice: 1,
    details: [
      null,
      { type: "constructor" },
      { type: "reasoning.text" },
      { type: "reasoning.encrypted", data: "d" },
    ],
    calls: { a: 1, b: {} },
  });
  assert.deepEqual(unsealReasoning(mixed), {
    details: [{ type: "reasoning.encrypted", data: "d" }],
    calls: { b: {} },
  });
});
