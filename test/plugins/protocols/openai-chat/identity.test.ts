import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { ChatAnswer, ChatRequest, Fields } from "../../../../core/index.ts";
import { chunksOf } from "../../../../core/index.ts";
import {
  answerContext,
  assertAnswerIdentity,
  assertRequestIdentity,
  assertStreamIdentity,
  context,
} from "../_codec.ts";
import { answers, requests } from "../_conversations.ts";
import { codec } from "./_codec.ts";
import { documentedAnswers, documentedRequests } from "./_documents.ts";

for (const [name, body] of Object.entries(documentedRequests)) {
  test(`the documented request ${name} is read and written as it is`, async () => {
    const stream = body.stream === true;
    await assertRequestIdentity(codec, body as unknown as Fields, { stream });
  });
}

for (const [name, body] of Object.entries(documentedAnswers)) {
  test(`the documented answer ${name} is read and written as it is`, async () => {
    await assertAnswerIdentity(codec, body as unknown as Fields);
  });
}

for (const [name, request] of Object.entries(requests)) {
  test(`the neutral request ${name} is the same after being written and read`, async () => {
    const about = context();
    const body = codec.encodeRequest(request, about);
    assert.deepEqual(await codec.decodeRequest(structuredClone(body), about), request);
    assert.deepEqual(about.dropped, []);
  });
}

for (const [name, answer] of Object.entries(answers)) {
  test(`the neutral answer ${name} is the same after being written and read, whole and as a stream`, async () => {
    const about = answerContext();
    const body = (await codec.encodeAnswer(answer, about)) as Fields;
    assert.deepEqual(codec.decodeAnswer(JSON.parse(JSON.stringify(body)) as Fields, about), answer);
    assertStreamIdentity(codec, chunksOf(answer));
  });
}

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
const name = fc.stringMatching(/^[a-z_]{1,12}$/);
const id = fc.stringMatching(/^call_[a-zA-Z0-9]{1,20}$/);
const args = fc
  .dictionary(name, fc.oneof(text, fc.integer(), fc.boolean()))
  .map((value) => JSON.stringify(value));
const functionCall = fc.record({
  id,
  type: fc.constant("function" as const),
  function: fc.record({ name, arguments: args }),
});
const customCall = fc.record({
  id,
  type: fc.constant("custom" as const),
  custom: fc.record({ name, input: text }),
});
const call = fc.oneof(functionCall, customCall);

const part = fc.oneof(
  fc.record({ type: fc.constant("text" as const), text }),
  fc.record({
    type: fc.constant("image_url" as const),
    image_url: fc.record(
      { url: fc.webUrl(), detail: fc.constantFrom("low", "high") },
      { requiredKeys: ["url"] },
    ),
  }),
  fc.record({ type: fc.constant("file" as const), file: fc.record({ file_id: name }) }),
);
const message = fc.oneof(
  fc.record({ role: fc.constantFrom("system", "developer"), content: text }),
  fc.record(
    {
      role: fc.constant("user"),
      content: fc.oneof(text, fc.array(part, { minLength: 1, maxLength: 4 })),
      name,
    },
    { requiredKeys: ["role", "content"] },
  ),
  fc.record(
    {
      role: fc.constant("assistant"),
      content: text,
      tool_calls: fc.array(call, { minLength: 1, maxLength: 3 }),
    },
    { requiredKeys: ["role", "content"] },
  ),
  fc.record({ role: fc.constant("tool"), tool_call_id: id, content: text }),
);
const tool = fc.record({
  type: fc.constant("function"),
  function: fc.record(
    {
      name,
      description: text,
      strict: fc.boolean(),
      parameters: fc.record({
        type: fc.constant("object"),
        properties: fc.dictionary(name, fc.constant({ type: "string" })),
      }),
    },
    { requiredKeys: ["name"] },
  ),
});
const request = fc.record(
  {
    model: name,
    messages: fc.array(message, { minLength: 1, maxLength: 6 }),
    temperature: fc.double({ min: 0, max: 2, noNaN: true }).map((value) => value + 0),
    max_completion_tokens: fc.integer({ min: 1, max: 1e6 }),
    stop: fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 4 })),
    n: fc.integer({ min: 1, max: 4 }),
    tools: fc.array(tool, { minLength: 1, maxLength: 3 }),
    tool_choice: fc.constantFrom("none", "auto", "required"),
    reasoning_effort: fc.constantFrom("none", "minimal", "low", "medium", "high", "xhigh"),
    metadata: fc.dictionary(name, text, { noNullPrototype: true }),
    user: text,
  },
  { requiredKeys: ["model", "messages"], noNullPrototype: true },
);

test("any request is read and written as it is", async () => {
  await fc.assert(
    fc.asyncProperty(request, async (body) => {
      const plain = JSON.parse(JSON.stringify(body)) as Fields;
      await assertRequestIdentity(codec, plain);
    }),
    { numRuns: 300 },
  );
});

/** Text that no model begins with `<think>`, and that no vendor's template left a tag in. */
const said = text.filter((one) => !one.includes("think>") && one.trim() !== "");
const answerMessage = fc.oneof(
  fc.record({ role: fc.constant("assistant" as const), content: said }),
  fc.record({ role: fc.constant("assistant" as const), content: said, reasoning_content: said }),
  fc.record({
    role: fc.constant("assistant" as const),
    content: fc.oneof(said, fc.constant(null)),
    tool_calls: fc.array(call, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ role: fc.constant("assistant" as const), content: fc.constant(null), refusal: said }),
);
const count = fc.integer({ min: 0, max: 1e6 });
const answer = fc.record({
  id: name,
  created: count,
  model: name,
  messages: fc.array(answerMessage, { minLength: 1, maxLength: 3 }),
  reason: fc.constantFrom("stop", "length", "content_filter"),
  prompt_tokens: count,
  completion_tokens: count,
});

test("any neutral answer is the same after being written and read, whole and as a stream", async () => {
  await fc.assert(
    fc.asyncProperty(answer, async ({ messages, reason, prompt_tokens, completion_tokens, ...head }) => {
      const made: ChatAnswer = {
        ...head,
        object: "chat.completion",
        choices: messages.map((one, index) => {
          const seen = new Set<string>();
          // Two calls of one message have two ids.
          const calls =
            "tool_calls" in one
              ? one.tool_calls.filter(({ id: own }) => !seen.has(own) && seen.add(own))
              : [];
          const message = {
            ...one,
            ...(calls.length > 0 && { tool_calls: calls }),
          } as ChatAnswer["choices"][0]["message"];
          return { index, message, finish_reason: calls.length > 0 ? "tool_calls" : reason };
        }),
        usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
      };
      // What the generator makes has no prototype.
      const neutral = JSON.parse(JSON.stringify(made)) as ChatAnswer;
      const about = answerContext({ stream_options: { include_usage: true } }, { model: head.model });
      const body = JSON.parse(JSON.stringify(await codec.encodeAnswer(neutral, about))) as Fields;
      assert.deepEqual(codec.decodeAnswer(body, about), neutral);
      assertStreamIdentity(codec, chunksOf(neutral), about);
    }),
    { numRuns: 300 },
  );
});

test("the request of a stream always asks for its usage", async () => {
  const body = { model: "m", messages: [{ role: "user", content: "Hello" }], stream: true };
  const about = context({ stream: true });
  const neutral: ChatRequest = await codec.decodeRequest(body, about);
  assert.deepEqual(codec.encodeRequest(neutral, about), {
    ...body,
    model: "model-1",
    stream_options: { include_usage: true },
  });
});
