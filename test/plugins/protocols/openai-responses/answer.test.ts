import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { GatewayError } from "../../../../core/index.ts";
import type { Fields } from "../../../../core/index.ts";
import { chat } from "../../../../plugins/protocols/openai-responses/codec.ts";
import { answerContext, assertAnswerIdentity } from "../_codec.ts";
import { answers as neutral, redDot } from "../_conversations.ts";
import { anyAnswer } from "./_arbitrary.ts";
import { answers } from "./_objects.ts";
import { told, withoutOwn } from "./_told.ts";

for (const [name, body] of Object.entries(answers)) {
  test(`answer, read and written again: ${name}`, () => assertAnswerIdentity(chat, body));
}

test("any answer, read and written again", async () => {
  await fc.assert(
    fc.asyncProperty(anyAnswer, (body) => assertAnswerIdentity(chat, body as Fields)),
    { numRuns: 300 },
  );
});

for (const [name, answer] of Object.entries(neutral)) {
  test(`neutral answer, written and read again: ${name}`, async () => {
    const about = answerContext();
    const written = JSON.parse(JSON.stringify(await chat.encodeAnswer(answer, about))) as Fields;
    assert.deepEqual(withoutOwn(chat.decodeAnswer(written, about)), told(answer));
  });
}

const head = { object: "chat.completion", created: 1741476542, model: "gpt-4.1-2025-04-14" };
const usage = {
  prompt_tokens: 36,
  completion_tokens: 87,
  total_tokens: 123,
  prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 64 },
};

test("an answer with reasoning, as other protocols' clients get it", () => {
  const read = chat.decodeAnswer(answers["reasoning"] as Fields, answerContext());
  const about = { id: "rs_6820f383d7c08191", format: "openai-responses-v1" };
  assert.deepEqual(withoutOwn(read), {
    id: "resp_67ccd2bed1ec8190",
    ...head,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: "In a peaceful grove — 🌿 …",
          reasoning_content: "**Answering**\n\nLet me see.\n\n**Again**",
          reasoning_details: [
            { type: "reasoning.summary", summary: "**Answering**\n\nLet me see.", ...about },
            { type: "reasoning.summary", summary: "**Again**", ...about },
            { type: "reasoning.encrypted", data: "gAAAAABoISQ24OyVRYbk", ...about },
          ],
        },
        finish_reason: "stop",
        native_finish_reason: "completed",
      },
    ],
    usage,
  });
});

test("calls, citations, images, refusals and probabilities are told as Chat Completions tells them", () => {
  const choice = (name: string): Fields =>
    withoutOwn(chat.decodeAnswer(answers[name] as Fields, answerContext())).choices[0] as unknown as Fields;
  assert.deepEqual(choice("functions"), {
    index: 0,
    message: {
      role: "assistant",
      content: null,
      tool_calls: [
        {
          id: "call_unLAR8M",
          type: "function",
          function: { name: "get_weather", arguments: '{"location":"Boston, MA"}' },
        },
        { id: "call_unLAR8N", type: "function", function: { name: "now", arguments: "{}" } },
        { id: "call_c", type: "custom", custom: { name: "math_exp", input: "4 + 4" } },
      ],
    },
    finish_reason: "tool_calls",
    native_finish_reason: "completed",
  });
  assert.deepEqual((choice("web search")["message"] as Fields)["annotations"], [
    {
      type: "url_citation",
      url_citation: { start_index: 0, end_index: 5, url: "https://example.org", title: "News" },
    },
    { type: "file_citation", index: 3, file_id: "file-1", filename: "a.pdf" },
  ]);
  assert.deepEqual((choice("an image")["message"] as Fields)["images"], [
    { type: "image_url", image_url: { url: `data:image/png;base64,${redDot}` } },
  ]);
  assert.deepEqual(choice("refusal")["message"], { role: "assistant", content: null, refusal: "I'm sorry." });
  assert.deepEqual(choice("text and refusal")["message"], {
    role: "assistant",
    content: "In a peaceful grove — 🌿 …",
    refusal: "I'm sorry.",
  });
  assert.deepEqual((choice("text with logprobs")["logprobs"] as Fields)["content"], [
    {
      token: "Hi",
      bytes: [72, 105],
      logprob: -0.1,
      top_logprobs: [{ token: "Ho", bytes: [72, 111], logprob: -2 }],
    },
  ]);
  assert.equal(choice("cut off")["finish_reason"], "length");
  assert.equal(choice("filtered")["finish_reason"], "content_filter");
});

test("a whole response for a client of this protocol, made of another's answer", async () => {
  const request = await chat.decodeRequest(
    {
      model: "claude",
      input: "Hi",
      instructions: "Be short.",
      temperature: 0.5,
      metadata: { a: "b" },
      tools: [{ type: "function", name: "now", parameters: null, strict: true }],
      text: { verbosity: "low" },
      user: "u",
    },
    answerContext({}, { model: "claude" }),
  );
  const written = await chat.encodeAnswer(
    {
      id: "msg_01",
      object: "chat.completion",
      created: 1_700_000_000,
      model: "claude-4-20250514",
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: "It is late.",
            annotations: [
              {
                type: "url_citation",
                url_citation: { url: "https://a.example", title: "A", start_index: 0, end_index: 2 },
              },
            ],
            images: [{ type: "image_url", image_url: { url: `data:image/webp;base64,${redDot}` } }],
            tool_calls: [{ id: "toolu_1", type: "function", function: { name: "now", arguments: "" } }],
          },
          finish_reason: "length",
          native_finish_reason: "max_tokens",
        },
      ],
      usage: {
        prompt_tokens: 5,
        completion_tokens: 6,
        total_tokens: 11,
        prompt_tokens_details: { cached_tokens: 2, cache_write_tokens: 1 },
      },
      service_tier: "standard",
    },
    { ...answerContext({}, { model: "claude" }), request },
  );
  const core = "00000000000040008000000000000001";
  assert.deepEqual(JSON.parse(JSON.stringify(written)), {
    id: `resp_${core}`,
    object: "response",
    created_at: 1_700_000_000,
    status: "incomplete",
    error: null,
    incomplete_details: { reason: "max_output_tokens" },
    model: "claude",
    output: [
      {
        id: `msg_${core}0`,
        type: "message",
        status: "completed",
        role: "assistant",
        content: [
          {
            type: "output_text",
            text: "It is late.",
            annotations: [
              { type: "url_citation", url: "https://a.example", title: "A", start_index: 0, end_index: 2 },
            ],
          },
        ],
      },
      {
        id: `ig_${core}1`,
        type: "image_generation_call",
        status: "completed",
        result: redDot,
        output_format: "webp",
      },
      {
        id: `fc_${core}2`,
        type: "function_call",
        status: "incomplete",
        call_id: "toolu_1",
        name: "now",
        arguments: "{}",
      },
    ],
    usage: {
      input_tokens: 5,
      input_tokens_details: { cached_tokens: 2, cache_write_tokens: 1 },
      output_tokens: 6,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 11,
    },
    service_tier: "standard",
    background: false,
    instructions: "Be short.",
    max_output_tokens: null,
    metadata: { a: "b" },
    parallel_tool_calls: true,
    previous_response_id: null,
    prompt_cache_key: null,
    reasoning: { effort: null, summary: null },
    safety_identifier: null,
    store: true,
    temperature: 0.5,
    text: { format: { type: "text" }, verbosity: "low" },
    tool_choice: "auto",
    tools: [{ type: "function", name: "now", parameters: null, strict: true }],
    top_logprobs: 0,
    top_p: 1,
    truncation: "disabled",
    user: "u",
  });
});

const bad: [name: string, body: Fields, status: number, message: RegExp][] = [
  [
    "failed",
    { status: "failed", output: [], error: { code: "rate_limit_exceeded", message: "Slow down." } },
    429,
    /Slow down/,
  ],
  ["failed, without a reason", { status: "failed", output: [], error: null }, 502, /failed/],
  [
    "an image's fault",
    { status: "failed", error: { code: "invalid_image_url", message: "No." } },
    400,
    /No\./,
  ],
  ["in the background", { status: "queued", output: [] }, 502, /not finished/],
  ["without output", { status: "completed" }, 502, /no output/],
  ["with an item that is none", { status: "completed", output: ["secret"] }, 502, /an item/],
  [
    "with a call without a name",
    { status: "completed", output: [{ type: "function_call", call_id: "secret" }] },
    502,
    /an item/,
  ],
];
for (const [name, body, status, message] of bad) {
  test(`an answer that is refused: ${name}`, () => {
    assert.throws(
      () => chat.decodeAnswer(body, answerContext()),
      (error) =>
        error instanceof GatewayError &&
        error.status === status &&
        message.test(error.message) &&
        !error.message.includes("secret"),
    );
  });
}
