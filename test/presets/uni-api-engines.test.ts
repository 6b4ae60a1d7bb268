import assert from "node:assert/strict";
import { test } from "node:test";
import { inFolder } from "../config/_folder.ts";
import { serviceOf } from "../../presets/uni-api/engines.ts";
import type { UniProvider } from "../../presets/uni-api/schema.ts";

function of(base_url: string | undefined, more: Partial<UniProvider> = {}): unknown {
  return serviceOf({ provider: "p", ...(base_url !== undefined && { base_url }), ...more });
}

test("the host says what a channel is, and its address becomes a base", () => {
  const openai = (baseURL: string) => ({ provider: "openai", baseURL });
  assert.deepEqual(of("https://api.openai.com/v1/chat/completions"), openai("https://api.openai.com/v1"));
  assert.deepEqual(
    of("https://a.example/api/paas/v4/chat/completions"),
    openai("https://a.example/api/paas/v4"),
  );
  assert.deepEqual(of("https://a.example/v1/"), openai("https://a.example/v1"));
  assert.deepEqual(of("https://a.example"), openai("https://a.example/v1"));
  assert.deepEqual(of("https://api.deepseek.com/chat/completions"), {
    provider: "deepseek",
    baseURL: "https://api.deepseek.com",
  });
  const anthropic = { provider: "anthropic", baseURL: "https://api.anthropic.com" };
  assert.deepEqual(of("https://api.anthropic.com/v1/messages"), anthropic);
  assert.deepEqual(of("https://a.example/x/v1/messages"), { ...anthropic, baseURL: "https://a.example/x" });
  assert.deepEqual(of("https://generativelanguage.googleapis.com/v1beta"), {
    provider: "gemini",
    baseURL: "https://generativelanguage.googleapis.com",
  });
  assert.deepEqual(of("https://openrouter.ai/api/v1/chat/completions"), {
    provider: "openrouter",
    baseURL: "https://openrouter.ai/api/v1",
  });
  assert.deepEqual(of("https://api.cohere.com/v1/chat"), {
    provider: "cohere",
    baseURL: "https://api.cohere.com",
  });
  assert.deepEqual(of("https://me.openai.azure.com/"), {
    provider: "azure",
    baseURL: "https://me.openai.azure.com/",
  });
});

test("an engine goes before the host", () => {
  assert.deepEqual(of("https://a.example/v1/messages", { engine: "openrouter" }), {
    provider: "openrouter",
    baseURL: "https://a.example/v1",
  });
  assert.deepEqual(of("https://a.example/v1", { engine: "claude" }), {
    provider: "anthropic",
    baseURL: "https://a.example",
  });
  for (const engine of ["gpt", "o1", "dalle", "whisper", "tts", "moderation", "embedding"] as const) {
    assert.deepEqual(of("https://a.example/v1/audio/transcriptions", { engine }), {
      provider: "openai",
      baseURL: "https://a.example/v1",
    });
  }
});

test("accounts: Vertex, Cloudflare, Amazon", () => {
  const account = { project_id: "me", private_key: "key", client_email: "a@b" };
  const credentials = { client_email: "a@b", private_key: "key" };
  assert.deepEqual(of(undefined, account), {
    provider: "vertex",
    options: { project: "me", location: "by-model", credentials },
  });
  assert.deepEqual(
    of("https://us-east5-aiplatform.googleapis.com", { ...account, engine: "vertex-claude" }),
    {
      provider: "vertex",
      options: { project: "me", location: "us-east5", credentials },
    },
  );
  assert.deepEqual(of(undefined, { cf_account_id: "me" }), {
    provider: "cloudflare",
    options: { accountId: "me" },
  });
  assert.deepEqual(
    of("https://bedrock-runtime.us-east-1.amazonaws.com", { aws_access_key: "A", aws_secret_key: "S" }),
    {
      provider: "bedrock",
      baseURL: "https://bedrock-runtime.us-east-1.amazonaws.com",
      options: { accessKeyId: "A", secretAccessKey: "S" },
    },
  );
});

test("a channel's preferences, in either spelling", () =>
  inFolder(
    {
      "api.yaml": [
        "providers:",
        "  - provider: a",
        "    base_url: https://a.example/v1",
        "    api: [k1, k2]",
        "    model: gpt-4o",
        "api_keys: []",
      ].join("\n"),
    },
    async (folder) => {
      assert.match(String(await folder.mistakes()), /providers\[0\]\.model/);
      const preferences = [
        "    preferences:",
        "      API_KEY_RATE_LIMIT: { gpt-4: 1/min, default: '5/min,100/day' }",
        "      api_key_cooldown_period: 7",
        "      api_key_schedule_algorithm: fixed_priority",
        "      model_timeout: { o1: 300 }",
        "      COOLDOWN_PERIOD: 0",
        "      headers: { x-team: a }",
        "      proxy: http://proxy.example:3128",
        "api_keys: [{ api: k, role: team }]",
      ].join("\n");
      await folder.write({
        "api.yaml": `providers:\n  - provider: a\n    base_url: https://a.example/v1\n    api: [k1, k2]\n${preferences}`,
      });
      const { config, raw } = await folder.load();
      assert.deepEqual(config.upstreams, [
        {
          name: "a",
          provider: "openai",
          baseURL: "https://a.example/v1",
          keys: ["k1", "k2"],
          keyLimits: { "gpt-4": ["1/min"], "*gpt-4*": ["1/min"], "*": ["5/min,100/day"] },
          keyStrategy: "order",
          modelTimeouts: {
            o1: { firstByte: 300_000, silence: 300_000 },
            "*o1*": { firstByte: 300_000, silence: 300_000 },
          },
          headers: { "x-team": "a" },
          proxy: "http://proxy.example:3128",
          forwarded: false,
        },
      ]);
      assert.deepEqual(config.keys, [{ key: "k", name: "team", role: "admin" }]);
      const named = (raw.plugins as (string | object)[]).filter((one) =>
        /breaker|cooldown/.test(JSON.stringify(one)),
      );
      assert.deepEqual(named, [
        { breaker: { upstreams: { a: { consecutive: 0, rate: 0 } } } },
        { cooldown: { upstreams: { a: { rateLimit: "7s" } } } },
      ]);
    },
  ));
