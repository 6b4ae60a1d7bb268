import assert from "node:assert/strict";
import { test } from "node:test";
import { decryptConfig } from "../../presets/pro-api/decrypt.ts";
import { inFolder } from "../config/_folder.ts";
import { example, inTurn, onAPIYaml } from "./_api-yaml.ts";

const [simple, balance, whole, slips] = await Promise.all([
  example("pro-api/simple.yaml"),
  example("pro-api/balance.yaml"),
  example("pro-api/whole.yaml"),
  example("pro-api/slips.txt"),
]);
const key = "sk-made-up-caller";

for (const converted of [false, true]) {
  const how = converted ? "converted" : "as it is";

  test(`the simple example runs ${how}, and a model that nobody offers becomes the default one`, () =>
    onAPIYaml(simple, { converted }, async ({ ask, requests }) => {
      assert.equal(await ask("deepseek-coder", key), "api.deepseek.com");
      assert.equal(await ask("gpt-4o", key), "api.deepseek.com");
      assert.equal(await ask("deepseek-chat", "sk-wrong"), 401);
      assert.deepEqual(
        requests.map(({ url, headers, body }) => [
          url,
          headers.authorization,
          (JSON.parse(String(body)) as { model: string }).model,
        ]),
        [
          ["/api.deepseek.com/v1/chat/completions", "Bearer sk-made-up-upstream", "deepseek-coder"],
          ["/api.deepseek.com/v1/chat/completions", "Bearer sk-made-up-upstream", "deepseek-chat"],
        ],
      );
    }));

  test(`weights 1 and 2 give A B B A B B, for each key and model apart, ${how}`, () =>
    onAPIYaml(balance, { converted }, async ({ ask }) => {
      const [a, b] = ["gemini1.example", "gemini2.example"];
      assert.deepEqual(await inTurn(5, () => ask("gemini-1.5-flash", key)), [a, b, b, a, b]);
      assert.deepEqual(await inTurn(2, () => ask("gemini-1.5-flash", "sk-made-up-other")), [a, b]);
      assert.deepEqual(await inTurn(5, () => ask("gemini-flash", key)), [a, b, b, b, a]);
      assert.equal(await ask("gemini-1.5-flash", key), b);
    }));

  test(`the whole example runs ${how}, once its slips are gone`, () =>
    onAPIYaml(whole, { converted }, async ({ ask, gateway, requests }) => {
      assert.equal(await ask("gpt-3.5-turbo", "sk-made-up-caller-2"), "api.siliconflow.cn");
      assert.equal(
        (JSON.parse(String(requests.at(-1)?.body)) as { model: string }).model,
        "Qwen/Qwen2-7B-Instruct",
      );
      assert.equal(await ask("gpt-4o", "sk-made-up-caller-2"), 403);
      assert.equal(await ask("reflection-70b", "sk-made-up-caller-1"), "openrouter.ai");
      const upstreamsOf = async (model: string) => {
        const { candidates } = await gateway.gateway.explain({ model, key: "sk-made-up-caller-1" });
        return candidates.map((one) => `${one.provider} ${one.upstream} ${one.model}`);
      };
      assert.deepEqual(await upstreamsOf("deepseek-chat"), [
        "openai SiliconFlow deepseek-ai/DeepSeek-V2-Chat",
        "openai deepseek deepseek-chat",
      ]);
      assert.deepEqual(await upstreamsOf("gpt-4"), ["cohere cohere command-r-plus-04-2024"]);
      assert.deepEqual(await upstreamsOf("claude-3-5-sonnet"), [
        "vertex vertexai_claude claude-3-5-sonnet@20240620",
      ]);
      assert.deepEqual(await upstreamsOf("qwen1.5-14b"), [
        "cloudflare cloudflare @cf/qwen/qwen1.5-14b-chat-awq",
      ]);
    }));
}

test("the slips of the documentation's example are told with their lines", () =>
  inFolder({ "api.yaml": slips }, async (folder) => {
    const lineOf = (text: string): number => slips.split("\n").findIndex((line) => line.startsWith(text)) + 1;
    assert.deepEqual(
      (await folder.problems()).map(({ line, found }) => [line, found]),
      [
        [lineOf("REFRESH_TOKEN"), '"REFRESH_TOKEN" at the beginning of a line'],
        [lineOf("model:"), '"model" at the beginning of a line'],
        [lineOf("  provider: cloudflare"), '"provider" without a dash'],
        [lineOf("      - ‘@cf"), "a curly quote"],
        [lineOf("      - ‘@hf"), "a curly quote"],
      ],
    );
  }));

test("curly quotes that YAML takes for a part of a name are told, too", () =>
  inFolder({ "api.yaml": simple.replace("- deepseek-coder", "- ‘deepseek-coder’") }, async (folder) => {
    assert.deepEqual(await folder.mistakes(), [
      'api.yaml:8:9 providers[0].model[1]: "‘deepseek-coder’"; a name in straight quotes: "…" or \'…\'',
    ]);
  }));

test("the default model is for keys that may ask for it", () => {
  const file = simple.replace(
    "- all",
    "- deepseek-chat\n  - api_key: sk-made-up-narrow\n    model: [deepseek-coder]",
  );
  return onAPIYaml(file, {}, async ({ ask, requests }) => {
    assert.equal(await ask("gpt-4o", key), "api.deepseek.com");
    assert.equal(await ask("deepseek-coder", key), 403);
    assert.equal(await ask("gpt-4o", "sk-made-up-narrow"), 404);
    assert.equal(requests.length, 1);
  });
});

test("a token that is the word all lets everyone in, with its models", () => {
  const file = simple.replace("api_key: sk-made-up-caller", "api_key: all").replace("- all", "- deepseek-c*");
  return onAPIYaml(file, {}, async ({ ask }) => {
    assert.equal(await ask("deepseek-coder"), "api.deepseek.com");
    assert.equal(await ask("deepseek-chat", "sk-any"), "api.deepseek.com");
  });
});

test("balance 0 takes a model out of a provider", () =>
  onAPIYaml(balance.replace("- gemini-flash: 1", "- gemini-flash: 0"), {}, async ({ ask }) => {
    const answers = await inTurn(3, () => ask("gemini-flash", key));
    assert.deepEqual(answers, Array(3).fill("gemini2.example"));
  }));

test("db_cache answers an equal request again, whoever asks", () => {
  const cached = balance + "server:\n  db_cache: true\n";
  return onAPIYaml(cached, {}, async ({ ask, requests }) => {
    assert.equal(await ask("gemini-1.5-pro", key), "gemini1.example");
    assert.equal(await ask("gemini-1.5-pro", "sk-made-up-other"), "gemini1.example");
    assert.equal(requests.length, 1);
  });
});

test("GET /, /chat/completions, the owner of models, and /reload_config for the admin", () =>
  onAPIYaml(simple, {}, async ({ gateway, get, folder }) => {
    assert.deepEqual(Object.keys((await (await get("/")).json()) as object), ["name", "version"]);
    const response = await fetch(`${gateway.url}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: "deepseek-chat", messages: [{ role: "user", content: "Hi" }] }),
    });
    assert.equal(response.status, 200);
    await response.json();
    const { data } = (await (await get("/v1/models", key)).json()) as { data: object[] };
    assert.deepEqual(
      data.map((model) => (model as { owned_by: string }).owned_by),
      ["pro-api", "pro-api"],
    );
    assert.equal((await get("/reload_config")).status, 401);
    await folder.write({ "api.yaml": simple.replace("- deepseek-coder", "- deepseek-new") });
    const reloaded = (await (await get("/reload_config", key)).json()) as { status: number };
    assert.equal(reloaded.status, 0);
    const names = gateway.gateway.context.upstreams.flatMap(({ models }) => models.map(({ name }) => name));
    assert.deepEqual(names, ["deepseek-chat", "deepseek-new"]);
  }));

test("AES-128-ECB: the documented vector, keys of all lengths, and what does not fit", () => {
  assert.equal(decryptConfig("xjWq4K5Bl4J5nOkPd6a5uA==", "666666"), "123");
  assert.equal(decryptConfig(simple, "666666"), undefined);
  assert.throws(() => decryptConfig("xjWq4K5Bl4J5nOkPd6a5uA==", undefined), /no secret_key/);
  assert.throws(() => decryptConfig("xjWq4K5Bl4J5nOkPd6a5uA==", "wrong"), /does not open/);
});

test("further keys of a provider are its options; a slip in one of pro-api's own is told", () =>
  inFolder({ "api.yaml": simple.replace("base_url", "gateway: one\n    base_ulr") }, async (folder) => {
    const [mistake = ""] = await folder.mistakes();
    assert.match(
      mistake,
      /^api\.yaml:5:5 providers\[0\]\.base_ulr: unknown key "base_ulr"; .*did you mean "base_url"/,
    );
    const options = "account_id: me\n    gateway: one";
    await folder.write({
      "api.yaml": simple.replace("provider: openai", `provider: cloudflare\n    ${options}`),
    });
    const { config } = await folder.load();
    assert.deepEqual(config.upstreams[0]?.options, { accountId: "me", gateway: "one" });
  }));
