import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import type { ResponseStreamEvent } from "openai/resources/responses/responses";
import { chunksOf, GatewayError, sseFrames } from "../../../../core/index.ts";
import type { ChatAnswer, ChatChunk, ChatDelta, ChunkChoice, Fields } from "../../../../core/index.ts";
import { chat } from "../../../../plugins/protocols/openai-responses/codec.ts";
import { answerContext, assertStreamIdentity, bytesOf, decodeStream, join } from "../_codec.ts";
import { answers as neutral, redDot } from "../_conversations.ts";
import { answers } from "./_objects.ts";
import { told, withoutOwn } from "./_told.ts";

const head = {
  id: "chatcmpl-1",
  object: "chat.completion.chunk" as const,
  created: 1_700_000_000,
  model: "model-1",
};
const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 };

function chunk(delta: ChatDelta, rest: Partial<ChunkChoice> = {}): ChatChunk {
  return { ...head, choices: [{ index: 0, delta, finish_reason: null, ...rest }] };
}

function write(chunks: readonly ChatChunk[], about = answerContext({}, { stream: true })): string {
  const encoder = chat.encodeStream(about);
  return chunks.map((one) => encoder.chunk(one)).join("") + encoder.end();
}

function eventsOf(text: string): ResponseStreamEvent[] {
  const frames = sseFrames();
  return [...frames.push(bytesOf(text)), ...frames.end()].map(({ event, data }) => {
    const read = JSON.parse(data) as ResponseStreamEvent;
    assert.equal(read.type, event);
    return read;
  });
}

/** The official SDK over an answer that is given to it. */
function sdk(body: string, type: string): OpenAI {
  const headers = { "content-type": type };
  return new OpenAI({
    apiKey: "k",
    maxRetries: 0,
    fetch: () => Promise.resolve(new Response(body, { headers })),
  });
}

/** As the SDK puts the stream together; without what it parses beside. */
async function accumulated(text: string): Promise<unknown> {
  const whole = await sdk(text, "text/event-stream")
    .responses.stream({ model: "m", input: "x" })
    .finalResponse();
  return JSON.parse(JSON.stringify(whole), (key, value: unknown) =>
    ["parsed", "output_parsed", "parsed_arguments"].includes(key) ? undefined : value,
  );
}

/** As the SDK gives the same answer when it is asked for whole. */
async function whole(answer: ChatAnswer): Promise<unknown> {
  const body = JSON.stringify(await chat.encodeAnswer(answer, answerContext({}, { stream: true })));
  return JSON.parse(
    JSON.stringify(await sdk(body, "application/json").responses.create({ model: "m", input: "x" })),
  );
}

/** Numbers without a gap, items that begin and end once, parts within them, ids and places that fit. */
function assertOrdered(events: readonly ResponseStreamEvent[]): void {
  const open = new Map<number, { id: string; parts: Set<string> }>();
  const ended = new Set<number>();
  for (const [at, event] of events.entries()) {
    assert.equal(event.sequence_number, at);
    if (event.type === "response.output_item.added") {
      assert.equal(event.output_index, open.size + ended.size);
      open.set(event.output_index, { id: event.item.id ?? "", parts: new Set() });
    } else if (event.type === "response.output_item.done") {
      const item = open.get(event.output_index);
      assert.equal(item?.id, event.item.id);
      assert.deepEqual([...(item?.parts ?? [])], [], "a part is still open");
      open.delete(event.output_index);
      ended.add(event.output_index);
    } else if ("output_index" in event && "item_id" in event) {
      const item = open.get(event.output_index);
      assert.equal(item?.id, event.item_id);
      const place =
        "content_index" in event
          ? `c${event.content_index}`
          : "summary_index" in event
            ? `s${event.summary_index}`
            : undefined;
      if (place === undefined) continue;
      if (event.type.endsWith("_part.added")) item?.parts.add(place);
      assert.ok(item?.parts.has(place), `${event.type} outside of its part`);
      if (event.type.endsWith("_part.done")) item?.parts.delete(place);
    }
  }
  assert.equal(open.size, 0, "an item is still open");
  assert.deepEqual(
    events.slice(0, 2).map(({ type }) => type),
    ["response.created", "response.in_progress"],
  );
}

const signed = { format: "anthropic-claude-v1" };
const owned = { format: "openai-responses-v1", id: "rs_upstream" };
const finish = (finish_reason: string): ChatChunk => chunk({}, { finish_reason });
const end: ChatChunk = { ...head, choices: [], usage };

const streams: Record<string, ChatChunk[]> = {
  text: [
    chunk({ role: "assistant", content: "" }),
    chunk({ content: "Hel" }),
    chunk({ content: "lo — 🌍" }),
    finish("stop"),
    end,
  ],
  "without usage or end": [chunk({ role: "assistant", content: "Hel" })],
  nothing: [],
  "a refusal after a text": [
    chunk({ content: "Well" }),
    chunk({ refusal: "I " }),
    chunk({ refusal: "won't" }),
    finish("stop"),
    end,
  ],
  "cut off": [chunk({ content: "Hel" }), finish("length"), end],
  filtered: [chunk({ content: "Hel" }), finish("content_filter"), end],
  "parallel calls": [
    chunk({ content: "I look." }),
    chunk({
      tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "a", arguments: "" } }],
    }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{"x"' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] }),
    chunk({
      tool_calls: [{ index: 1, id: "call_2", type: "function", function: { name: "b", arguments: "" } }],
    }),
    chunk({
      tool_calls: [{ index: 2, id: "call_3", type: "custom", custom: { name: "c", input: "print(" } }],
    }),
    chunk({ tool_calls: [{ index: 2, custom: { input: "1)" } }] }),
    finish("tool_calls"),
    end,
  ],
  "calls in mixed pieces": [
    chunk({
      tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "a", arguments: '{"x"' } }],
    }),
    chunk({
      tool_calls: [{ index: 1, id: "call_2", type: "function", function: { name: "b", arguments: '{"y"' } }],
    }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] }),
    chunk({ tool_calls: [{ index: 1, function: { arguments: ":2}" } }] }),
    finish("tool_calls"),
    end,
  ],
  "a call that is cut off": [
    chunk({
      tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "a", arguments: '{"x"' } }],
    }),
    finish("length"),
    end,
  ],
  "reasoning as text": [
    chunk({ reasoning_content: "Hm" }),
    chunk({ reasoning_content: "m…" }),
    chunk({ content: "So." }),
    finish("stop"),
    end,
  ],
  "reasoning that is signed": [
    chunk({
      reasoning_content: "Hm",
      reasoning_details: [{ type: "reasoning.text", text: "Hm", index: 0, ...signed }],
    }),
    chunk({
      reasoning_content: "m",
      reasoning_details: [{ type: "reasoning.text", text: "m", index: 0, ...signed }],
    }),
    chunk({
      reasoning_details: [{ type: "reasoning.text", text: "", signature: "sig==", index: 0, ...signed }],
    }),
    chunk({ reasoning_details: [{ type: "reasoning.encrypted", data: "redacted", index: 1, ...signed }] }),
    chunk({
      tool_calls: [{ index: 0, id: "toolu_1", type: "function", function: { name: "a", arguments: "{}" } }],
    }),
    finish("tool_calls"),
    end,
  ],
  "reasoning of this API's own": [
    chunk({
      reasoning_content: "A",
      reasoning_details: [{ type: "reasoning.summary", summary: "A", index: 0, ...owned }],
    }),
    chunk({
      reasoning_content: "\n\nB",
      reasoning_details: [{ type: "reasoning.summary", summary: "B", index: 1, ...owned }],
    }),
    chunk({ reasoning_details: [{ type: "reasoning.text", text: "C", index: 2, ...owned }] }),
    chunk({ reasoning_details: [{ type: "reasoning.encrypted", data: "enc", index: 3, ...owned }] }),
    chunk({ content: "So." }),
    finish("stop"),
    end,
  ],
  "a signature on a call": [
    chunk({
      tool_calls: [
        {
          index: 0,
          id: "call_1",
          type: "function",
          function: { name: "a", arguments: "{}" },
          extra_content: { google: { thought_signature: "sig" } },
        },
      ],
    }),
    finish("tool_calls"),
    end,
  ],
  "citations, probabilities, an image": [
    chunk({
      annotations: [
        {
          type: "url_citation",
          url_citation: { url: "https://a.example", title: "A", start_index: 0, end_index: 1 },
        },
      ],
    }),
    chunk(
      { content: "Hi" },
      { logprobs: { content: [{ token: "Hi", logprob: -0.5, bytes: null, top_logprobs: [] }] } },
    ),
    chunk({ annotations: [{ type: "file_path", file_id: "f", index: 1 }, { type: "char_location" }] }),
    chunk({ images: [{ type: "image_url", image_url: { url: `data:image/png;base64,${redDot}` } }] }),
    finish("stop"),
    end,
  ],
  "two choices, of which one can be told": [
    chunk({ content: "One" }),
    { ...head, choices: [{ index: 1, delta: { content: "Two" }, finish_reason: "stop" }] },
    finish("stop"),
  ],
};

for (const [name, chunks] of Object.entries(streams)) {
  test(`stream: ${name}: its events are in order, and the SDK makes of it what a whole answer is`, async () => {
    const text = write(chunks);
    const events = eventsOf(text);
    assertOrdered(events);
    const joined = join(chunks.filter(({ choices }) => choices.every(({ index }) => index === 0))) ?? {
      ...head,
      object: "chat.completion",
      choices: [],
    };
    const made = await accumulated(text);
    assert.deepEqual(made, await whole(joined));
    const last = events.at(-1) as { response: { output: unknown[] } };
    const done = events.flatMap((event) => (event.type === "response.output_item.done" ? [event] : []));
    const items = done.sort((a, b) => a.output_index - b.output_index).map(({ item }) => item);
    assert.deepEqual(last.response.output, items);
  });
}

test("the events of a text, whole", () => {
  const events = eventsOf(write(streams["text"] ?? []));
  const core = "00000000000040008000000000000001";
  const place = { item_id: `msg_${core}0`, output_index: 0, content_index: 0 };
  const part = { type: "output_text", text: "Hello — 🌍", annotations: [] };
  const item = { id: `msg_${core}0`, type: "message", role: "assistant" };
  assert.deepEqual(events.slice(2, -1), [
    {
      type: "response.output_item.added",
      output_index: 0,
      item: { ...item, status: "in_progress", content: [] },
      sequence_number: 2,
    },
    { type: "response.content_part.added", ...place, part: { ...part, text: "" }, sequence_number: 3 },
    { type: "response.output_text.delta", ...place, delta: "Hel", logprobs: [], sequence_number: 4 },
    { type: "response.output_text.delta", ...place, delta: "lo — 🌍", logprobs: [], sequence_number: 5 },
    { type: "response.output_text.done", ...place, text: "Hello — 🌍", logprobs: [], sequence_number: 6 },
    { type: "response.content_part.done", ...place, part, sequence_number: 7 },
    {
      type: "response.output_item.done",
      output_index: 0,
      item: { ...item, status: "completed", content: [part] },
      sequence_number: 8,
    },
  ]);
  const [first] = events as unknown as { response: Fields }[];
  assert.equal(first?.response["status"], "in_progress");
  assert.deepEqual(first?.response["output"], []);
});

test("a call ends when the next one begins: clients may run it at once", () => {
  const types = eventsOf(write(streams["parallel calls"] ?? [])).flatMap((event) =>
    "output_index" in event ? [`${event.type.replace("response.", "")} ${event.output_index}`] : [],
  );
  assert.deepEqual(types.slice(types.indexOf("output_item.added 1")), [
    "output_item.added 1",
    "function_call_arguments.delta 1",
    "function_call_arguments.delta 1",
    "function_call_arguments.done 1",
    "output_item.done 1",
    "output_item.added 2",
    "function_call_arguments.delta 2",
    "function_call_arguments.done 2",
    "output_item.done 2",
    "output_item.added 3",
    "custom_tool_call_input.delta 3",
    "custom_tool_call_input.delta 3",
    "custom_tool_call_input.done 3",
    "output_item.done 3",
  ]);
});

for (const [name, answer] of Object.entries(neutral)) {
  test(`neutral answer, as a stream and read again: ${name}`, () => {
    const text = write(chunksOf(answer));
    const again = decodeStream(chat, [bytesOf(text)]);
    assert.equal(again.complete, true);
    assert.deepEqual(withoutOwn(join(again.chunks)), told(answer));
  });
}

// A stream says nothing of ids and statuses of items: these are the answers that need none.
for (const name of [
  "text",
  "text with logprobs",
  "reasoning",
  "cut off",
  "filtered",
  "refusal",
  "text and refusal",
  "web search",
  "an image",
]) {
  test(`answer, as a stream and read again: ${name}`, () => {
    const answer = chat.decodeAnswer(answers[name] as Fields, answerContext());
    const about = answerContext({}, { stream: true, model: answer.model });
    for (const { message } of answer.choices) delete message.extensions;
    assertStreamIdentity(chat, chunksOf(answer), about);
  });
}

test("an error after the first byte: a failed response, then what the SDK throws", async () => {
  const encoder = chat.encodeStream(answerContext({}, { stream: true }));
  const error = new GatewayError("The upstream broke.", { status: 502, code: "connection_lost" });
  const text = encoder.chunk(chunk({ content: "Hel" })) + encoder.error(error);
  const [failed, told] = eventsOf(text).slice(-2) as unknown as [{ response: Fields }, Fields];
  assert.equal(failed.response["status"], "failed");
  assert.deepEqual(failed.response["error"], { code: "server_error", message: "The upstream broke." });
  assert.deepEqual(told, {
    type: "error",
    code: "connection_lost",
    message: "The upstream broke.",
    param: null,
    error: { message: "The upstream broke.", type: "upstream_error", param: null, code: "connection_lost" },
    sequence_number: 6,
  });
  await assert.rejects(accumulated(text), /The upstream broke/);
});

test("an error before anything else is an error all the same", async () => {
  const encoder = chat.encodeStream(answerContext({}, { stream: true }));
  const text = encoder.error(new GatewayError("Slow down.", { status: 429, code: "rate" }));
  const types = eventsOf(text).map(({ type }) => type);
  assert.deepEqual(types, ["response.created", "response.in_progress", "response.failed", "error"]);
  await assert.rejects(accumulated(text), /Slow down/);
});
