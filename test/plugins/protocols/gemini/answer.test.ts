import assert from "node:assert/strict";
import { test } from "node:test";
import { protocol } from "../../../../plugins/protocols/gemini/index.ts";
import { answerContext } from "../_codec.ts";
import { redDot } from "../_conversations.ts";
import { answers } from "./_documents.ts";
import type { ChatAnswer, Fields } from "../../../../core/index.ts";

const { chat } = protocol.codecs;

function read(name: string): ChatAnswer {
  return chat.decodeAnswer(structuredClone(answers[name] ?? {}), answerContext());
}

function first(name: string): ChatAnswer["choices"][number] {
  const [choice] = read(name).choices;
  assert.ok(choice);
  return choice;
}

test("thoughts, their signature and what they cost", () => {
  const { choices, usage } = read("thoughts");
  const { message } = choices[0] ?? {};
  assert.equal(message?.content, "It is 42.");
  assert.equal(message?.reasoning_content, "**Considering**\n\n");
  assert.deepEqual(message?.reasoning_details, [
    { type: "reasoning.text", text: "**Considering**\n\n", format: "google-gemini-v1" },
    { type: "reasoning.encrypted", data: "c2ln", format: "google-gemini-v1" },
  ]);
  const { extensions: _, ...plain } = usage ?? {};
  assert.deepEqual(plain, {
    prompt_tokens: 15,
    completion_tokens: 70,
    total_tokens: 78,
    prompt_tokens_details: { cached_tokens: 4, audio_tokens: 5 },
    completion_tokens_details: { reasoning_tokens: 50 },
  });
});

test("a stop at function calls is for the calls, whose ids are unique", () => {
  const { message, finish_reason } = first("functions");
  assert.equal(finish_reason, "tool_calls");
  assert.equal(message.content, null);
  const calls = message.tool_calls ?? [];
  assert.deepEqual(
    calls.map((call) => call.type === "function" && call.function.arguments),
    ['{"city":"Paris"}', '{"city":"Rome"}', "{}"],
  );
  assert.equal(new Set(calls.map(({ id }) => id)).size, 3);
  assert.equal(calls[2]?.id, "fc-1");
});

test("reasons to end", () => {
  const reasons: Record<string, string> = {
    "cut off while thinking": "length",
    unsafe: "content_filter",
    blocked: "content_filter",
    "a call that is not one": "stop",
  };
  for (const [name, reason] of Object.entries(reasons)) assert.equal(first(name).finish_reason, reason, name);
  assert.equal(first("blocked").message.refusal, "The prompt was blocked: PROHIBITED_CONTENT.");
  assert.throws(() => chat.decodeAnswer({}, answerContext()), /no candidates/);
});

test("citations, log probabilities, images and speech", () => {
  const cited = (url: string, title: string, start: number, end: number) => ({
    type: "url_citation",
    url_citation: { start_index: start, end_index: end, url, title },
  });
  assert.deepEqual(first("grounded").message.annotations, [
    cited("https://a.example/1", "a.example", 0, 20),
    cited("https://b.example", "", 2, 9),
  ]);
  const token = { token: "Hi", logprob: -0.2, bytes: [72, 105] };
  assert.deepEqual(first("log probabilities").logprobs, { content: [{ ...token, top_logprobs: [token] }] });
  const image = { type: "image_url", image_url: { url: `data:image/png;base64,${redDot}` } };
  const { images } = first("images between texts").message;
  assert.deepEqual(
    images?.map(({ type, image_url }) => ({ type, image_url })),
    [image, image],
  );
  assert.deepEqual(first("speech").message.audio, {
    data: "AAAA",
    transcript: "",
    mime_type: "audio/L16;codec=pcm;rate=24000",
  });
});

const base = { id: "a", object: "chat.completion" as const, created: 1, model: "model-1" };

test("another vendor's answer for a client of Gemini's", async () => {
  const answer: ChatAnswer = {
    ...base,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: "Zürich ist schön.",
          reasoning_content: "Hm.",
          annotations: [
            {
              type: "url_citation",
              url_citation: { start_index: 11, end_index: 16, url: "https://a.example", title: "A" },
            },
          ],
        },
        finish_reason: "length",
        native_finish_reason: "max_tokens",
        logprobs: { content: [{ token: "Z", logprob: -1, bytes: null, top_logprobs: [] }] },
      },
      {
        index: 1,
        message: { role: "assistant", content: null, refusal: "No." },
        finish_reason: "content_filter",
      },
    ],
    usage: {
      prompt_tokens: 10,
      completion_tokens: 7,
      total_tokens: 17,
      prompt_tokens_details: { cached_tokens: 2 },
      completion_tokens_details: { reasoning_tokens: 3 },
    },
  };
  const about = answerContext({ reasoning: { exclude: false } });
  assert.deepEqual(JSON.parse(JSON.stringify(await chat.encodeAnswer(answer, about))), {
    candidates: [
      {
        content: { parts: [{ text: "Hm.", thought: true }, { text: "Zürich ist schön." }], role: "model" },
        finishReason: "MAX_TOKENS",
        logprobsResult: {
          chosenCandidates: [{ token: "Z", logProbability: -1 }],
          topCandidates: [{ candidates: [] }],
        },
        groundingMetadata: {
          groundingChunks: [{ web: { uri: "https://a.example", title: "A" } }],
          groundingSupports: [
            { segment: { startIndex: 12, endIndex: 18, text: "schön" }, groundingChunkIndices: [0] },
          ],
        },
        index: 0,
      },
      { content: { parts: [{ text: "No." }], role: "model" }, finishReason: "SAFETY", index: 1 },
    ],
    usageMetadata: {
      promptTokenCount: 10,
      candidatesTokenCount: 4,
      totalTokenCount: 17,
      thoughtsTokenCount: 3,
      cachedContentTokenCount: 2,
    },
    modelVersion: "model-1",
    responseId: "a",
  });
});

test("who did not ask for thoughts gets none, and brings back another vendor's all the same", async () => {
  const details = [
    { type: "reasoning.text" as const, text: "Überlegt.", signature: "c2ln", format: "anthropic-claude-v1" },
  ];
  const call = { id: "toolu_1", type: "function" as const, function: { name: "f", arguments: "{}" } };
  const message = {
    role: "assistant" as const,
    content: "Ok.",
    reasoning_content: "Überlegt.",
    reasoning_details: details,
  };
  const answer: ChatAnswer = {
    ...base,
    choices: [{ index: 0, message: { ...message, tool_calls: [call] }, finish_reason: "tool_calls" }],
  };
  const body = await chat.encodeAnswer(answer, answerContext());
  const [{ content }] = body["candidates"] as [{ content: { parts: Fields[] } }];
  assert.deepEqual(content.parts[0], { text: "Ok." });
  assert.deepEqual(Object.keys(content.parts[1] ?? {}), ["functionCall", "thoughtSignature"]);
  // Clients that keep signatures as bytes write them in the other alphabet.
  const [, signed] = content.parts;
  if (signed)
    signed["thoughtSignature"] = String(signed["thoughtSignature"]).replaceAll("+", "-").replaceAll("/", "_");
  const { messages } = await chat.decodeRequest({ contents: [content] }, answerContext());
  assert.deepEqual(messages, [{ ...message, tool_calls: [call] }]);
});
