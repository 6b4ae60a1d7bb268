import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { ChatAnswer, Fields } from "../../../../core/index.ts";
import { chunksOf } from "../../../../core/index.ts";
import {
  answerContext,
  assertAnswerIdentity,
  assertRequestIdentity,
  context,
  decodeStream,
  join,
} from "../_codec.ts";
import * as neutral from "../_conversations.ts";
import { claude, codec, frames, nova, written } from "./_bedrock.ts";
import * as documented from "./_documented.ts";

for (const [name, body] of Object.entries(documented.requests)) {
  test(`request ${name}: read and written again, it is the same`, async () => {
    for (const model of ["model-1", claude]) await assertRequestIdentity(codec, body as Fields, { model });
  });
}

for (const [name, body] of Object.entries(documented.answers)) {
  test(`answer ${name}: read and written again, it is the same`, async () => {
    for (const model of ["model-1", claude, nova]) {
      await assertAnswerIdentity(codec, body as Fields, {}, { model });
    }
  });
}

for (const [name, request] of Object.entries(neutral.requests)) {
  test(`conversation ${name}: written and read again, it is the same`, async () => {
    const about = context();
    const body = JSON.parse(JSON.stringify(codec.encodeRequest(request, about))) as Fields;
    assert.deepEqual(about.dropped, []);
    const again = await codec.decodeRequest(body, about);
    // What hangs on the model is kept beside what was read of it.
    const { extensions: _, ...rest } = again;
    assert.deepEqual(rest, request);
  });
}

/** Converse has no id, time or model, and a word of its own for why it stopped: the call's stand for them. */
function asConverseSaysIt(answer: ChatAnswer): ChatAnswer {
  const { id, created, model } = answerContext();
  const words = { stop: "end_turn", length: "max_tokens", tool_calls: "tool_use" } as Record<string, string>;
  const choices = answer.choices.map((choice) => ({
    ...choice,
    native_finish_reason: words[choice.finish_reason] ?? "",
  }));
  return { ...answer, id, created, model, choices };
}

/** The same without the time that it took. */
function withoutLatency(answer: ChatAnswer | undefined): ChatAnswer | undefined {
  const { extensions: _, ...rest } = answer ?? ({} as ChatAnswer);
  return rest;
}

for (const [name, answer] of Object.entries(neutral.answers)) {
  test(`answer ${name}: written and read again, whole and as a stream, it is the same`, async () => {
    const about = answerContext({ stream_options: { include_usage: true } });
    const body = JSON.parse(JSON.stringify(await codec.encodeAnswer(answer, about))) as Fields;
    assert.deepEqual(withoutLatency(codec.decodeAnswer(body, about)), asConverseSaysIt(answer));
    const bytes = written(codec.encodeStream(about), chunksOf(answer));
    const again = decodeStream(codec, [bytes], about, frames);
    assert.equal(again.complete, true);
    assert.deepEqual(withoutLatency(join(again.chunks)), asConverseSaysIt(answer));
  });
}

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((one) => one.trim() === one);
const word = fc.stringMatching(/^[A-Za-z][\w-]{0,20}$/);
const base64 = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .map((bytes) => btoa(String.fromCharCode(...bytes)));
const json = fc.dictionary(
  word,
  fc
    .jsonValue({ maxDepth: 2 })
    .filter((value) => !Object.is(value, -0) && !JSON.stringify(value).includes("__proto__")),
);
const point = fc.constant({ cachePoint: { type: "default" } });
const image = base64.map((bytes) => ({ image: { format: "png", source: { bytes } } }));
const plain = fc.oneof(
  text.map((one) => ({ text: one })),
  image,
);
const marked = <T>(block: fc.Arbitrary<T>) =>
  fc
    .tuple(block, fc.option(point, { nil: undefined }))
    .map((pair) => pair.filter((one) => one !== undefined));
const toolResult = fc.record({
  toolResult: fc.record(
    {
      toolUseId: word,
      content: fc.array(
        fc.oneof(
          plain,
          json.map((value) => ({ json: value })),
        ),
        { maxLength: 3 },
      ),
      status: fc.constantFrom("success", "error"),
    },
    { requiredKeys: ["toolUseId", "content"] },
  ),
});
const toolUse = fc.record({ toolUse: fc.record({ toolUseId: word, name: word, input: json }) });
const reasoning = fc.record({
  reasoningContent: fc.oneof(
    fc.record({ reasoningText: fc.record({ text, signature: base64 }) }),
    base64.map((redactedContent) => ({ redactedContent })),
  ),
});
const userTurn = fc
  .tuple(
    fc.array(marked(toolResult), { maxLength: 2 }),
    fc.array(marked(plain), { minLength: 1, maxLength: 3 }),
  )
  .map(([results, content]) => ({ role: "user", content: [...results.flat(), ...content.flat()] }));
const assistantTurn = fc
  .array(
    fc.oneof(
      marked(text.map((one) => ({ text: one }))),
      marked(toolUse),
      reasoning.map((one) => [one]),
    ),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((blocks) => ({ role: "assistant", content: blocks.flat() }));
const conversation = fc
  .tuple(userTurn, fc.array(fc.tuple(assistantTurn, userTurn), { maxLength: 3 }))
  .map(([first, rest]) => [first, ...rest.flat()]);
const tools = fc
  .array(
    marked(
      fc.record({
        toolSpec: fc.record(
          {
            name: word,
            description: text,
            inputSchema: json.map((one) => ({ json: one })),
            strict: fc.boolean(),
          },
          { requiredKeys: ["name", "inputSchema"] },
        ),
      }),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((list) => ({ tools: list.flat() }));
const request = fc.record(
  {
    messages: conversation,
    system: fc.array(
      text.map((one) => ({ text: one })),
      { minLength: 1, maxLength: 3 },
    ),
    inferenceConfig: fc.record(
      {
        maxTokens: fc.nat(),
        temperature: fc.constantFrom(0, 0.5, 1),
        stopSequences: fc.array(text, { maxLength: 3 }),
      },
      { requiredKeys: ["maxTokens"] },
    ),
    toolConfig: tools,
    requestMetadata: fc.dictionary(word, text),
    serviceTier: fc.constantFrom({ type: "default" }, { type: "priority" }),
    additionalModelRequestFields: json,
    performanceConfig: fc.constant({ latency: "optimized" }),
  },
  { requiredKeys: ["messages", "toolConfig"] },
);

test("any request, read and written again, is the same", async () => {
  await fc.assert(
    fc.asyncProperty(request, async (body) => assertRequestIdentity(codec, asSent(body), { model: claude })),
    { numRuns: 150 },
  );
});

function asSent(body: object): Fields {
  return JSON.parse(JSON.stringify(body)) as Fields;
}

const answer = fc.record(
  {
    output: assistantTurn.map((message) => ({ message })),
    stopReason: fc.constantFrom(
      "end_turn",
      "tool_use",
      "max_tokens",
      "guardrail_intervened",
      "malformed_tool_use",
    ),
    usage: fc.record(
      {
        inputTokens: fc.nat(),
        outputTokens: fc.nat(),
        totalTokens: fc.nat(),
        cacheReadInputTokens: fc.nat(),
      },
      { requiredKeys: ["inputTokens", "outputTokens", "totalTokens"] },
    ),
    metrics: fc.record({ latencyMs: fc.nat() }),
    trace: json,
  },
  { requiredKeys: ["output", "stopReason", "usage", "metrics"] },
);

test("any answer, read and written again, is the same", async () => {
  await fc.assert(
    fc.asyncProperty(answer, async (body) =>
      assertAnswerIdentity(codec, asSent(body), {}, { model: claude }),
    ),
    { numRuns: 150 },
  );
});
