import assert from "node:assert/strict";
import { test } from "node:test";
import { example, inTurn, onAPIYaml } from "./_api-yaml.ts";

const [minimal, advanced, weighted] = await Promise.all([
  example("uni-api/minimal.yaml"),
  example("uni-api/advanced.yaml"),
  example("uni-api/weighted.yaml"),
]);

for (const converted of [false, true]) {
  const how = converted ? "converted" : "as it is";

  test(`the minimal example runs ${how}: the models are those that the provider lists`, () =>
    onAPIYaml(minimal, { converted }, async ({ ask, get, requests }) => {
      assert.equal(await ask("listed-model", "sk-made-up-caller-1"), "api.your.com");
      assert.equal(await ask("listed-model"), 401);
      assert.equal(await ask("gpt-99", "sk-made-up-caller-1"), 404);
      assert.deepEqual(
        requests.map(({ url, headers }) => [url, headers.authorization]),
        [
          ["/api.your.com/v1/models", "Bearer sk-made-up-upstream-1"],
          ["/api.your.com/v1/chat/completions", "Bearer sk-made-up-upstream-1"],
        ],
      );
      const models = (await (await get("/v1/models", "sk-made-up-caller-1")).json()) as {
        data: { id: string }[];
      };
      assert.deepEqual(
        models.data.map(({ id }) => id),
        ["listed-model"],
      );
    }));

  test(`the weights 5:3:2 give 5, 3 and 2 of 10 calls, spread out, ${how}`, () =>
    onAPIYaml(weighted, { converted }, async ({ ask }) => {
      const answers = await inTurn(20, () => ask("gpt-4o", "sk-made-up-caller"));
      const [a, b, c] = ["gcp1.example", "gcp2.example", "gcp3.example"];
      const cycle = [a, b, c, a, a, b, a, c, b, a];
      assert.deepEqual(answers, [...cycle, ...cycle]);
    }));

  test(`the advanced example runs ${how}: rules, renames, turns, failures`, () =>
    onAPIYaml(advanced, { converted }, async ({ ask, requests, failing }) => {
      const key = "sk-made-up-caller-1";
      assert.equal(await ask("gpt-4o", key), "api.your.com");
      assert.equal(await ask("gemini-1.5-flash", key), "generativelanguage.googleapis.com");
      assert.equal(
        requests.at(-1)?.url,
        "/generativelanguage.googleapis.com/v1beta/models/gemini-1.5-flash-exp-0827:generateContent",
      );
      // Vertex refuses the made-up key, so its turn goes to the next.
      const turns = await inTurn(4, () => ask("claude-3-5-sonnet", key));
      assert.deepEqual(turns, ["api.your.com", "api.anthropic.com", "api.your.com", "api.your.com"]);
      failing.set("api.your.com", 503);
      assert.equal(await ask("claude-3-5-sonnet", key), "api.anthropic.com");
      // Rules name neither: a renamed model is there under its new name only.
      assert.equal(await ask("claude-3-opus", key), 404);
      assert.equal(await ask("claude-3-5-sonnet-20240620", key), 404);
    }));

  test(`provider/model and <a/b> are told apart, and a key has its limit, ${how}`, () =>
    onAPIYaml(advanced, { converted }, async ({ ask, requests }) => {
      const key = "sk-made-up-caller-2";
      assert.equal(await ask("claude-3-5-sonnet", key), "api.anthropic.com");
      const tools = [{ type: "function", function: { name: "now", parameters: { type: "object" } } }];
      assert.equal(await ask("anthropic/claude-3-5-sonnet", key, { tools }), "api.xxx.com");
      assert.equal(requests.at(-1)?.url, "/api.xxx.com/v1/chat/completions");
      assert.equal((JSON.parse(String(requests.at(-1)?.body)) as { tools?: unknown }).tools, undefined);
      assert.equal(await ask("claude-3-5-sonnet", key), 429);
    }));
}
