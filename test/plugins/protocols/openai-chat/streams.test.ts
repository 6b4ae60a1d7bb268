import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { GatewayError } from "../../../../core/index.ts";
import type { ChatChunk, ChatDelta, Fields } from "../../../../core/index.ts";
import { splitThink, ThinkSplitter } from "../../../../plugins/protocols/openai-chat/think.ts";
import { answerContext, assertCutsDoNotMatter, bytesOf, decodeStream, join } from "../_codec.ts";
import { codec, protocol } from "./_codec.ts";

const head = { id: "chatcmpl-1", object: "chat.completion.chunk" as const, created: 1, model: "gpt" };
const done = "data: [DONE]\n\n";

const event = (body: Fields): string => `data: ${JSON.stringify({ ...head, ...body })}\n\n`;
const delta = (one: Fields, rest: Fields = {}): string =>
  event({ choices: [{ index: 0, delta: one, finish_reason: null, ...rest }] });
const end = (word = "stop"): string => delta({}, { finish_reason: word });

/** The chunks that a stream of these events is read to. */
function read(...events: string[]): ChatChunk[] {
  const { chunks, complete } = decodeStream(codec, [bytesOf(events.join("") + done)]);
  assert.equal(complete, true);
  return chunks;
}

const chunk = (choice: Fields, rest: Fields = {}): ChatChunk =>
  ({ ...head, choices: [{ index: 0, finish_reason: null, ...choice }], ...rest }) as unknown as ChatChunk;

const usage = {
  prompt_tokens: 9,
  completion_tokens: 20,
  total_tokens: 29,
  completion_tokens_details: { reasoning_tokens: 5 },
};

const recorded = [
  ": ping\n\n",
  delta({ role: "assistant", content: "", refusal: null }, { logprobs: null }),
  delta({ reasoning_content: "Schön — " }),
  delta({ content: "Grüße 🌍" }),
  delta({
    tool_calls: [
      { index: 0, id: "call_a", type: "function", function: { name: "get_weather", arguments: "" } },
    ],
  }),
  delta({ tool_calls: [{ index: 0, function: { arguments: '{"city":"Zür' } }] }),
  delta({
    tool_calls: [{ index: 1, id: "call_b", type: "function", function: { name: "now", arguments: "" } }],
  }),
  delta({ tool_calls: [{ index: 0, function: { arguments: 'ich"}' } }] }),
  end("tool_calls"),
  event({ choices: [], usage }),
  done,
].join("");

test("a recorded stream is read chunk by chunk", () => {
  const { chunks, complete } = decodeStream(codec, [bytesOf(recorded)]);
  const call = (one: Fields): Fields => ({ delta: { tool_calls: [one] } });
  assert.equal(complete, true);
  assert.deepEqual(chunks, [
    chunk({ delta: { role: "assistant", content: "" } }),
    chunk({ delta: { reasoning_content: "Schön — " } }),
    chunk({ delta: { content: "Grüße 🌍" } }),
    chunk(
      call({ index: 0, id: "call_a", type: "function", function: { name: "get_weather", arguments: "" } }),
    ),
    chunk(call({ index: 0, function: { arguments: '{"city":"Zür' } })),
    chunk(call({ index: 1, id: "call_b", type: "function", function: { name: "now", arguments: "" } })),
    chunk(call({ index: 0, function: { arguments: 'ich"}' } })),
    chunk({
      delta: { tool_calls: [{ index: 1, function: { arguments: "{}" } }] },
      finish_reason: "tool_calls",
    }),
    { ...head, choices: [], usage },
  ]);
});

test("it reads the same however it is cut", () => assertCutsDoNotMatter(codec, bytesOf(recorded)));

test("without its end a stream is not complete; without [DONE] one that finished is", () => {
  const whole = recorded.slice(0, -done.length);
  assert.equal(decodeStream(codec, [bytesOf(whole)]).complete, true);
  const unfinished = whole.slice(0, whole.indexOf(end("tool_calls")));
  assert.equal(decodeStream(codec, [bytesOf(unfinished)]).complete, false);
  assert.equal(decodeStream(codec, []).complete, false);
  const two = event({
    choices: [
      { index: 0, delta: { content: "a" }, finish_reason: "stop" },
      { index: 1, delta: { content: "b" } },
    ],
  });
  assert.equal(decodeStream(codec, [bytesOf(two)]).complete, false);
});

for (const [name, text, status, message] of [
  [
    "OpenAI's error",
    'data: {"error":{"message":"Overloaded.","type":"server_error","code":503}}\n\n',
    503,
    "Overloaded.",
  ],
  ["an error event", 'event: error\ndata: {"message":"Gone."}\n\n', 502, "Gone."],
  ["an error without a word", "event: error\ndata: {}\n\n", 502, undefined],
  ["no JSON", "data: oops\n\n", 502, undefined],
] as const) {
  test(`${name} in a stream breaks it`, () => {
    assert.throws(
      () => decodeStream(codec, [bytesOf(delta({ content: "a" }) + text)]),
      (error) =>
        error instanceof GatewayError && error.status === status && (!message || error.message === message),
    );
  });
}

/** What the calls of a stream add up to. */
function calls(...fragments: Fields[]): unknown {
  const events = fragments.map((fragment) => delta({ tool_calls: [fragment] }));
  const message = join(read(...events, end("stop")))?.choices[0];
  return [
    message?.finish_reason,
    message?.message.tool_calls?.map(
      (call) =>
        call.type === "function" && [call.id.slice(0, 5), call.function.name, call.function.arguments],
    ),
  ];
}

const one = ["call_", "f", '{"a":1}'];
const other = ["call_", "g", '{"b":2}'];
const whole = (name: string, text: string, rest: Fields = {}): Fields => ({
  function: { name, arguments: text },
  ...rest,
});

const habits: [string, Fields[], unknown[]][] = [
  [
    "whole calls without index",
    [whole("f", '{"a":1}', { id: "call_1" }), whole("g", '{"b":2}', { id: "call_2" })],
    [one, other],
  ],
  ["whole calls with neither index nor id", [whole("f", '{"a":1}'), whole("g", '{"b":2}')], [one, other]],
  [
    "an index from 1",
    [whole("f", '{"a"', { index: 1, id: "call_1" }), { index: 1, function: { arguments: ":1}" } }],
    [one],
  ],
  [
    "the index 0 for every call",
    [whole("f", '{"a":1}', { index: 0, id: "call_1" }), whole("g", '{"b":2}', { index: 0, id: "call_2" })],
    [one, other],
  ],
  [
    "repeated names and ids",
    [whole("f", '{"a"', { index: 0, id: "call_1" }), whole("f", ":1}", { index: 0, id: "call_1" })],
    [one],
  ],
  [
    "an empty id later on",
    [
      whole("f", '{"a"', { index: 0, id: "call_1" }),
      { index: 0, id: "", function: { name: "", arguments: ":1}" } },
    ],
    [one],
  ],
  [
    "arguments that are an object",
    [{ index: 0, id: "call_1", function: { name: "f", arguments: { a: 1 } } }],
    [one],
  ],
  ["no arguments", [{ index: 0, id: "call_1", function: { name: "f" } }], [["call_", "f", "{}"]]],
];

for (const [name, fragments, expected] of habits) {
  test(`calls with ${name}`, () => assert.deepEqual(calls(...fragments), ["tool_calls", expected]));
}

test("a deprecated function_call is a call", () => {
  const chunks = read(
    delta({ function_call: { name: "f", arguments: "" } }),
    delta({ function_call: { arguments: '{"a":1}' } }),
    end("function_call"),
  );
  const choice = join(chunks)?.choices[0];
  const [call] = choice?.message.tool_calls ?? [];
  assert.deepEqual(call, { id: call?.id, type: "function", function: { name: "f", arguments: '{"a":1}' } });
  assert.equal(choice?.finish_reason, "tool_calls");
});

test("the end of a choice that is not told comes with [DONE]; a second is none", () => {
  const untold = read(delta({ content: "a" }));
  assert.deepEqual(untold.at(-1)?.choices, [{ index: 0, delta: {}, finish_reason: "stop" }]);
  const ends = read(delta({ content: "a" }, { finish_reason: "" }), end(), end()).flatMap(({ choices }) =>
    choices.filter((choice) => choice.finish_reason),
  );
  assert.equal(ends.length, 1);
});

test("usage beside choices is told once, at the end", () => {
  const partly = { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 };
  const chunks = read(
    event({ choices: [{ index: 0, delta: { content: "a" } }], usage: partly }),
    event({ choices: [{ index: 0, delta: {}, finish_reason: "stop", usage }] }),
  );
  assert.deepEqual(
    chunks.filter((one) => one.usage),
    [{ ...head, choices: [], usage }],
  );
});

test("usage of a stream that passes untouched: Groq's", () => {
  const reader = protocol.readStream?.({ collect: true });
  reader?.event(JSON.stringify({ choices: [{ delta: { content: "Hi" } }], x_groq: { usage } }));
  reader?.event("[DONE]");
  assert.deepEqual(
    [reader?.usage(), reader?.text(), reader?.ended()],
    [{ inputTokens: 9, outputTokens: 20, reasoningTokens: 5 }, "Hi", true],
  );
});

/** Text of a stream, with what was parted from it. */
function deltas(...texts: string[]): [string, string] {
  const all = read(...texts.map((content) => delta({ content })), end()).flatMap(({ choices }) =>
    choices.map((one): ChatDelta => one.delta),
  );
  return [
    all.map((one) => one.reasoning_content ?? "").join(""),
    all.map((one) => one.content ?? "").join(""),
  ];
}

test("<think> at the start of a stream is reasoning", () => {
  assert.deepEqual(deltas("<th", "ink>\nHm", ", hm", ".\n</thi", "nk>\n\n", "Yes", "."), ["Hm, hm.", "Yes."]);
  assert.deepEqual(deltas("<think>Hm"), ["Hm", ""]);
  assert.deepEqual(deltas("<", "b>bold"), ["", "<b>bold"]);
  assert.deepEqual(deltas("a <think>b</think>"), ["", "a <think>b</think>"]);
  assert.deepEqual(deltas("<thi"), ["", "<thi"]);
  assert.deepEqual(deltas("\n", "<think>a < b</think>c"), ["a < b", "c"]);
});

test("text that is no reasoning is not held back", () => {
  const decoder = codec.decodeStream(answerContext({}, { stream: true }));
  const [first] = decoder.event({
    data: JSON.stringify({ ...head, choices: [{ index: 0, delta: { content: "Hel" } }] }),
  });
  assert.equal(first?.choices[0]?.delta.content, "Hel");
});

test("where a tag is cut does not matter", () => {
  const piece = fc.constantFrom("<think>", "</think>", "<", "think>", "/", "\n", "a", " b ", "```", "ü🌍");
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.array(fc.nat(40), { maxLength: 6 }),
      (pieces, cuts) => {
        const text = pieces.join("");
        const places = [
          0,
          ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b),
          text.length,
        ];
        const splitter = new ThinkSplitter();
        const parts = places.slice(1).map((to, index) => splitter.push(text.slice(places[index], to)));
        parts.push(splitter.end());
        const cut = {
          reasoning: parts.map((one) => one.reasoning).join(""),
          content: parts.map((one) => one.content).join(""),
        };
        const uncut = new ThinkSplitter();
        const begun = uncut.push(text);
        const rest = uncut.end();
        assert.deepEqual(cut, {
          reasoning: begun.reasoning + rest.reasoning,
          content: begun.content + rest.content,
        });
        assert.ok(splitThink(text).content.length <= text.length);
      },
    ),
    { numRuns: 2000 },
  );
});

test("a client gets its usage last and only when it asked, and a role first", () => {
  const chunks: ChatChunk[] = [
    chunk({ delta: { content: "Hi", parts: [{ type: "extension", protocol: "x", value: {} }] } }, { usage }),
    chunk({
      delta: {
        annotations: [{ type: "char_location" }],
        reasoning_details: [{ type: "reasoning.encrypted", data: "e" }],
      },
    }),
    chunk({ delta: {}, finish_reason: "end_turn", native_finish_reason: "end_turn" }),
    { ...head, choices: [], usage },
  ];
  const written = (asks: boolean): unknown[] => {
    const encoder = codec.encodeStream(
      answerContext({ stream_options: { include_usage: asks } }, { model: "asked" }),
    );
    const text = chunks.map((one) => encoder.chunk(one)).join("") + encoder.end();
    return text
      .trimEnd()
      .split("\n\n")
      .map((line) => (line === "data: [DONE]" ? line : (JSON.parse(line.slice(6)) as unknown)));
  };
  const base = { ...head, model: "asked" };
  const choices = [
    { index: 0, delta: { role: "assistant", content: "Hi" }, finish_reason: null },
    {
      index: 0,
      delta: { annotations: [], reasoning_details: [{ type: "reasoning.encrypted", data: "e" }] },
      finish_reason: null,
    },
    { index: 0, delta: {}, finish_reason: "stop" },
  ];
  assert.deepEqual(written(false), [
    ...choices.map((choice) => ({ ...base, choices: [choice] })),
    "data: [DONE]",
  ]);
  assert.deepEqual(written(true), [
    ...choices.map((choice) => ({ ...base, choices: [choice], usage: null })),
    { ...base, choices: [], usage },
    "data: [DONE]",
  ]);
});
