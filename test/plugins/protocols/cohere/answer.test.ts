import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { ChatAnswer, ChatChoice, Fields } from "../../../../core/index.ts";
import { answerContext, assertAnswerIdentity } from "../_codec.ts";
import { answers } from "../_conversations.ts";
import { chat, protocol } from "./_cohere.ts";

const usage = {
  billed_units: { input_tokens: 5, output_tokens: 26 },
  tokens: { input_tokens: 71, output_tokens: 26 },
};
const source = {
  type: "document",
  id: "1",
  document: { id: "1", title: "Penguins", url: "https://a.example/p" },
};
const calls = ["Bern", "Rom"].map((city, at) => ({
  id: `get_weather_${at}`,
  type: "function",
  function: { name: "get_weather", arguments: JSON.stringify({ city }) },
}));

/** Answers as the documentation has them. */
const documented: Record<string, Fields> = {
  text: {
    id: "c14c80c3-18eb-4519-9460-6c92edd8cfb4",
    finish_reason: "COMPLETE",
    message: { role: "assistant", content: [{ type: "text", text: "LLMs are …" }] },
    usage,
  },
  "a stop sequence, only billing told": {
    id: "1",
    finish_reason: "STOP_SEQUENCE",
    message: { role: "assistant", content: [{ type: "text", text: "LLMs" }] },
    usage: { billed_units: { input_tokens: 5, output_tokens: 1, search_units: 1, classifications: 0 } },
  },
  calls: {
    id: "2",
    finish_reason: "TOOL_CALL",
    message: { role: "assistant", tool_plan: "I will look the weather up.", tool_calls: calls },
    usage: { ...usage, cached_tokens: 64 },
  },
  "thinking, then calls": {
    id: "3",
    finish_reason: "TOOL_CALL",
    message: {
      role: "assistant",
      content: [{ type: "thinking", thinking: "They want weather." }],
      tool_plan: "I will look.",
      tool_calls: calls,
    },
    usage,
  },
  "thinking, then text": {
    id: "4",
    finish_reason: "MAX_TOKENS",
    message: {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "Hm. " },
        { type: "text", text: "So" },
      ],
    },
    usage,
  },
  "two texts": {
    id: "5",
    finish_reason: "TIMEOUT",
    message: {
      role: "assistant",
      content: [
        { type: "text", text: "One." },
        { type: "text", text: "Two." },
      ],
    },
  },
  citations: {
    id: "6",
    finish_reason: "COMPLETE",
    message: {
      role: "assistant",
      content: [{ type: "text", text: "Both Nsync and others." }],
      citations: [
        { start: 5, end: 10, text: "Nsync", sources: [source], content_index: 0, type: "TEXT_CONTENT" },
        { start: 0, end: 4, text: "Both", sources: [{ type: "tool", id: "x:0", tool_output: { a: "b" } }] },
      ],
    },
    usage,
  },
  logprobs: {
    id: "7",
    finish_reason: "COMPLETE",
    message: { role: "assistant", content: [{ type: "text", text: "Hello!" }] },
    logprobs: [
      { text: "Hel", token_ids: [1, 2], logprobs: [-0.5, -0.25] },
      { text: "lo!", token_ids: [3], logprobs: [-1] },
    ],
    usage,
  },
};

for (const [name, body] of Object.entries(documented)) {
  test(`an answer is the same when it was read and written: ${name}`, () => assertAnswerIdentity(chat, body));
}

const text = fc.string({ minLength: 1 });
const message = fc.record(
  {
    role: fc.constant("assistant"),
    content: fc.array(fc.record({ type: fc.constant("text"), text }), { minLength: 1, maxLength: 3 }),
    tool_plan: text,
    tool_calls: fc.array(
      fc.record({
        id: text,
        type: fc.constant("function"),
        function: fc.record({ name: text, arguments: fc.object().map((value) => JSON.stringify(value)) }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    citations: fc.array(fc.record({ start: fc.nat(), end: fc.nat(), text }), { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: ["role", "content"] },
);
const answer = fc.record(
  {
    id: text,
    finish_reason: fc.constantFrom("COMPLETE", "STOP_SEQUENCE", "MAX_TOKENS", "TOOL_CALL", "TIMEOUT"),
    message,
    usage: fc.record({ tokens: fc.record({ input_tokens: fc.nat(), output_tokens: fc.nat() }) }),
  },
  { requiredKeys: ["id", "finish_reason", "message"] },
);

test("any answer is the same when it was read and written", () =>
  fc.assert(
    fc.asyncProperty(answer, (body) =>
      assertAnswerIdentity(chat, JSON.parse(JSON.stringify(body)) as Fields),
    ),
    { numRuns: 300 },
  ));

const words: Record<string, string> = { stop: "COMPLETE", length: "MAX_TOKENS", tool_calls: "TOOL_CALL" };

for (const [name, neutral] of Object.entries(answers)) {
  test(`a neutral answer comes back: ${name}`, async () => {
    const about = answerContext();
    const again = chat.decodeAnswer((await chat.encodeAnswer(neutral, about)) as Fields, about);
    const choices = neutral.choices.map((choice) => ({
      ...choice,
      native_finish_reason: words[choice.finish_reason],
    }));
    assert.deepEqual(again, { ...neutral, choices });
  });
}

function decode(body: Fields): ChatAnswer {
  return chat.decodeAnswer(body, answerContext());
}

function choiceOf(body: Fields): ChatChoice {
  return decode(body).choices[0]!;
}

test("an answer in the neutral shape", () => {
  const { message, finish_reason, native_finish_reason } = choiceOf(documented["thinking, then calls"]!);
  assert.deepEqual(
    { message, finish_reason, native_finish_reason },
    {
      message: {
        role: "assistant",
        content: "I will look.",
        reasoning_content: "They want weather.",
        tool_calls: calls,
      },
      finish_reason: "tool_calls",
      native_finish_reason: "TOOL_CALL",
    },
  );
});

test("what was billed is not taken for what was used", () => {
  assert.deepEqual(decode(documented["calls"]!).usage, {
    prompt_tokens: 71,
    completion_tokens: 26,
    total_tokens: 97,
    prompt_tokens_details: { cached_tokens: 64 },
    extensions: { cohere: { billed_units: { input_tokens: 5, output_tokens: 26 } } },
  });
});

test("citations of something with an address are links", () => {
  const [link, other] = choiceOf(documented["citations"]!).message.annotations ?? [];
  assert.deepEqual(link?.["url_citation"], {
    start_index: 5,
    end_index: 10,
    url: "https://a.example/p",
    title: "Penguins",
  });
  assert.equal(other?.type, "citation");
});

test("other vendors' links are citations", async () => {
  const link = { start_index: 0, end_index: 5, url: "https://b.example", title: "B" };
  const neutral: ChatAnswer = {
    ...answers["text"]!,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: "Hello there",
          annotations: [
            { type: "url_citation", url_citation: link },
            { type: "file_citation", file_id: "f" },
          ],
        },
        finish_reason: "stop",
      },
    ],
  };
  const written = (await chat.encodeAnswer(neutral, answerContext())) as { message: Fields };
  assert.deepEqual(written.message["citations"], [
    {
      start: 0,
      end: 5,
      text: "Hello",
      sources: [
        { type: "document", id: "https://b.example", document: { url: "https://b.example", title: "B" } },
      ],
      type: "TEXT_CONTENT",
    },
  ]);
});

test("log probabilities of pieces are those of tokens", () => {
  const { content } = choiceOf(documented["logprobs"]!).logprobs as {
    content: { token: string; logprob: number }[];
  };
  assert.deepEqual(
    content.map(({ token, logprob }) => [token, logprob]),
    [
      ["Hel", -0.75],
      ["lo!", -1],
    ],
  );
});

test("empty lists and texts, as some versions write them, say nothing", () => {
  const message = {
    role: "assistant",
    content: [{ type: "text", text: "Hi" }],
    tool_calls: [],
    tool_plan: "",
    citations: [],
  };
  assert.deepEqual(choiceOf({ id: "1", finish_reason: "COMPLETE", message }).message, {
    role: "assistant",
    content: "Hi",
  });
});

test("an answer without a message is refused", () => {
  assert.throws(() => decode({ id: "1" }), { status: 502, code: "upstream_bad_answer" });
});

test("errors are read", () => {
  const read = (body: Fields, status: number): unknown => protocol.readError?.(body, status);
  assert.deepEqual(read({ id: "e-1", message: "invalid api token" }, 401), {
    message: "invalid api token (e-1)",
  });
  assert.deepEqual(read({ message: "too many" }, 200), { message: "too many", status: 502 });
  assert.deepEqual(read({ ...documented["text"], finish_reason: "ERROR" }, 200), {
    message: "The upstream failed while it generated the answer.",
    status: 502,
  });
  assert.equal(read(documented["text"]!, 200), undefined);
});
