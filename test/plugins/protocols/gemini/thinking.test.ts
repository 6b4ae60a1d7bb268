import assert from "node:assert/strict";
import { test } from "node:test";
import { protocol } from "../../../../plugins/protocols/gemini/index.ts";
import { context } from "../_codec.ts";
import type { ChatRequest } from "../../../../core/index.ts";

const { chat } = protocol.codecs;

function thinking(model: string, wish: Partial<ChatRequest>): unknown {
  const about = context({ model });
  const messages: ChatRequest["messages"] = [{ role: "user", content: "Hi" }];
  const { generationConfig: config } = chat.encodeRequest({ model, messages, ...wish }, about);
  const said = (config as { thinkingConfig?: unknown } | undefined)?.thinkingConfig;
  return about.dropped.length > 0 ? about.dropped : said;
}

const shown = { includeThoughts: true };
const effort = (reasoning_effort: string): Partial<ChatRequest> => ({ reasoning_effort });
const budget = (max_tokens: number): Partial<ChatRequest> => ({ reasoning: { max_tokens } });

const cases: [model: string, wish: Partial<ChatRequest>, said: unknown][] = [
  ["gemini-2.5-flash", {}, undefined],
  ["gemini-2.5-flash", effort("none"), { thinkingBudget: 0 }],
  ["gemini-2.5-flash", effort("low"), { ...shown, thinkingBudget: 2048 }],
  ["gemini-2.5-flash", effort("xhigh"), { ...shown, thinkingBudget: 24_576 }],
  ["gemini-2.5-flash", { reasoning: { enabled: true, adaptive: true } }, { ...shown, thinkingBudget: -1 }],
  ["gemini-2.5-flash", { reasoning: { exclude: false } }, shown],
  [
    "gemini-2.5-flash",
    { reasoning: { max_tokens: 5000, exclude: true } },
    { includeThoughts: false, thinkingBudget: 5000 },
  ],
  ["gemini-2.5-flash-lite", budget(100), { ...shown, thinkingBudget: 512 }],
  ["gemini-2.5-pro", effort("none"), { thinkingBudget: 128 }],
  ["gemini-2.5-pro", budget(50_000), { ...shown, thinkingBudget: 32_768 }],
  ["gemini-2.5-flash-image", effort("high"), ["reasoning_effort"]],
  ["gemini-2.0-flash", effort("high"), ["reasoning_effort"]],
  ["gemini-2.0-flash", effort("none"), undefined],
  ["gemini-3-pro-preview", effort("none"), { thinkingLevel: "LOW" }],
  ["gemini-3-pro-preview", effort("medium"), { ...shown, thinkingLevel: "HIGH" }],
  ["gemini-3.1-pro-preview", effort("medium"), { ...shown, thinkingLevel: "MEDIUM" }],
  ["gemini-3-flash-preview", effort("none"), { thinkingLevel: "MINIMAL" }],
  ["gemini-3-flash-preview", effort("max"), { ...shown, thinkingLevel: "HIGH" }],
  ["models/gemini-3-flash-preview", budget(2048), { ...shown, thinkingLevel: "LOW" }],
  ["gemini-3.8-flash", effort("minimal"), { ...shown, thinkingLevel: "LOW" }],
  ["gemini-4-argon", effort("high"), { ...shown, thinkingLevel: "HIGH" }],
  ["gemini-4-argon", { reasoning: { enabled: true, adaptive: true } }, shown],
  ["gemma-3-27b-it", effort("high"), ["reasoning_effort"]],
];

for (const [model, wish, said] of cases) {
  test(`${model} thinks as wished: ${JSON.stringify(wish)}`, () =>
    assert.deepEqual(thinking(model, wish), said));
}

test("a client's wishes are read", async () => {
  const read = async (thinkingConfig: object) => {
    const contents = [{ parts: [{ text: "Hi" }] }];
    const { reasoning, reasoning_effort } = await chat.decodeRequest(
      { contents, generationConfig: { thinkingConfig } },
      context(),
    );
    return { reasoning, reasoning_effort };
  };
  assert.deepEqual(await read({ thinkingBudget: 0 }), {
    reasoning: { exclude: true, enabled: false },
    reasoning_effort: undefined,
  });
  assert.deepEqual(await read({ thinkingBudget: -1, includeThoughts: true }), {
    reasoning: { exclude: false, enabled: true, adaptive: true },
    reasoning_effort: undefined,
  });
  assert.deepEqual(await read({ thinkingLevel: "low", includeThoughts: true }), {
    reasoning: { exclude: false },
    reasoning_effort: "low",
  });
  assert.deepEqual(await read({ thinkingLevel: "THINKING_LEVEL_UNSPECIFIED" }), {
    reasoning: { exclude: true },
    reasoning_effort: undefined,
  });
});
