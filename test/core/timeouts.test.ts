import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startGateway, startUpstream } from "../_gateway.ts";
import type { TestGateway, TestUpstream } from "../_gateway.ts";

const key = "sk-caller-0001";
let silent: TestUpstream;
let gateway: TestGateway;

before(async () => {
  silent = await startUpstream(() => {});
  const upstream = { provider: "openai", baseURL: `${silent.url}/v1`, key: "uk" };
  gateway = await startGateway({
    keys: [key],
    server: {
      timeouts: { firstByte: "5m" },
      modelTimeouts: { "quick-1": { firstByte: "60ms" }, "quick*": { firstByte: "90ms" } },
    },
    upstreams: [
      { ...upstream, models: ["quick-1", "quick-2"] },
      { ...upstream, models: ["mine", "other"], modelTimeouts: { "m*": { firstByte: "80ms" } } },
      { ...upstream, models: ["quick-own"], modelTimeouts: { "quick-own": { firstByte: "5m" } } },
    ],
    plugins: [{ retry: { attempts: 1 } }],
  });
});

after(async () => {
  await gateway.close();
  await silent.close();
});

/** How a call to a silent upstream ends; `patient` where it was still waited for when that was given up. */
async function manner(model: string, patience: AbortSignal): Promise<string> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
    signal: patience,
  }).catch(() => undefined);
  if (!response) return "patient";
  const { error } = (await response.json()) as { error: { code: string } };
  return `${response.status} ${error.code}`;
}

test("a model has the time-outs of its upstream for it, else the server's for it, else the usual ones", async () => {
  const patience = new AbortController();
  const ask = (model: string): Promise<string> => manner(model, patience.signal);
  const slow = ["other", "quick-own"].map(ask);
  const quick = ["quick-1", "quick-2", "mine"].map(ask);
  const over = "504 upstream_first_byte_timeout";
  assert.deepEqual(await Promise.all(quick), [over, over, over]);
  // A good while after the shorter time-outs.
  await sleep(1500);
  patience.abort();
  assert.deepEqual(await Promise.all(slow), ["patient", "patient"]);
});
