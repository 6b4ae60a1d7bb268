import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../../config/index.ts";
import { checkWorkers } from "../../../core/cli/sharing.ts";
import { resolveServer } from "../../../core/defaults.ts";
import type { ServeFlags } from "../../../core/cli/flags.ts";
import type { Log } from "../../../core/context.ts";

const flags: ServeFlags = {
  presets: [],
  workers: 3,
  watch: false,
  tunnel: false,
  clipboard: false,
  open: false,
  qr: false,
  logLevel: "silent",
};

/** What is said of three workers: warnings, or why they are refused. */
async function verdict(upstream: object, rest: object = {}): Promise<string[]> {
  const upstreams = [{ provider: "openai", keys: ["sk-upstream"], models: ["gpt-4o"], ...upstream }];
  const config = { upstreams, keys: ["sk-caller"], ...rest };
  const told: string[] = [];
  const say = (text: string): void => void told.push(text);
  const log: Log = { debug: say, info: say, warn: say, error: say };
  const loaded = await loadConfig({ config, env: {}, log });
  return checkWorkers(loaded, resolveServer({ port: 8787 }), flags, log).then(
    () => told,
    (error: Error) => [error.message],
  );
}

const redis = { state: { driver: "redis", url: "redis://127.0.0.1:1" } };
const refused = [
  "3 workers would each count limits for themselves and let through 3 times as much: set state.driver to redis, which they share, or take one worker",
];
const crowded =
  "3 workers would each have as many calls at once as `concurrency` says, 3 times as many in all";

test("limits of any kind want a state that workers share", async () => {
  for (const own of [
    { limits: "5/min" },
    { limits: ["5/min"] },
    { limits: { "gpt-4*": "5/min" } },
    { keyLimits: ["5/min"] },
    { keys: ["sk-a", { key: "sk-b", limits: ["5/min"] }] },
  ]) {
    assert.deepEqual(await verdict(own), refused, JSON.stringify(own));
    assert.deepEqual(await verdict(own, redis), [], JSON.stringify(own));
  }
  assert.deepEqual(await verdict({}, { keys: [{ key: "sk-caller", limits: "5/min" }] }), refused);
  assert.deepEqual(await verdict({}, { plugins: { "rate-limit": { global: "5/min" } } }), refused);
  assert.deepEqual(await verdict({ limits: {} }), await verdict({}));
});

test("calls at once are counted by each worker: refused, or told where it is so anyway", async () => {
  for (const own of [
    { concurrency: 5 },
    { keyConcurrency: 5 },
    { keys: [{ key: "sk-b", concurrency: 5 }] },
  ]) {
    assert.deepEqual(await verdict(own), [`${crowded}: take one worker`], JSON.stringify(own));
    assert.deepEqual(await verdict(own, redis), [`${crowded}: give each its part.`], JSON.stringify(own));
  }
});

test("what may differ from one worker to the other is told in one line", async () => {
  assert.deepEqual(await verdict({}), [
    "Each of the 3 workers takes turns, and leaves failing upstreams alone, by what it sees itself. Before you set limits, set state.driver to redis, which they share.",
  ]);
  assert.deepEqual(await verdict({}, redis), []);
});
