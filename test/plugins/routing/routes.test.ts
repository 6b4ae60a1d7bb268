import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chatAnswer, sendJson, startGateway, startUpstream } from "../../_gateway.ts";
import type { TestGateway, TestUpstream } from "../../_gateway.ts";

let services: TestUpstream[];
let gateway: TestGateway;

before(async () => {
  services = await Promise.all(
    ["a", "b", "c"].map((name) =>
      startUpstream((req, res) => sendJson(res, 200, chatAnswer(`${name} ${req.headers["authorization"]}`))),
    ),
  );
  const upstream = (i: number, more: object) => ({
    name: ["a", "b", "c"][i],
    provider: "openai",
    baseURL: `${services[i]?.url}/v1`,
    models: ["gpt-4o", "gpt-5"],
    ...more,
  });
  gateway = await startGateway({
    keys: [
      { key: "sk-plain", name: "plain" },
      { key: "sk-order", name: "order", routes: ["c/*", "gpt-5", "a/gpt-4o"], strategy: "order" },
      { key: "sk-weights", name: "weights", routes: [{ "a/*": 1 }, { "b/*": 2 }, "c/*"] },
      { key: "sk-runs", name: "runs", routes: [{ "a/*": 1 }, { "b/*": 2 }], strategy: "weighted-runs" },
      { key: "sk-one", name: "one", routes: ["b/gpt-5"] },
    ],
    upstreams: [
      upstream(0, { keys: ["k1", "k2"], weights: { "gpt-5": 0 } }),
      upstream(1, { key: "kb", weight: 2 }),
      upstream(2, { keys: [{ key: "c1", weight: 2 }, "c2"], keyStrategy: "weighted" }),
    ],
  });
});

after(async () => {
  await gateway.close();
  await Promise.all(services.map((service) => service.close()));
});

/** Who answers so many calls one after the other: `a k1`. */
async function answers(key: string, model: string, calls: number): Promise<string[]> {
  const said: string[] = [];
  for (let i = 0; i < calls; i++) {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
    });
    const { choices, error } = (await response.json()) as {
      choices?: { message: { content: string } }[];
      error?: { code: string };
    };
    said.push(choices?.[0]?.message.content.replace("Bearer ", "") ?? `${response.status} ${error?.code}`);
  }
  return said;
}

function shares(said: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of said) counts[one] = (counts[one] ?? 0) + 1;
  return counts;
}

test("upstreams have their weights, a model's own before the general one, and keys theirs", async () => {
  assert.deepEqual(shares(await answers("sk-plain", "gpt-4o", 24)), {
    "a k1": 3,
    "a k2": 3,
    "b kb": 12,
    "c c1": 4,
    "c c2": 2,
  });
  assert.deepEqual(shares(await answers("sk-plain", "gpt-5", 9)), { "b kb": 6, "c c1": 2, "c c2": 1 });
});

test("a key's routes say who serves it, in which order", async () => {
  assert.deepEqual(shares(await answers("sk-order", "gpt-4o", 3)), { "c c1": 2, "c c2": 1 });
  const { candidates } = await gateway.gateway.explain({ model: "gpt-5", key: "sk-order" });
  assert.deepEqual([...new Set(candidates.map(({ upstream }) => upstream))], ["c", "b"]);
});

test("where some routes have weights, those without take no part", async () => {
  const said = (await answers("sk-weights", "gpt-4o", 6)).map((one) => one[0]);
  assert.deepEqual(shares(said as string[]), { a: 2, b: 4 });
  const runs = (await answers("sk-runs", "gpt-4o", 6)).map((one) => one[0]);
  assert.deepEqual(runs, ["a", "b", "b", "a", "b", "b"]);
});

test("a key with routes may use nothing else", async () => {
  assert.deepEqual(await answers("sk-one", "gpt-5", 1), ["b kb"]);
  assert.deepEqual(await answers("sk-one", "gpt-4o", 1), ["403 model_not_allowed"]);
  const { candidates } = await gateway.gateway.explain({ model: "gpt-5", key: "sk-one" });
  assert.deepEqual(
    candidates.map(({ upstream }) => upstream),
    ["b"],
  );
});
