import assert from "node:assert/strict";
import { test } from "node:test";
import { targetOf } from "../../../core/index.ts";
import { listTargets } from "../../../plugins/targets/list.ts";
import { startGateway } from "../../_gateway.ts";
import type { Gate, GatewayContext } from "../../../core/index.ts";

/** Keeps calls from what its name tells, by the target's id. */
const keeper = (obstacles: Record<string, string>): Gate => ({
  name: "keeper",
  describe: ({ id }) => (obstacles[id] === undefined ? undefined : { obstacle: obstacles[id], reason: "so" }),
});

async function withGateway(
  config: object,
  gates: Gate[],
  look: (context: GatewayContext) => void,
): Promise<void> {
  const { gateway, close } = await startGateway(config);
  try {
    look({ ...gateway.context, gates });
  } finally {
    await close();
  }
}

const upstream = { name: "a", provider: "openai", baseURL: "http://127.0.0.1:1" };

test("each key is listed for each offered model, without its secret", async () => {
  const config = {
    upstreams: [{ ...upstream, keys: ["sk-key-one-00001111", "sk-b"], models: ["m", { n: "o" }] }],
  };
  await withGateway(config, [keeper({ "a #2 n": "limit" })], (context) => {
    const { totals, targets } = listTargets(context, new URLSearchParams());
    assert.deepEqual(totals, { targets: 4, available: 3, rest: 0, limit: 1, busy: 0 });
    assert.deepEqual(
      targets.map(({ id, key, model, available }) => [id, key, model, available]),
      [
        ["a #1 m", "#1 sk-…1111", "m", true],
        ["a #2 m", "#2 sk-…", "m", true],
        ["a #1 n", "#1 sk-…1111", "n", true],
        ["a #2 n", "#2 sk-…", "n", false],
      ],
    );
    assert.deepEqual(targets[3]?.gates, { keeper: { obstacle: "limit", reason: "so" } });
    assert.ok(!JSON.stringify(targets).includes("key-one"));
  });
});

test("models of a pattern are listed once they were of use; an upstream without models is listed too", async () => {
  const config = {
    upstreams: [
      { ...upstream, models: ["gpt-*"] },
      { ...upstream, name: "b", provider: "generic", prefix: "/b" },
    ],
  };
  await withGateway(config, [], (context) => {
    const ids = (query = ""): string[] =>
      listTargets(context, new URLSearchParams(query)).targets.map(({ id }) => id);
    assert.deepEqual(ids("upstream=b"), ["b"]);
    targetOf(context.upstreams[0]!, 0, "gpt-9", undefined);
    assert.deepEqual(ids("model=gpt*"), ["a gpt-9"]);
  });
});

test("only some can be asked for, and the totals are of all that fit", async () => {
  const config = { upstreams: [{ ...upstream, keys: ["sk-a", "sk-b", "sk-c"], models: ["m"] }] };
  await withGateway(config, [keeper({ "a #1 m": "rest", "a #3 m": "busy" })], (context) => {
    const ask = (query: string): unknown[] => {
      const { totals, targets } = listTargets(context, new URLSearchParams(query));
      return [totals.targets, ...targets.map(({ id }) => id)];
    };
    assert.deepEqual(ask("obstacle=rest"), [3, "a #1 m"]);
    assert.deepEqual(ask("obstacle=any"), [3, "a #1 m", "a #3 m"]);
    assert.deepEqual(ask("upstream=b"), [0]);
  });
});
