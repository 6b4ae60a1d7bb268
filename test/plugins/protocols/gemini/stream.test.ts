import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../../core/index.ts";
import { protocol } from "../../../../plugins/protocols/gemini/index.ts";
import { answerContext, assertCutsDoNotMatter, bytesOf, decodeStream } from "../_codec.ts";
import { redDot } from "../_conversations.ts";
import type { ChatChunk, ChatDelta, ChunkChoice, Fields } from "../../../../core/index.ts";

const { chat } = protocol.codecs;

const meta = { modelVersion: "gemini-3-flash-preview", responseId: "resp-1" };

function piece(parts: Fields[], more: Fields = {}, whole: Fields = {}): Fields {
  return { candidates: [{ content: { parts, role: "model" }, index: 0, ...more }], ...whole, ...meta };
}

function sse(pieces: readonly Fields[]): string {
  return pieces.map((one) => `data: ${JSON.stringify(one)}\r\n\r\n`).join("");
}

const usage = (output: number, thoughts: number): Fields => ({
  usageMetadata: {
    promptTokenCount: 11,
    candidatesTokenCount: output,
    totalTokenCount: 11 + output + thoughts,
    thoughtsTokenCount: thoughts,
    cachedContentTokenCount: 3,
  },
});

/** As the service writes it: thoughts in pieces, text, a signature alone, code, calls side by side, usage in every piece. */
const stream = [
  piece([{ text: "**Plan**\n\nI look ", thought: true }], {}, usage(0, 4)),
  piece([{ text: "at it. 🤔", thought: true }], {}, usage(0, 9)),
  piece([{ text: "Grüß " }], {}, usage(2, 9)),
  piece([{ text: "Gott, 世界 🌍" }], {}, usage(5, 9)),
  piece([{ text: "", thoughtSignature: "c2lnLXRleHQ=" }], {}, usage(5, 9)),
  piece([
    { executableCode: { language: "PYTHON", code: "print(1)" } },
    { codeExecutionResult: { outcome: "OUTCOME_OK", output: "1" } },
  ]),
  piece([{ text: "Thinking more.", thought: true }]),
  piece([
    {
      functionCall: { name: "get_weather", args: { city: "Zürich" }, id: "fc-1" },
      thoughtSignature: "c2lnLTE=",
    },
    { functionCall: { name: "now", args: {} } },
  ]),
  piece([], { finishReason: "STOP" }, usage(20, 9)),
];

const head = {
  id: "resp-1",
  object: "chat.completion.chunk" as const,
  created: 1_700_000_000,
  model: "model-1",
};

function chunk(delta: ChatDelta, more: Partial<ChunkChoice> = {}): ChatChunk {
  return { ...head, choices: [{ index: 0, delta, finish_reason: null, ...more }] };
}

const format = "google-gemini-v1";
const code = (value: Fields) => ({ type: "extension" as const, protocol: "gemini", value });

function thought(text: string, index: number, role?: "assistant"): ChatChunk {
  const details = [{ type: "reasoning.text" as const, text, format, index }];
  return chunk({ ...(role && { role }), reasoning_content: text, reasoning_details: details });
}

test("a stream is read event by event", () => {
  const { chunks, complete } = decodeStream(chat, [bytesOf(sse(stream))]);
  const calls = chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []);
  const made = calls[1]?.id ?? "";
  assert.match(made, /^call_\w+$/);
  assert.deepEqual(chunks, [
    thought("**Plan**\n\nI look ", 0, "assistant"),
    thought("at it. 🤔", 0),
    chunk({ content: "Grüß " }),
    chunk({ content: "Gott, 世界 🌍" }),
    chunk({ reasoning_details: [{ type: "reasoning.encrypted", data: "c2lnLXRleHQ=", format, index: 1 }] }),
    chunk({
      parts: [
        code({ executableCode: { language: "PYTHON", code: "print(1)" } }),
        code({ codeExecutionResult: { outcome: "OUTCOME_OK", output: "1" } }),
      ],
    }),
    thought("Thinking more.", 2),
    chunk({
      tool_calls: [
        {
          index: 0,
          id: "fc-1",
          type: "function",
          function: { name: "get_weather", arguments: '{"city":"Zürich"}' },
          extra_content: { google: { thought_signature: "c2lnLTE=" } },
        },
        { index: 1, id: made, type: "function", function: { name: "now", arguments: "{}" } },
      ],
    }),
    chunk({}, { finish_reason: "tool_calls", native_finish_reason: "STOP" }),
    {
      ...head,
      choices: [],
      usage: {
        prompt_tokens: 11,
        completion_tokens: 29,
        total_tokens: 40,
        prompt_tokens_details: { cached_tokens: 3 },
        completion_tokens_details: { reasoning_tokens: 9 },
      },
    },
  ]);
  assert.equal(complete, true);
});

test("where a stream is cut does not matter", () => {
  assertCutsDoNotMatter(chat, bytesOf(sse(stream)));
});

test("a stream without a reason for its end is not complete, and still tells what it used", () => {
  const { chunks, complete } = decodeStream(chat, [bytesOf(sse(stream.slice(0, -1)))]);
  assert.equal(complete, false);
  assert.equal(chunks.at(-1)?.usage?.completion_tokens, 14);
  assert.equal(decodeStream(chat, [bytesOf("")]).complete, false);
});

test("candidates side by side each have their own calls and end", () => {
  const candidate = (index: number, text: string, finishReason?: string): Fields => ({
    content: { parts: [{ text }], role: "model" },
    index,
    ...(finishReason && { finishReason }),
  });
  const both = [
    { candidates: [candidate(0, "a"), candidate(1, "x")] },
    { candidates: [candidate(0, "b", "STOP")] },
  ];
  assert.equal(decodeStream(chat, [bytesOf(sse(both))]).complete, false);
  const { chunks, complete } = decodeStream(chat, [
    bytesOf(sse([...both, { candidates: [candidate(1, "y", "MAX_TOKENS")] }])),
  ]);
  assert.equal(complete, true);
  const said = chunks.map(({ choices: [choice] }) => [choice?.index, choice?.delta, choice?.finish_reason]);
  assert.deepEqual(said, [
    [0, { role: "assistant", content: "a" }, null],
    [1, { role: "assistant", content: "x" }, null],
    [0, { content: "b" }, "stop"],
    [1, { content: "y" }, "length"],
  ]);
});

test("a prompt that is blocked is refused, and the stream is whole", () => {
  const events = sse([{ promptFeedback: { blockReason: "SAFETY" }, ...usage(0, 0) }]);
  const { chunks, complete } = decodeStream(chat, [bytesOf(events)]);
  assert.equal(complete, true);
  assert.deepEqual(chunks[0]?.choices, [
    {
      index: 0,
      delta: { role: "assistant", refusal: "The prompt was blocked: SAFETY." },
      finish_reason: "content_filter",
      native_finish_reason: "SAFETY",
    },
  ]);
});

test("an error in a stream is thrown with its status and message", () => {
  const error = { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" };
  const events = sse([stream[0] ?? {}, { error }]);
  assert.throws(
    () => decodeStream(chat, [bytesOf(events)]),
    (thrown: unknown) =>
      thrown instanceof GatewayError &&
      thrown.status === 503 &&
      thrown.message === "The model is overloaded." &&
      thrown.code === "unavailable",
  );
  assert.throws(() => decodeStream(chat, [bytesOf("data: {not json\n\n")]), /cannot be made out/);
});

test("citations that come last find their places in a text of many bytes", () => {
  const cited = [
    piece([{ text: "Zürich ist schön. " }]),
    piece([{ text: "Bern auch." }], {
      finishReason: "STOP",
      groundingMetadata: {
        groundingChunks: [{ web: { uri: "https://a.example", title: "A" } }],
        // Two characters before have two bytes each.
        groundingSupports: [{ segment: { startIndex: 20, endIndex: 30 }, groundingChunkIndices: [0] }],
      },
    }),
  ];
  const about = answerContext({ web_search_options: {} }, { stream: true });
  const { chunks } = decodeStream(chat, [bytesOf(sse(cited))], about);
  const url_citation = { start_index: 18, end_index: 28, url: "https://a.example", title: "A" };
  const annotations = chunks.flatMap(({ choices }) => choices[0]?.delta.annotations ?? []);
  assert.deepEqual(annotations, [{ type: "url_citation", url_citation }]);
});

test("images and speech come as they are", () => {
  const pieces = [
    piece([{ inlineData: { mimeType: "image/png", data: redDot } }]),
    piece([{ inlineData: { mimeType: "audio/L16;codec=pcm;rate=24000", data: "AAAA" } }], {
      finishReason: "STOP",
    }),
  ];
  const { chunks } = decodeStream(chat, [bytesOf(sse(pieces))]);
  assert.deepEqual(
    chunks.map(({ choices }) => choices[0]?.delta),
    [
      {
        role: "assistant",
        images: [{ type: "image_url", image_url: { url: `data:image/png;base64,${redDot}` } }],
      },
      { audio: { data: "AAAA", mime_type: "audio/L16;codec=pcm;rate=24000" } },
    ],
  );
});

/** What OpenAI's protocol would bring: arguments in fragments, a reason to end, then usage. */
const neutral: ChatChunk[] = [
  chunk({ role: "assistant", reasoning_content: "Hm." }),
  chunk({ content: "Grüß Gott" }),
  chunk({
    tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "a", arguments: "" } }],
  }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"x":' } }] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: "1}" } }] }),
  chunk({
    tool_calls: [{ index: 1, id: "call_2", type: "function", function: { name: "b", arguments: "" } }],
  }),
  chunk({}, { finish_reason: "tool_calls" }),
  { ...head, choices: [], usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 } },
];

const answerMeta = { modelVersion: "model-1", responseId: "resp-1" };
const said = (parts: Fields[], more: Fields = {}): Fields => ({
  candidates: [{ content: { parts, role: "model" }, index: 0, ...more }],
});
const last = {
  ...said(
    [
      { functionCall: { id: "call_1", name: "a", args: { x: 1 } } },
      { functionCall: { id: "call_2", name: "b", args: {} } },
    ],
    { finishReason: "STOP" },
  ),
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 5, totalTokenCount: 8 },
  ...answerMeta,
};
const wanted = [
  { ...said([{ text: "Hm.", thought: true }]), ...answerMeta },
  { ...said([{ text: "Grüß Gott" }]), ...answerMeta },
  last,
];

function write(
  chunks: readonly ChatChunk[],
  search?: string,
): { text: string; contentType: string | undefined } {
  const about = answerContext(
    { reasoning: { exclude: false } },
    { stream: true, ...(search !== undefined && { search }) },
  );
  const encoder = chat.encodeStream(about);
  const text = chunks.map((one) => encoder.chunk(one)).join("") + encoder.end();
  return { text, contentType: encoder.contentType };
}

test("calls go out whole, and the end and the usage in the last event", () => {
  for (const search of [undefined, "?alt=sse", "?key=k&alt=sse"]) {
    const { text, contentType } = write(neutral, search);
    assert.equal(contentType, "text/event-stream");
    assert.deepEqual(
      text.split("\r\n\r\n").map((event) => event && (JSON.parse(event.replace(/^data: /, "")) as unknown)),
      [...wanted, ""],
    );
  }
});

test("without alt=sse the stream is a JSON list", () => {
  const { text, contentType } = write(neutral, "");
  assert.equal(contentType, "application/json");
  assert.deepEqual(JSON.parse(text), wanted);
  assert.deepEqual(JSON.parse(write([], "?alt=json").text), [
    { candidates: [], modelVersion: "model-1", responseId: answerContext().id },
  ]);
});

test("thoughts are shown only to who asked for them", () => {
  const encoder = chat.encodeStream(answerContext({}, { stream: true }));
  assert.equal(encoder.chunk(neutral[0] as ChatChunk), "");
});

test("an error comes as the last event, or the last of the list", () => {
  const error = new GatewayError("The upstream broke.", { status: 502, code: "connection_lost" });
  const told = { error: { code: 502, message: "The upstream broke.", status: "INTERNAL" } };
  const events = chat.encodeStream(answerContext({}, { stream: true }));
  assert.equal(events.error(error), `data: ${JSON.stringify(told)}\r\n\r\n`);
  const list = chat.encodeStream(answerContext({}, { stream: true, search: "" }));
  const text = list.chunk(neutral[1] as ChatChunk) + list.error(error);
  assert.deepEqual(JSON.parse(text), [wanted[1], told]);
});

test("another vendor's signed reasoning comes back with the call that it led to", async () => {
  const text = "Ich überlege 🤔.";
  const format = "anthropic-claude-v1";
  const about = answerContext({}, { stream: true });
  const encoder = chat.encodeStream(about);
  const chunks = [
    chunk({
      reasoning_content: text,
      reasoning_details: [{ type: "reasoning.text", text, format, index: 0 }],
    }),
    chunk({ reasoning_details: [{ type: "reasoning.text", text: "", signature: "U0lH", format, index: 0 }] }),
    chunk({ reasoning_details: [{ type: "reasoning.encrypted", data: "b3BhcXVl", format, index: 1 }] }),
    ...neutral.slice(2),
  ];
  const written = chunks.map((one) => encoder.chunk(one)).join("") + encoder.end();
  const event = JSON.parse(written.replace(/^data: /, "")) as { candidates: [{ content: Fields }] };
  const { content } = event.candidates[0];
  const contents = [{ role: "user", parts: [{ text: "Hi" }] }, content];
  const { messages } = await chat.decodeRequest({ contents }, about);
  assert.deepEqual(messages[1], {
    role: "assistant",
    content: null,
    reasoning_content: text,
    reasoning_details: [
      { type: "reasoning.text", text, signature: "U0lH", format, index: 0 },
      { type: "reasoning.encrypted", data: "b3BhcXVl", format, index: 1 },
    ],
    tool_calls: [
      { id: "call_1", type: "function", function: { name: "a", arguments: '{"x":1}' } },
      { id: "call_2", type: "function", function: { name: "b", arguments: "{}" } },
    ],
  });
  // Gemini itself never sees it.
  const request = { model: "m", messages };
  assert.ok(!JSON.stringify(chat.encodeRequest(request, about)).includes("thoughtSignature"));
});

test("the model has the client's name for it, whole and streamed", async () => {
  const about = answerContext({}, { model: "renamed" });
  const answer = { ...head, object: "chat.completion" as const, choices: [] };
  const { modelVersion } = await chat.encodeAnswer(answer, about);
  assert.equal(modelVersion, "renamed");
  const encoder = chat.encodeStream(answerContext({}, { model: "renamed", stream: true }));
  const text = encoder.chunk(chunk({ content: "Hi" })) + encoder.end();
  assert.deepEqual(text.match(/"modelVersion":"[^"]*"/g), Array(2).fill('"modelVersion":"renamed"'));
});
