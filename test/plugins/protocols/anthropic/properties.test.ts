import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { chunksOf } from "../../../../core/index.ts";
import {
  answerContext,
  assertAnswerIdentity,
  assertRequestIdentity,
  assertStreamIdentity,
} from "../_codec.ts";
import { chat } from "./_codec.ts";
import type { Fields } from "../../../../core/index.ts";

/** An object whose members may be left out. */
function partly(
  members: Record<string, fc.Arbitrary<unknown>>,
  required: Record<string, fc.Arbitrary<unknown>> = {},
) {
  return fc.record(
    { ...required, ...members },
    { requiredKeys: Object.keys(required), noNullPrototype: true },
  );
}

const words = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .filter((text) => text.trim() !== "");
const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,15}$/);
const base64 = fc.base64String({ minLength: 4, maxLength: 40 });
const json = fc.dictionary(name, fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null)), {
  maxKeys: 3,
  noNullPrototype: true,
});
const mark = {
  cache_control: fc.constantFrom(null, { type: "ephemeral" }, { type: "ephemeral", ttl: "1h" }),
};

const citation = fc.record(
  {
    type: fc.constant("char_location"),
    cited_text: words,
    document_index: fc.nat(9),
    document_title: fc.option(words),
    start_char_index: fc.nat(9),
    end_char_index: fc.nat(99),
  },
  { noNullPrototype: true },
);

const text = partly(mark, { type: fc.constant("text"), text: words });
const citedText = partly(
  { citations: fc.array(citation, { minLength: 1, maxLength: 2 }) },
  { type: fc.constant("text"), text: words },
);

const image = partly(mark, {
  type: fc.constant("image"),
  source: fc.oneof(
    fc.record({
      type: fc.constant("base64"),
      media_type: fc.constantFrom("image/png", "image/webp"),
      data: base64,
    }),
    fc.record({ type: fc.constant("url"), url: fc.webUrl() }),
    fc.record({ type: fc.constant("file"), file_id: name }),
  ),
});

const document = partly(
  { ...mark, title: fc.option(words), context: fc.option(words), citations: fc.constant({ enabled: true }) },
  {
    type: fc.constant("document"),
    source: fc.oneof(
      fc.record({ type: fc.constant("base64"), media_type: fc.constant("application/pdf"), data: base64 }),
      fc.record({ type: fc.constant("text"), media_type: fc.constant("text/plain"), data: words }),
      fc.record({ type: fc.constant("url"), url: fc.webUrl() }),
      fc.record({ type: fc.constant("content"), content: fc.oneof(words, fc.array(text, { maxLength: 2 })) }),
    ),
  },
);

const searchResult = fc.record({
  type: fc.constant("search_result"),
  source: words,
  title: words,
  content: fc.array(text, { minLength: 1, maxLength: 2 }),
});

const thinking = fc.oneof(
  fc.record({ type: fc.constant("thinking"), thinking: fc.oneof(words, fc.constant("")), signature: base64 }),
  fc.record({ type: fc.constant("redacted_thinking"), data: base64 }),
);

const serverBlock = fc.oneof(
  fc.record({ type: fc.constant("server_tool_use"), id: name, name: fc.constant("web_search"), input: json }),
  fc.record({
    type: fc.constant("web_search_tool_result"),
    tool_use_id: name,
    content: fc.array(json, { maxLength: 2 }),
  }),
  fc.record({
    type: fc.constant("mcp_tool_result"),
    tool_use_id: name,
    is_error: fc.boolean(),
    content: words,
  }),
);

const toolUse = partly(
  { ...mark, caller: fc.constant({ type: "direct" }) },
  {
    type: fc.constant("tool_use"),
    id: name,
    name,
    input: json,
  },
);

const resultContent = fc.oneof(
  words,
  fc.array(fc.oneof(text, image, document, searchResult), { minLength: 1, maxLength: 3 }),
);

interface Round {
  question: unknown;
  before: Fields[];
  calls: Fields[];
  results: Fields[];
}

const round: fc.Arbitrary<Round> = fc.record({
  question: fc.oneof(
    words,
    fc.array(fc.oneof(text, image, document, searchResult), { minLength: 1, maxLength: 3 }),
  ),
  before: fc.array(fc.oneof(thinking, text, citedText, serverBlock), {
    minLength: 1,
    maxLength: 4,
  }) as fc.Arbitrary<Fields[]>,
  calls: fc.array(toolUse, { maxLength: 3 }) as fc.Arbitrary<Fields[]>,
  results: fc.array(partly({ ...mark, is_error: fc.boolean(), content: resultContent }), {
    minLength: 3,
    maxLength: 3,
  }) as fc.Arbitrary<Fields[]>,
});

/** Rounds as a conversation: every call has an id of its own and its result in the turn behind it. */
function conversation(rounds: readonly Round[]): Fields[] {
  const messages = rounds.flatMap(({ question, before, calls, results }, i): Fields[] => {
    const uses = calls.map((call, j) => ({ ...call, id: `toolu_${i}_${j}` }));
    const answers = uses.map(({ id }, j) => ({ ...results[j], type: "tool_result", tool_use_id: id }));
    const turns = [
      { role: "user", content: question },
      { role: "assistant", content: [...before, ...uses] },
    ];
    if (uses.length === 0) return turns;
    return [
      ...turns,
      { role: "user", content: answers },
      { role: "assistant", content: [{ type: "text", text: "Done." }] },
    ];
  });
  return [...messages, { role: "user", content: "Go on." }];
}

const tool = partly(
  {
    ...mark,
    description: words,
    strict: fc.boolean(),
    type: fc.constantFrom("custom", null),
    defer_loading: fc.boolean(),
    input_examples: fc.array(json, { maxLength: 2 }),
  },
  { name, input_schema: fc.constant({ type: "object", properties: { a: { type: "string" } } }) },
);

const body = fc
  .record({
    rounds: fc.array(round, { maxLength: 3 }),
    rest: partly(
      {
        system: fc.oneof(words, fc.array(text, { minLength: 1, maxLength: 2 })),
        temperature: fc.constantFrom(0, 0.5, 1),
        top_k: fc.nat(100),
        stop_sequences: fc.array(words, { maxLength: 3 }),
        stream: fc.boolean(),
        metadata: fc.oneof(fc.record({ user_id: words }), fc.constant({ user_id: null })),
        service_tier: fc.constantFrom("auto", "standard_only"),
        ...mark,
        context_management: fc.constant({ edits: [{ type: "clear_tool_uses_20250919" }] }),
        container: fc.oneof(name, fc.constant(null)),
        tool_choice: fc.constantFrom(
          { type: "auto" },
          { type: "none" },
          { type: "any", disable_parallel_tool_use: true },
          { type: "tool", name: "f", disable_parallel_tool_use: false },
        ),
        output_config: fc.constantFrom(
          { effort: "low" },
          { effort: null },
          { task_budget: { type: "tokens", total: 9 } },
        ),
      },
      {
        tools: fc.array(tool, { minLength: 1, maxLength: 3 }),
        max_tokens: fc.integer({ min: 1, max: 128_000 }),
      },
    ),
  })
  .map(({ rounds, rest }): Fields =>
    plain({ model: "claude-opus-4-6", ...rest, messages: conversation(rounds) }),
  );

/** As it comes over the wire. */
function plain(value: unknown): Fields {
  return JSON.parse(JSON.stringify(value)) as Fields;
}

test("any request, read and written again, is the same", () =>
  fc.assert(fc.asyncProperty(body, (one) => assertRequestIdentity(chat, one))));

const usage = partly(
  {
    cache_creation_input_tokens: fc.option(fc.nat(1000)),
    cache_read_input_tokens: fc.option(fc.nat(1000)),
    cache_creation: fc.option(
      fc.record({ ephemeral_5m_input_tokens: fc.nat(99), ephemeral_1h_input_tokens: fc.nat(99) }),
    ),
    output_tokens_details: fc.option(fc.record({ thinking_tokens: fc.nat(99) })),
    server_tool_use: fc.option(fc.record({ web_search_requests: fc.nat(9), web_fetch_requests: fc.nat(9) })),
    service_tier: fc.constantFrom(null, "standard", "priority", "batch"),
  },
  { input_tokens: fc.nat(1000), output_tokens: fc.nat(1000) },
);

const stops = [
  "end_turn",
  "max_tokens",
  "tool_use",
  "pause_turn",
  "refusal",
  "model_context_window_exceeded",
];

function answerOf(content: fc.Arbitrary<Fields[]>): fc.Arbitrary<Fields> {
  const ending = partly(
    { container: fc.option(json), stop_details: fc.option(json), context_management: fc.option(json) },
    {
      id: name,
      type: fc.constant("message"),
      role: fc.constant("assistant"),
      model: fc.constant("claude-opus-4-6"),
      content,
      stop_reason: fc.constantFrom(...stops),
      stop_sequence: fc.constant(null),
      usage,
    },
  );
  return ending.map(plain);
}

const anyBlocks = fc.array(
  fc.oneof(thinking, fc.record({ type: fc.constant("text"), text: words }), citedText, serverBlock, toolUse),
  { maxLength: 6 },
) as fc.Arbitrary<Fields[]>;

test("any answer, read and written again, is the same", () =>
  fc.assert(fc.asyncProperty(answerOf(anyBlocks), (one) => assertAnswerIdentity(chat, one))));

/** In the order that chunks keep: thinking, text, calls. */
const inOrder = fc
  .tuple(
    fc.array(thinking, { maxLength: 3 }),
    fc.array(fc.record({ type: fc.constant("text"), text: words }), { maxLength: 1 }),
    fc.array(fc.record({ type: fc.constant("tool_use"), id: name, name, input: json }), { maxLength: 3 }),
  )
  .map((blocks) => blocks.flat() as Fields[]);

test("any answer, written as a stream and read again, adds up to the same", () =>
  fc.assert(
    fc.property(answerOf(inOrder), (one) => {
      const about = answerContext({}, { stream: true, model: "claude-opus-4-6" });
      const neutral = chat.decodeAnswer(one, about);
      // A stream tells of nothing that is not there.
      const { extensions: _, usage: told, ...rest } = neutral;
      const { extensions: own, ...counts } = told ?? assert.fail();
      const known = Object.entries(own?.["anthropic"] ?? {}).filter(([, value]) => value !== null);
      const extensions = known.length > 0 && { extensions: { anthropic: Object.fromEntries(known) } };
      assertStreamIdentity(chat, chunksOf({ ...rest, usage: { ...counts, ...extensions } }), about);
    }),
  ));
