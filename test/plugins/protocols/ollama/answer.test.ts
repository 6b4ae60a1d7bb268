import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { newToolId } from "../../../../core/index.ts";
import type { ChatAnswer, Fields } from "../../../../core/index.ts";
import { answerContext, assertAnswerIdentity } from "../_codec.ts";
import { answers } from "../_conversations.ts";
import { at, chat, protocol } from "./_ollama.ts";

const times = {
  total_duration: 5_191_566_416,
  load_duration: 2_154_458,
  prompt_eval_count: 26,
  prompt_eval_duration: 383_809_000,
  eval_count: 298,
  eval_duration: 4_799_921_000,
};
const around = {
  model: "llama3.2",
  created_at: "2023-12-12T14:13:43.416799Z",
  done: true,
  done_reason: "stop",
};
const call = { function: { name: "get_temperature", arguments: { city: "Toronto" } } };

/** Answers as the documentation has them. */
const documented: Record<string, Fields> = {
  text: { ...around, message: { role: "assistant", content: "Hello! How are you today?" }, ...times },
  "one cut off": {
    ...around,
    done_reason: "length",
    message: { role: "assistant", content: "Hel" },
    ...times,
  },
  calls: { ...around, message: { role: "assistant", content: "", tool_calls: [call, call] }, ...times },
  "calls with ids": {
    ...around,
    message: { role: "assistant", content: "", tool_calls: [{ id: "call_1", ...call }] },
    ...times,
  },
  thinking: { ...around, message: { role: "assistant", content: "3", thinking: "rrr" }, ...times },
  logprobs: {
    ...around,
    message: { role: "assistant", content: "Hi" },
    logprobs: [
      { token: "Hi", logprob: -0.1, bytes: [72, 105], top_logprobs: [{ token: "Hi", logprob: -0.1 }] },
    ],
    ...times,
  },
  "a model that was loaded": { ...around, done_reason: "load", message: { role: "assistant", content: "" } },
};

for (const [name, body] of Object.entries(documented)) {
  test(`an answer is the same when it was read and written: ${name}`, () =>
    assertAnswerIdentity(chat, body, {}, at("/api/chat")));
}

const text = fc.string({ minLength: 1 });
const answer = fc.record({
  model: text,
  created_at: fc.constant("2023-12-12T14:13:43.416799Z"),
  message: fc.record(
    {
      role: fc.constant("assistant"),
      content: fc.string(),
      thinking: text,
      tool_calls: fc.array(
        fc.record(
          { id: text, function: fc.record({ name: text, arguments: fc.object() }) },
          { requiredKeys: ["function"] },
        ),
        { minLength: 1, maxLength: 3 },
      ),
    },
    { requiredKeys: ["role", "content"] },
  ),
  done: fc.constant(true),
  done_reason: fc.constantFrom("stop", "length"),
  total_duration: fc.nat(),
  prompt_eval_count: fc.nat(),
  eval_count: fc.nat(),
});

test("any answer is the same when it was read and written", () =>
  fc.assert(
    fc.asyncProperty(answer, (body) =>
      assertAnswerIdentity(chat, JSON.parse(JSON.stringify(body)) as Fields, {}, at("/api/chat")),
    ),
    { numRuns: 300 },
  ));

for (const [name, neutral] of Object.entries(answers)) {
  test(`a neutral answer comes back: ${name}`, async () => {
    const about = answerContext({}, at("/api/chat"));
    const again = chat.decodeAnswer((await chat.encodeAnswer(neutral, about)) as Fields, about);
    // There is no id, and calls end an answer as text does.
    const choices = neutral.choices.map((choice) => ({
      ...choice,
      native_finish_reason: choice.finish_reason === "length" ? "length" : "stop",
    }));
    const extensions = { ollama: { created_at: "2023-11-14T22:13:20.000Z" } };
    assert.deepEqual(again, { ...neutral, id: about.id, choices, extensions });
  });
}

test("an answer in the neutral shape", () => {
  const about = answerContext({}, at("/api/chat"));
  assert.deepEqual(chat.decodeAnswer(documented["calls"]!, about), {
    id: about.id,
    object: "chat.completion",
    created: 1_702_390_423,
    model: "model-1",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: null,
          tool_calls: [0, 1].map((place) => ({
            id: newToolId(about.id, place),
            type: "function",
            function: { name: "get_temperature", arguments: '{"city":"Toronto"}' },
          })),
        },
        finish_reason: "tool_calls",
        native_finish_reason: "stop",
      },
    ],
    usage: { prompt_tokens: 26, completion_tokens: 298, total_tokens: 324 },
    extensions: {
      ollama: {
        created_at: around.created_at,
        total_duration: times.total_duration,
        load_duration: times.load_duration,
        prompt_eval_duration: times.prompt_eval_duration,
        eval_duration: times.eval_duration,
      },
    },
  });
});

test("the answer to a prompt is its response", async () => {
  const neutral: ChatAnswer = {
    ...answers["text"]!,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "Blue.", reasoning_content: "Sky." },
        finish_reason: "content_filter",
      },
    ],
  };
  assert.deepEqual(await chat.encodeAnswer(neutral, answerContext({}, at("/api/generate"))), {
    model: "model-1",
    created_at: "2023-11-14T22:13:20.000Z",
    response: "Blue.",
    thinking: "Sky.",
    done: true,
    done_reason: "content_filter",
    prompt_eval_count: 12,
    eval_count: 5,
  });
});

test("an answer without a message is refused", () => {
  assert.throws(() => chat.decodeAnswer({ done: true }, answerContext()), { status: 502 });
});

test("errors are read and rendered", () => {
  assert.deepEqual(protocol.readError?.({ error: "model 'x' not found" }, 404), {
    message: "model 'x' not found",
  });
  assert.deepEqual(protocol.readError?.({ error: "broken" }, 200), { message: "broken", status: 502 });
  assert.equal(protocol.readError?.(documented["text"]!, 200), undefined);
});

test("whole answers are read along", () => {
  const usage = { inputTokens: 26, outputTokens: 298 };
  assert.deepEqual(protocol.readUsage?.(documented["text"]), usage);
  assert.equal(protocol.readText?.(documented["text"]), "Hello! How are you today?");
  assert.equal(protocol.readText?.({ response: "The sky" }), "The sky");
  assert.equal(protocol.readUsage?.({ embedding: [] }), undefined);
});
