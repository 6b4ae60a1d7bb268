import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startGateway } from "../../_gateway.ts";
import type { TestGateway } from "../../_gateway.ts";

const all = "sk-all-0001";
const some = "sk-some-0002";
let gateway: TestGateway;

before(async () => {
  const upstream = (name: string, provider: string, models: unknown[]) => ({
    name,
    provider,
    baseURL: "http://127.0.0.1:9/v1",
    key: `uk-${name}`,
    models,
  });
  gateway = await startGateway({
    keys: [
      { key: all, name: "all" },
      { key: some, name: "some", models: ["gpt-4o", "!gpt-4o-mini"] },
    ],
    aliases: { best: "gpt-4o", chosen: "second/gpt-4o" },
    upstreams: [
      upstream("first", "openai", ["gpt-4o", { "gpt-4o-2024-11-20": "stable" }, "gpt-4o-mini"]),
      upstream("second", "openai", ["gpt-4o", { "a-1": "twice" }, { "a-2": "twice" }]),
      upstream("hub", "openrouter", ["meta/llama-3", "o*"]),
    ],
    plugins: [{ routing: { strategy: "order", defaultModel: "gpt-4o-mini", patterns: true } }],
  });
});

after(() => gateway.close());

/** Where a name leads: upstreams and the models' names there, or the refusal. */
async function ways(model: string, key = all): Promise<string[]> {
  const { refused, candidates } = await gateway.gateway.explain({ model, key });
  if (refused) return [`${refused.status} ${refused.code}`];
  return candidates.map((one) => `${one.upstream} ${one.model}`);
}

test("a model is found by its name, an alias, its new name, and a pattern", async () => {
  assert.deepEqual(await ways("gpt-4o"), ["first gpt-4o", "second gpt-4o"]);
  assert.deepEqual(await ways("best"), ["first gpt-4o", "second gpt-4o"]);
  assert.deepEqual(await ways("stable"), ["first gpt-4o-2024-11-20"]);
  assert.deepEqual(await ways("o3"), ["hub o3"]);
});

test("one offered name may stand for several models of one upstream", async () => {
  assert.deepEqual(await ways("twice"), ["second a-1", "second a-2"]);
});

test("a name that was given up is not offered any more, and an unknown one becomes the default model", async () => {
  assert.deepEqual(await ways("gpt-4o-2024-11-20"), ["first gpt-4o-mini"]);
  assert.deepEqual(await ways("nobody-has-it"), ["first gpt-4o-mini"]);
});

test("an upstream or a provider may be named with the model", async () => {
  assert.deepEqual(await ways("second/gpt-4o"), ["second gpt-4o"]);
  assert.deepEqual(await ways("second:gpt-4o"), ["second gpt-4o"]);
  assert.deepEqual(await ways("chosen"), ["second gpt-4o"]);
  assert.deepEqual(await ways("openai:gpt-4o"), ["first gpt-4o", "second gpt-4o"]);
  assert.deepEqual(await ways("hub/o3"), ["hub o3"]);
});

test("a name with a slash that is offered is itself, with or without brackets", async () => {
  assert.deepEqual(await ways("meta/llama-3"), ["hub meta/llama-3"]);
  assert.deepEqual(await ways("<meta/llama-3>"), ["hub meta/llama-3"]);
  assert.deepEqual(await ways("hub/meta/llama-3"), ["hub meta/llama-3"]);
});

test("a name that ends in a star asks for all that begin so", async () => {
  assert.deepEqual(await ways("gpt-4*"), ["first gpt-4o", "first gpt-4o-mini", "second gpt-4o"]);
});

test("what a key may not use it does not get by another name", async () => {
  assert.deepEqual(await ways("second/gpt-4o", some), ["second gpt-4o"]);
  for (const model of ["gpt-4o-mini", "first/gpt-4o-mini", "first:gpt-4o-mini", "<gpt-4o-mini>"]) {
    assert.match((await ways(model, some))[0] ?? "", /^40[34] /, model);
  }
});
