import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../../core/index.ts";
import type { Fields } from "../../../../core/index.ts";
import { adaptBody } from "../../../../plugins/providers/openai-compatible/adapt.ts";
import type { Quirks } from "../../../../plugins/providers/openai-compatible/vendor.ts";

const messages = [{ role: "user", content: "Hello" }];

/** What a body becomes, without what stayed. Fails when the given body was changed. */
function adapt(quirks: Quirks, body: Fields, translated = true): Fields | undefined {
  const given: Fields = { messages, ...body };
  const before = structuredClone(given);
  const adapted = adaptBody(given, quirks, { translated });
  assert.deepEqual(given, before);
  if (!adapted) return undefined;
  const { messages: sent, ...rest } = adapted;
  return sent === messages ? rest : adapted;
}

const cases: [string, Quirks, Fields, Fields | undefined][] = [
  [
    "a body without anything odd",
    { maxTokens: "max_tokens", developerRole: false, stopLimit: 4 },
    { n: 1 },
    undefined,
  ],
  [
    "the older name of the limit",
    { maxTokens: "max_tokens" },
    { max_completion_tokens: 5 },
    { max_tokens: 5 },
  ],
  ["a member with another name", { renames: { seed: "random_seed" } }, { seed: 1 }, { random_seed: 1 }],
  [
    "members that are refused",
    { drops: ["logit_bias", "user"] },
    { logit_bias: {}, user: null, a: 1 },
    { a: 1 },
  ],
  ["no stream_options", { streamUsage: false }, { stream: true, stream_options: {} }, { stream: true }],
  ["one choice", { choices: 1 }, { n: 3 }, {}],
  ["one choice, asked for", { choices: 1 }, { n: 1 }, {}],
  ["few stops", { stopLimit: 1 }, { stop: ["a", "b"] }, { stop: ["a"] }],
  [
    "the role system",
    { developerRole: false },
    { messages: [{ role: "developer", content: "Be brief." }, ...messages] },
    { messages: [{ role: "system", content: "Be brief." }, ...messages] },
  ],
  [
    "texts in one",
    { textParts: false },
    {
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "a" },
            { type: "text", text: "b" },
          ],
        },
      ],
    },
    { messages: [{ role: "user", content: "a\nb" }] },
  ],
  [
    "pictures stay in parts",
    { textParts: false },
    { messages: [{ role: "user", content: [{ type: "text", text: "a" }, { type: "image_url" }] }] },
    undefined,
  ],
  [
    "no strict",
    { strictTools: false },
    { tools: [{ type: "function", function: { name: "f", strict: true } }, { type: "x" }] },
    { tools: [{ type: "function", function: { name: "f" } }, { type: "x" }] },
  ],
  [
    "only auto",
    { toolChoices: ["auto"] },
    { tools: [], tool_choice: "required" },
    { tools: [], tool_choice: "auto" },
  ],
  ["only auto, asked for", { toolChoices: ["auto"] }, { tools: [], tool_choice: "auto" }, undefined],
  ["no tools", { toolChoices: ["auto"] }, { tools: [{}], tool_choice: "none" }, {}],
  [
    "JSON without a schema",
    { jsonSchema: false },
    { response_format: { type: "json_schema", json_schema: { name: "a", schema: { type: "object" } } } },
    {
      response_format: { type: "json_object" },
      messages: [
        {
          role: "system",
          content: 'Answer with JSON that fits this JSON Schema, and with nothing else: {"type":"object"}',
        },
        ...messages,
      ],
    },
  ],
  [
    "JSON without a schema, asked for",
    { jsonSchema: false },
    { response_format: { type: "json_object" } },
    undefined,
  ],
  ["what is added", { adds: { reasoning_split: true } }, {}, { reasoning_split: true }],
];

for (const [name, quirks, body, expected] of cases) {
  test(name, () => assert.deepEqual(adapt(quirks, body), expected));
}

test("a schema is told behind what the system says", () => {
  const system = { role: "system", content: "Be brief." };
  const response_format = { type: "json_schema", json_schema: { name: "a", schema: {} } };
  const adapted = adapt({ jsonSchema: false }, { messages: [system, ...messages], response_format });
  const [first, second] = (adapted?.["messages"] ?? []) as Fields[];
  assert.match(String(first?.["content"]), /^Be brief\.\n\nAnswer with JSON .* \{\}$/);
  assert.deepEqual(second, messages[0]);
});

test("nothing is added to a client's own body", () => {
  assert.equal(adapt({ adds: { reasoning_split: true } }, {}, false), undefined);
});

const on = { reasoning_effort: "high" };
const off = { reasoning_effort: "none" };
const budget = { reasoning_effort: "low", reasoning: { max_tokens: 3000 } };

const wishes: [Quirks, Fields, Fields | undefined][] = [
  [{ reasoning: "effort" }, on, undefined],
  [{ efforts: ["low", "high"] }, { reasoning_effort: "medium" }, { reasoning_effort: "high" }],
  [{ efforts: ["low", "high"] }, { reasoning_effort: "xhigh" }, { reasoning_effort: "high" }],
  [{ efforts: ["low", "high"] }, { reasoning_effort: "low" }, undefined],
  [{ efforts: ["low", "high"] }, off, {}],
  [{ efforts: ["none", "high"] }, off, undefined],
  [{ reasoning: "none" }, on, {}],
  [{ reasoning: "enable_thinking" }, on, { enable_thinking: true }],
  [{ reasoning: "enable_thinking" }, budget, { enable_thinking: true, thinking_budget: 3000 }],
  [{ reasoning: "enable_thinking" }, off, { enable_thinking: false }],
  [{ reasoning: "enable_thinking" }, { reasoning: { enabled: false } }, { enable_thinking: false }],
  [{ reasoning: "enable_thinking" }, { enable_thinking: true }, undefined],
  [{ reasoning: "thinking-type" }, on, { thinking: { type: "enabled" } }],
  [{ reasoning: "thinking-type" }, off, { thinking: { type: "disabled" } }],
  [
    { reasoning: "thinking-effort", efforts: ["low", "high", "max"] },
    { reasoning_effort: "medium" },
    { thinking: { type: "enabled" }, reasoning_effort: "high" },
  ],
  [{ reasoning: "thinking-effort" }, off, { thinking: { type: "disabled" } }],
  [
    { reasoning: "chat_template_kwargs" },
    on,
    { chat_template_kwargs: { enable_thinking: true, thinking: true } },
  ],
  [
    { reasoning: "chat_template_kwargs" },
    { ...off, chat_template_kwargs: { thinking: true, a: 1 } },
    { chat_template_kwargs: { enable_thinking: false, thinking: true, a: 1 } },
  ],
  [{ reasoning: "reasoning-object" }, on, undefined],
  [{ reasoning: "reasoning-object" }, budget, { reasoning: { max_tokens: 3000 } }],
  [
    { reasoning: "reasoning-object" },
    { ...on, reasoning: { exclude: true } },
    { reasoning: { effort: "high", exclude: true } },
  ],
  [{ reasoning: "reasoning-object" }, { reasoning: { enabled: false } }, { reasoning: { enabled: false } }],
  [{ reasoning: "reasoning-object" }, { reasoning: { enabled: true } }, { reasoning: { enabled: true } }],
  [{ reasoning: "reasoning-object" }, { reasoning: { summary: "auto" } }, {}],
];

for (const [quirks, body, expected] of wishes) {
  test(`${JSON.stringify(body)} as ${JSON.stringify(quirks)}`, () =>
    assert.deepEqual(adapt(quirks, body), expected));
}

test("a client's own reasoning object for OpenRouter stays", () => {
  assert.equal(adapt({ reasoning: "reasoning-object" }, { reasoning: { effort: "high" } }, false), undefined);
});

test("where nothing may be lost, what cannot be said is refused", () => {
  const lost: [Quirks, Fields, string][] = [
    [{ drops: ["logit_bias"] }, { logit_bias: {} }, "logit_bias"],
    [{ choices: 1 }, { n: 2 }, "n"],
    [{ stopLimit: 1 }, { stop: ["a", "b"] }, "stop"],
    [{ toolChoices: ["auto"] }, { tool_choice: "required" }, "tool_choice"],
    [{ reasoning: "none" }, on, "reasoning_effort"],
  ];
  for (const [quirks, body, param] of lost) {
    assert.throws(
      () => adaptBody(body, quirks, { translated: true, strict: "one" }),
      (error) => error instanceof GatewayError && error.status === 400 && error.param === param,
    );
  }
  assert.ok(
    adaptBody({ n: 1 }, { choices: 1, maxTokens: "max_tokens" }, { translated: true, strict: "one" }),
  );
});
