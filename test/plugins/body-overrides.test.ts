import assert from "node:assert/strict";
import { test } from "node:test";
import plugin from "../../plugins/body-overrides/index.ts";
import type { Attempted, Fields } from "../../core/index.ts";
import * as v from "valibot";

type Given = v.InferInput<NonNullable<typeof plugin.options>>;

async function changed(
  rules: Given["rules"],
  body: Fields,
  about: Partial<Record<string, string>> = {},
): Promise<unknown> {
  const options = v.parse(plugin.options as v.GenericSchema, { rules });
  const { adapt } = await plugin.setup(options as never, {} as never);
  const { operation = "chat", upstream = "up", asked, model } = about;
  const target = { upstream: { name: upstream }, model };
  return adapt?.(body, { call: { model: asked }, target, operation } as unknown as Attempted);
}

test("members are set, merged, removed and raised, one rule after the other", async () => {
  const body = { model: "m", a: { b: 1, c: [1] }, tools: [1], max: 5 };
  assert.deepEqual(
    await changed(
      [{ set: { a: { c: [2], d: 3 }, e: null } }, { remove: ["tools"], atLeast: { max: 7, least: 1 } }],
      body,
    ),
    { model: "m", a: { b: 1, c: [2], d: 3 }, e: null, max: 7, least: 1 },
  );
  assert.deepEqual(body, { model: "m", a: { b: 1, c: [1] }, tools: [1], max: 5 });
});

test("what no rule is about passes as it is", async () => {
  const set = { seed: 1 };
  const rules = [
    { upstreams: ["a*"], set },
    { models: ["gpt-*"], set },
    { operations: ["embeddings"], set },
  ];
  assert.equal(await changed(rules, {}, { upstream: "b", asked: "claude", model: "claude-1" }), undefined);
  assert.deepEqual(await changed(rules, {}, { upstream: "abc" }), { seed: 1 });
  assert.deepEqual(await changed(rules, {}, { asked: "gpt-4o" }), { seed: 1 });
  assert.deepEqual(await changed(rules, {}, { asked: "mine", model: "gpt-4o" }), { seed: 1 });
  assert.deepEqual(await changed(rules, {}, { operation: "embeddings" }), { seed: 1 });
});
