import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Completion, CompletionCreateParams } from "openai/resources/completions";
import { chunksOf, GatewayError } from "../../../../core/index.ts";
import type {
  ChatAnswer,
  ChatChunk,
  ChatRequest,
  Fields,
  GatewayContext,
  Protocol,
} from "../../../../core/index.ts";
import plugin from "../../../../plugins/protocols/openai-completions/index.ts";
import {
  answerContext,
  assertAnswerIdentity,
  assertCutsDoNotMatter,
  assertRequestIdentity,
  assertStreamIdentity,
  bytesOf,
  context,
  decodeStream,
} from "../_codec.ts";
import type { ChatCodec } from "../_codec.ts";
import { answers, requests } from "../_conversations.ts";

const parts = await plugin.setup(undefined as never, {} as GatewayContext);
const protocol = parts.protocol as Protocol;
const codec = protocol.codecs?.chat as ChatCodec;

const documentedRequests: Record<string, CompletionCreateParams> = {
  default: { model: "gpt-3.5-turbo-instruct", prompt: "Say this is a test", max_tokens: 7, temperature: 0 },
  everySetting: {
    model: "gpt-3.5-turbo-instruct",
    prompt: "Say",
    best_of: 3,
    echo: true,
    suffix: "the end",
    frequency_penalty: 0.5,
    presence_penalty: -0.5,
    logit_bias: { "50256": -100 },
    logprobs: 2,
    max_tokens: 16,
    n: 2,
    seed: 4,
    stop: ["END"],
    temperature: 0.5,
    top_p: 0.9,
    user: "user-1",
    stream: false,
  },
  streamed: { model: "m", prompt: "Say", stream: true, stream_options: { include_usage: true } },
};

const usage = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 };
const head = {
  id: "cmpl-1",
  object: "text_completion" as const,
  created: 1_589_478_378,
  model: "gpt-3.5-turbo-instruct",
};
const documentedAnswers: Record<string, Completion> = {
  default: {
    ...head,
    system_fingerprint: "fp_44709d6fcb",
    choices: [{ text: "\n\nThis is indeed a test", index: 0, logprobs: null, finish_reason: "length" }],
    usage,
  },
  logprobs: {
    ...head,
    choices: [
      {
        text: "Hi ü",
        index: 0,
        logprobs: {
          tokens: ["Hi", " ü"],
          token_logprobs: [-0.1, -0.2],
          top_logprobs: [{ Hi: -0.1, Ho: -2 }, { " ü": -0.2 }],
          text_offset: [0, 2],
        },
        finish_reason: "stop",
      },
      { text: "", index: 1, logprobs: null, finish_reason: "content_filter" },
    ],
  },
};

for (const [name, body] of Object.entries(documentedRequests)) {
  test(`the documented request ${name} is read and written as it is`, () =>
    assertRequestIdentity(codec, body as unknown as Fields, { stream: body.stream === true }));
}

for (const [name, body] of Object.entries(documentedAnswers)) {
  test(`the documented answer ${name} is read and written as it is`, () =>
    assertAnswerIdentity(codec, body as unknown as Fields));
}

const text = fc.string({ unit: "grapheme", minLength: 1 });
const request = fc.record(
  {
    model: text,
    prompt: text,
    max_tokens: fc.nat(),
    n: fc.nat(),
    stop: text,
    temperature: fc.nat(2),
    logprobs: fc.nat(5),
    suffix: text,
  },
  { requiredKeys: ["model", "prompt"], noNullPrototype: true },
);

test("any request is read and written as it is", () =>
  fc.assert(fc.asyncProperty(request, (body) => assertRequestIdentity(codec, body))));

test("a list of one prompt is that prompt; others, tokens and none are refused", async () => {
  const decode = (prompt: unknown): Promise<ChatRequest> =>
    Promise.resolve().then(() => codec.decodeRequest({ model: "m", prompt }, context()));
  assert.deepEqual((await decode(["a"])).messages, [{ role: "user", content: "a" }]);
  for (const prompt of [["a", "b"], [1, 2], [[1]], [], null, undefined, 7]) {
    await assert.rejects(
      decode(prompt),
      (error) => error instanceof GatewayError && error.status === 400 && error.param === "prompt",
    );
  }
});

test("what says nothing is no extension", async () => {
  const body = { model: "m", prompt: "a", suffix: null, echo: false, best_of: 1 };
  assert.equal((await codec.decodeRequest(body, context())).extensions, undefined);
});

/** What a text alone can carry of a conversation, and what cannot be said. */
const written: Record<keyof typeof requests, [prompt: string, dropped: string[]]> = {
  text: ["System: Be short.\n\nUser: Hello, Wörld 🌍\n\nAssistant:", []],
  turns: ["User: One\n\nAssistant: Two\n\nUser: Three\n\nAssistant:", []],
  image: ["What is this?", ["messages.content.image_url"]],
  tools: [
    "User: Weather in Paris and Rome?\n\nAssistant: I will look.\n\nTool: 18 degrees\n\nTool: 22 degrees\n\nAssistant:",
    ["messages.tool_calls", "tools"],
  ],
  schema: ["A city.", ["response_format"]],
};

for (const [name, neutral] of Object.entries(requests)) {
  test(`the neutral request ${name} becomes a prompt`, () => {
    const about = context();
    const { prompt, max_tokens } = codec.encodeRequest(neutral, about);
    const [expected, dropped] = written[name] ?? [];
    assert.deepEqual([prompt, max_tokens, about.dropped.sort()], [expected, 100, dropped]);
  });
}

for (const [name, answer] of Object.entries(answers).filter(([name]) => name !== "tools")) {
  test(`the neutral answer ${name} is the same after being written and read, whole and as a stream`, async () => {
    const body = (await codec.encodeAnswer(answer, answerContext())) as Fields;
    assert.deepEqual(codec.decodeAnswer(body, answerContext()), answer);
    assertStreamIdentity(codec, chunksOf(answer));
  });
}

test("calls and reasoning are no text: an answer of them is empty and ends", async () => {
  const { choices } = (await codec.encodeAnswer(answers["tools"] as ChatAnswer, answerContext())) as {
    choices: unknown;
  };
  assert.deepEqual(choices, [{ text: "", index: 0, logprobs: null, finish_reason: "stop" }]);
});

const event = (choices: Fields[], rest: Fields = {}): string =>
  `data: ${JSON.stringify({ ...head, choices, ...rest })}\n\n`;
const recorded = [
  event([{ text: "Grü", index: 0, logprobs: null, finish_reason: null }]),
  event([{ text: "ße 🌍", index: 0, logprobs: null, finish_reason: null }]),
  event([{ text: "", index: 0, logprobs: null, finish_reason: "stop" }]),
  event([], { usage }),
];
const done = "data: [DONE]\n\n";

test("a recorded stream is read chunk by chunk", () => {
  const base = { ...head, object: "chat.completion.chunk" };
  const expected = [
    { ...base, choices: [{ index: 0, delta: { role: "assistant", content: "Grü" }, finish_reason: null }] },
    { ...base, choices: [{ index: 0, delta: { content: "ße 🌍" }, finish_reason: null }] },
    { ...base, choices: [{ index: 0, delta: { content: "" }, finish_reason: "stop" }] },
    { ...base, choices: [], usage },
  ] as ChatChunk[];
  const bytes = bytesOf(recorded.join("") + done);
  assert.deepEqual(decodeStream(codec, [bytes]), { chunks: expected, complete: true });
  assertCutsDoNotMatter(codec, bytes);
});

test("a stream without its end is not complete, one with an error breaks", () => {
  assert.equal(decodeStream(codec, [bytesOf(recorded.slice(0, 2).join(""))]).complete, false);
  assert.throws(
    () => decodeStream(codec, [bytesOf(`${recorded[0]}data: {"error":{"message":"Busy.","code":503}}\n\n`)]),
    (error) => error instanceof GatewayError && error.status === 503 && error.message === "Busy.",
  );
});

test("a stream for a client has its text, usage last, and the offsets of its tokens", () => {
  const encoder = codec.encodeStream(
    answerContext({ stream_options: { include_usage: true } }, { model: "asked" }),
  );
  const chunk = (choice: Fields): string =>
    encoder.chunk({
      ...head,
      object: "chat.completion.chunk",
      choices: [{ index: 0, ...choice }],
    } as unknown as ChatChunk);
  const logprobs = { content: [{ token: "b", logprob: -1, bytes: null, top_logprobs: [] }] };
  assert.equal(chunk({ delta: { role: "assistant" } }), "");
  assert.equal(chunk({ delta: { reasoning_content: "Hm." } }), "");
  const base = '{"id":"cmpl-1","object":"text_completion","created":1589478378,"model":"asked","choices":[';
  assert.equal(
    chunk({ delta: { content: "a" } }),
    `data: ${base}{"text":"a","index":0,"logprobs":null,"finish_reason":null}]}\n\n`,
  );
  assert.equal(
    chunk({ delta: { content: "b" }, logprobs, finish_reason: "tool_calls" }),
    `data: ${base}{"text":"b","index":0,"logprobs":{"tokens":["b"],"token_logprobs":[-1],"top_logprobs":[{}],"text_offset":[1]},"finish_reason":"stop"}]}\n\n`,
  );
  encoder.chunk({ ...head, object: "chat.completion.chunk", choices: [], usage });
  assert.equal(encoder.end(), `data: ${base}],"usage":${JSON.stringify(usage)}}\n\ndata: [DONE]\n\n`);
});

test("what passes untouched is read along", () => {
  const facts = protocol.readRequest?.(
    { model: "m", prompt: ["a", "b"], max_tokens: 5 },
    protocol.endpoints[0]!,
    "",
  );
  assert.deepEqual(
    [facts?.model, facts?.maxTokens, facts?.messages()],
    ["m", 5, [{ role: "user", text: "a\nb" }]],
  );
  assert.deepEqual(protocol.readUsage?.(documentedAnswers["default"]), { inputTokens: 5, outputTokens: 7 });
  assert.equal(protocol.readText?.(documentedAnswers["default"]), "\n\nThis is indeed a test");
  const reader = protocol.readStream?.({ collect: true });
  for (const line of [...recorded, done]) reader?.event(line.trim().slice(6));
  assert.deepEqual(
    [reader?.usage(), reader?.text(), reader?.outputEvents(), reader?.ended()],
    [{ inputTokens: 5, outputTokens: 7 }, "Grüße 🌍", 2, true],
  );
});
