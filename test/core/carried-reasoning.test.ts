import assert from "node:assert/strict";
import test from "node:test";
import { sealReasoning, textToBase64, unsealReasoning } from "../../core/index.ts";
import type { CarriedReasoning } from "../../core/index.ts";

const carried: CarriedReasoning = {
  details: [
    { type: "reasoning.text", text: "Grüezi 🦊 ÿþ?>", signature: "s", format: "anthropic-claude-v1" },
    { type: "reasoning.encrypted", data: "d" },
  ],
  calls: { call_1: { google: { thought_signature: "t" } } },
};

test("what is sealed comes back, in either alphabet and without padding", () => {
  const text = sealReasoning(carried);
  assert.deepEqual(unsealReasoning(text), carried);
  const other = text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  assert.deepEqual(unsealReasoning(other), carried);
});

test("what is none is not taken, and of details only those that are some", () => {
  const text = sealReasoning(carried);
  const broken = [undefined, 1, "", "gAAAAABk", textToBase64('{"sluice":2,"details":[],"calls":{}}')];
  const cut = [text.slice(0, -10), `${text}!`, textToBase64('{"sluice":1,"details":1,"calls":{}}')];
  for (const wrong of [...broken, ...cut]) assert.equal(unsealReasoning(wrong), undefined);
  const details = [
    { type: "reasoning.text" },
    { type: "toString" },
    1,
    { type: "reasoning.summary", summary: "" },
  ];
  const odd = textToBase64(JSON.stringify({ sluice: 1, details, calls: { a: 1 } }));
  assert.deepEqual(unsealReasoning(odd), {
    details: [{ type: "reasoning.summary", summary: "" }],
    calls: {},
  });
});
