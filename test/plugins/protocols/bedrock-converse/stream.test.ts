import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError, reasoningFormats } from "../../../../core/index.ts";
import type { ChatChunk } from "../../../../core/index.ts";
import { answerContext, assertCutsDoNotMatter, decodeStream, join } from "../_codec.ts";
import { claude, codec, eventsOf, exception, frames, joined, nova, recording, written } from "./_bedrock.ts";
import type { Recorded } from "./_bedrock.ts";

/** As Claude answers on Bedrock: text blocks have no start, each event some padding. */
const recorded: Recorded[] = [
  ["messageStart", { role: "assistant", p: "abc" }],
  ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { text: "Hm — " } }, p: "a" }],
  ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { text: "so." } } }],
  ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { signature: "c2ln" } } }],
  ["contentBlockStop", { contentBlockIndex: 0 }],
  ["contentBlockDelta", { contentBlockIndex: 1, delta: { reasoningContent: { redactedContent: "cmVk" } } }],
  ["contentBlockStop", { contentBlockIndex: 1 }],
  ["contentBlockDelta", { contentBlockIndex: 2, delta: { text: "Hallo Wörld 🌍" } }],
  ["contentBlockDelta", { contentBlockIndex: 2, delta: { text: "" } }],
  ["contentBlockStop", { contentBlockIndex: 2 }],
  ["somethingNew", { whatever: true }],
  [
    "contentBlockStart",
    { contentBlockIndex: 3, start: { toolUse: { toolUseId: "t1", name: "get_weather" } } },
  ],
  ["contentBlockDelta", { contentBlockIndex: 3, delta: { toolUse: { input: "" } } }],
  ["contentBlockDelta", { contentBlockIndex: 3, delta: { toolUse: { input: '{"city": "Zü' } } }],
  ["contentBlockDelta", { contentBlockIndex: 3, delta: { toolUse: { input: 'rich"}' } } }],
  ["contentBlockStop", { contentBlockIndex: 3 }],
  ["contentBlockStart", { contentBlockIndex: 4, start: { toolUse: { toolUseId: "t2", name: "now" } } }],
  ["contentBlockStop", { contentBlockIndex: 4 }],
  ["messageStop", { stopReason: "tool_use" }],
  [
    "metadata",
    {
      usage: {
        inputTokens: 10,
        outputTokens: 7,
        totalTokens: 37,
        cacheReadInputTokens: 20,
        cacheWriteInputTokens: 0,
      },
      metrics: { latencyMs: 1234 },
    },
  ],
];

const { id, created } = answerContext();
const base = { id, object: "chat.completion.chunk" as const, created, model: claude };
const format = reasoningFormats.anthropic;
const chunk = (delta: object): object => ({ ...base, choices: [{ index: 0, delta, finish_reason: null }] });
const thought = (text: string, more: object = {}): object => ({
  type: "reasoning.text",
  text,
  ...more,
  format,
  index: 0,
});

const expected = [
  chunk({ role: "assistant" }),
  chunk({ reasoning_content: "Hm — ", reasoning_details: [thought("Hm — ")] }),
  chunk({ reasoning_content: "so.", reasoning_details: [thought("so.")] }),
  chunk({ reasoning_details: [thought("", { signature: "c2ln" })] }),
  chunk({ reasoning_details: [{ type: "reasoning.encrypted", data: "cmVk", format, index: 1 }] }),
  chunk({ content: "Hallo Wörld 🌍" }),
  chunk({
    tool_calls: [{ index: 0, id: "t1", type: "function", function: { name: "get_weather", arguments: "" } }],
  }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city": "Zü' } }] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: 'rich"}' } }] }),
  chunk({ tool_calls: [{ index: 1, id: "t2", type: "function", function: { name: "now", arguments: "" } }] }),
  chunk({ tool_calls: [{ index: 1, function: { arguments: "{}" } }] }),
  {
    ...base,
    choices: [{ index: 0, delta: {}, finish_reason: "tool_calls", native_finish_reason: "tool_use" }],
  },
  {
    ...base,
    choices: [],
    usage: {
      prompt_tokens: 30,
      completion_tokens: 7,
      total_tokens: 37,
      prompt_tokens_details: { cached_tokens: 20, cache_write_tokens: 0 },
    },
    extensions: { "bedrock-converse": { metrics: { latencyMs: 1234 } } },
  },
];

const about = (request = {}, model = claude) => answerContext(request, { stream: true, model });

test("a recorded stream reads as its chunks", () => {
  const { chunks, complete } = decodeStream(codec, [recording(recorded)], about(), frames);
  assert.equal(complete, true);
  assert.deepEqual(chunks, expected);
});

test("a stream reads the same wherever its bytes are cut", () => {
  assertCutsDoNotMatter(codec, recording(recorded), frames, about);
});

test("a stream without its messageStop is not complete", () => {
  const cut = recording(recorded.slice(0, -2));
  assert.equal(decodeStream(codec, [cut], about(), frames).complete, false);
});

test("a stream that ends within a message is refused", () => {
  const bytes = recording(recorded);
  assert.throws(
    () => decodeStream(codec, [bytes.subarray(0, bytes.length - 3)], about(), frames),
    (error: GatewayError) => error.status === 502 && /within a message/.test(error.message),
  );
});

test("a damaged byte anywhere in a message is found", () => {
  const bytes = recording([["messageStart", { role: "assistant" }]]);
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    assert.throws(
      () => decodeStream(codec, [damaged], about(), frames),
      (error: GatewayError) => error instanceof GatewayError && error.code === "upstream_bad_answer",
      `byte ${at}`,
    );
  }
});

test("a message of an impossible length is refused at once", () => {
  const head = new Uint8Array([0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.throws(() => frames().push(head), /no possible length/);
});

test("exceptions in a stream throw with their status and message", () => {
  const cases: [string, object, number, string][] = [
    ["throttlingException", { message: "Too many." }, 429, "Too many."],
    ["validationException", { message: "Wrong." }, 400, "Wrong."],
    ["modelStreamErrorException", { message: "Broke.", originalStatusCode: 500 }, 424, "Broke."],
    ["serviceUnavailableException", { message: "Later." }, 503, "Later."],
    ["internalServerException", { Message: "Oh." }, 500, "Oh."],
    ["newestException", {}, 502, "The upstream's stream broke off with newestException."],
  ];
  for (const [name, body, status, message] of cases) {
    const bytes = joined([recording(recorded.slice(0, 3)), exception(name, body)]);
    assert.throws(
      () => decodeStream(codec, [bytes], about(), frames),
      (error: GatewayError) => error.status === status && error.message === message && error.code === name,
      name,
    );
  }
});

test("a call that has no beginning is refused", () => {
  const bytes = recording([
    ["contentBlockDelta", { contentBlockIndex: 0, delta: { toolUse: { input: "{}" } } }],
  ]);
  assert.throws(() => decodeStream(codec, [bytes], about(), frames), /no beginning/);
});

const schema = {
  response_format: {
    type: "json_schema" as const,
    json_schema: { name: "city", schema: { type: "object" } },
  },
};
const answerStart = { contentBlockIndex: 1, start: { toolUse: { toolUseId: "t", name: "json_answer" } } };

test("the input of the tool that stands for the answer is its text", () => {
  const bytes = recording([
    ["messageStart", { role: "assistant" }],
    ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: "Here it is." } }],
    ["contentBlockStop", { contentBlockIndex: 0 }],
    ["contentBlockStart", answerStart],
    ["contentBlockDelta", { contentBlockIndex: 1, delta: { toolUse: { input: '{"name":' } } }],
    ["contentBlockDelta", { contentBlockIndex: 1, delta: { toolUse: { input: '"Bern"}' } } }],
    ["contentBlockStop", { contentBlockIndex: 1 }],
    ["messageStop", { stopReason: "tool_use" }],
  ]);
  const [choice] = join(decodeStream(codec, [bytes], about(schema, nova), frames).chunks)?.choices ?? [];
  assert.equal(choice?.message.content, '{"name":"Bern"}');
  assert.equal(choice?.message.tool_calls, undefined);
  assert.equal(choice?.finish_reason, "stop");
});

test("a model that answers in text although a tool stands for the answer is heard", () => {
  const bytes = recording([
    ["messageStart", { role: "assistant" }],
    ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: '{"name":"Bern"}' } }],
    ["contentBlockStop", { contentBlockIndex: 0 }],
    ["messageStop", { stopReason: "end_turn" }],
  ]);
  const [choice] = join(decodeStream(codec, [bytes], about(schema, nova), frames).chunks)?.choices ?? [];
  assert.equal(choice?.message.content, '{"name":"Bern"}');
});

test("images, citations and the service's own tools come whole", () => {
  const bytes = recording([
    ["messageStart", { role: "assistant" }],
    [
      "contentBlockStart",
      {
        contentBlockIndex: 0,
        start: { toolUse: { toolUseId: "s", name: "grounding", type: "server_tool_use" } },
      },
    ],
    ["contentBlockDelta", { contentBlockIndex: 0, delta: { toolUse: { input: '{"q":' } } }],
    ["contentBlockDelta", { contentBlockIndex: 0, delta: { toolUse: { input: "1}" } } }],
    ["contentBlockStop", { contentBlockIndex: 0 }],
    ["contentBlockStart", { contentBlockIndex: 1, start: { toolResult: { toolUseId: "s", type: "r" } } }],
    ["contentBlockDelta", { contentBlockIndex: 1, delta: { toolResult: [{ text: "Fo" }] } }],
    ["contentBlockDelta", { contentBlockIndex: 1, delta: { toolResult: [{ text: "und" }, { json: [1] }] } }],
    ["contentBlockStop", { contentBlockIndex: 1 }],
    ["contentBlockDelta", { contentBlockIndex: 2, delta: { text: "It rained." } }],
    [
      "contentBlockDelta",
      {
        contentBlockIndex: 2,
        delta: { citation: { title: "A", location: { web: { url: "https://a.example" } } } },
      },
    ],
    ["contentBlockStop", { contentBlockIndex: 2 }],
    ["contentBlockStart", { contentBlockIndex: 3, start: { image: { format: "png" } } }],
    ["contentBlockDelta", { contentBlockIndex: 3, delta: { image: { source: { bytes: "AQ==" } } } }],
    ["contentBlockDelta", { contentBlockIndex: 3, delta: { image: { source: { bytes: "AgM=" } } } }],
    ["contentBlockStop", { contentBlockIndex: 3 }],
    ["messageStop", { stopReason: "end_turn", additionalModelResponseFields: { stop_sequence: "X" } }],
  ]);
  const [choice] = join(decodeStream(codec, [bytes], about({}, nova), frames).chunks)?.choices ?? [];
  const own = (value: object) => ({ type: "extension", protocol: "bedrock-converse", value });
  assert.deepEqual(choice?.message, {
    role: "assistant",
    content: [
      own({ toolUse: { toolUseId: "s", name: "grounding", type: "server_tool_use", input: { q: 1 } } }),
      own({ toolResult: { toolUseId: "s", type: "r", content: [{ text: "Found" }, { json: [1] }] } }),
      { type: "text", text: "It rained." },
    ],
    annotations: [
      {
        type: "url_citation",
        url_citation: { url: "https://a.example", title: "A", start_index: 0, end_index: 10 },
      },
    ],
    images: [{ type: "image_url", image_url: { url: "data:image/png;base64,AQID" } }],
  });
  assert.equal(choice?.stop_sequence, "X");
});

test("chunks are written as events in their order, and read again as the same", () => {
  const chunks = expected as ChatChunk[];
  const bytes = written(codec.encodeStream(about()), chunks);
  assert.deepEqual(eventsOf(bytes), [
    ["messageStart", { role: "assistant" }],
    ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { text: "Hm — " } } }],
    ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { text: "so." } } }],
    ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { signature: "c2ln" } } }],
    ["contentBlockStop", { contentBlockIndex: 0 }],
    ["contentBlockDelta", { contentBlockIndex: 1, delta: { reasoningContent: { redactedContent: "cmVk" } } }],
    ["contentBlockStop", { contentBlockIndex: 1 }],
    ["contentBlockDelta", { contentBlockIndex: 2, delta: { text: "Hallo Wörld 🌍" } }],
    ["contentBlockStop", { contentBlockIndex: 2 }],
    [
      "contentBlockStart",
      { contentBlockIndex: 3, start: { toolUse: { toolUseId: "t1", name: "get_weather" } } },
    ],
    ["contentBlockDelta", { contentBlockIndex: 3, delta: { toolUse: { input: '{"city": "Zü' } } }],
    ["contentBlockDelta", { contentBlockIndex: 3, delta: { toolUse: { input: 'rich"}' } } }],
    ["contentBlockStop", { contentBlockIndex: 3 }],
    ["contentBlockStart", { contentBlockIndex: 4, start: { toolUse: { toolUseId: "t2", name: "now" } } }],
    ["contentBlockDelta", { contentBlockIndex: 4, delta: { toolUse: { input: "{}" } } }],
    ["contentBlockStop", { contentBlockIndex: 4 }],
    ["messageStop", { stopReason: "tool_use" }],
    [
      "metadata",
      {
        usage: {
          inputTokens: 10,
          outputTokens: 7,
          totalTokens: 37,
          cacheReadInputTokens: 20,
          cacheWriteInputTokens: 0,
        },
        metrics: { latencyMs: 1234 },
      },
    ],
  ]);
  const again = decodeStream(codec, [bytes], about(), frames);
  assert.equal(again.complete, true);
  assert.deepEqual(join(again.chunks), join(chunks));
});

test("other vendors' reasoning is shown without what only they can check", () => {
  const details = [
    { type: "reasoning.text", text: "Hm.", signature: "x", format: "google-gemini-v1", index: 0 },
    { type: "reasoning.encrypted", data: "y", format: "openai-responses-v1", index: 1 },
  ];
  const chunks = [
    chunk({ role: "assistant", reasoning_content: "Hm.", reasoning_details: details }),
    chunk({ reasoning_content: "So.", reasoning_details: [{ ...details[1], index: 1 }] }),
  ] as ChatChunk[];
  const deltas = eventsOf(written(codec.encodeStream(about()), chunks)).filter(([name]) =>
    /Delta/.test(name ?? ""),
  );
  assert.deepEqual(
    deltas.map(([, data]) => (data as { delta: unknown }).delta),
    [{ reasoningContent: { text: "Hm." } }, { reasoningContent: { text: "So." } }],
  );
});

test("pieces of calls that are mixed with one another are refused, not lost", () => {
  const encoder = codec.encodeStream(about());
  const call = (index: number, rest: object) => chunk({ tool_calls: [{ index, ...rest }] }) as ChatChunk;
  encoder.chunk(call(0, { id: "a", type: "function", function: { name: "one", arguments: "" } }));
  encoder.chunk(call(1, { id: "b", type: "function", function: { name: "two", arguments: "" } }));
  assert.throws(() => encoder.chunk(call(0, { function: { arguments: "{}" } })), /mixed/);
});

test("an error after the first byte is an exception", () => {
  const encoder = codec.encodeStream(about());
  const text = encoder.error(new GatewayError("Slow down.", { status: 429, code: "rate" }));
  assert.throws(
    () => decodeStream(codec, [encoder.toBytes?.(text) ?? new Uint8Array()], about(), frames),
    (error: GatewayError) => error.status === 429 && error.message === "Slow down.",
  );
});
