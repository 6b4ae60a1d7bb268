import assert from "node:assert/strict";
import { test } from "node:test";
import { inTurn, onAPIYaml } from "./_api-yaml.ts";
import type { Started } from "./_api-yaml.ts";

const key = "sk-made-up-caller";

/** Providers a.example, b.example, … that all offer gpt-4o, and an entry of api_keys each. */
function fileOf(providers: string[], keys: string[], rest = ""): string {
  const line = (one: string): string => `  - ${one}\n`;
  return `providers:\n${providers.map(line).join("")}api_keys:\n${keys.map(line).join("")}${rest}`;
}

function channel(name: string, more = ""): string {
  const url = `https://${name}.example/v1/chat/completions`;
  return `{ provider: ${name}, base_url: ${url}, api: sk-made-up-${name}, model: [gpt-4o]${more && `, ${more}`} }`;
}

const two = [channel("a"), channel("b")];
const three = [...two, channel("c")];

function caller(more: string, api = key): string {
  return `{ api: ${api}, ${more} }`;
}

function bodyOf({ requests }: Started): Record<string, unknown> {
  return JSON.parse(String(requests.at(-1)?.body)) as Record<string, unknown>;
}

test("channels take turns in the order of the key's rules, by a cursor for each model", () =>
  onAPIYaml(fileOf(three, [caller("model: [c/*, a/*, b/gpt-4o]")]), {}, async ({ ask }) => {
    const answers = await inTurn(6, () => ask("gpt-4o", key));
    assert.deepEqual(answers, ["c.example", "a.example", "b.example", "c.example", "a.example", "b.example"]);
  }));

test("fixed_priority always begins with the first, random and lottery may not", () =>
  onAPIYaml(
    fileOf(two, [
      caller("model: [b/*, a/*], preferences: { SCHEDULING_ALGORITHM: fixed_priority, RATE_LIMIT: 999/min }"),
      caller(
        "model: [b/*: 1, a/*: 99], preferences: { SCHEDULING_ALGORITHM: lottery }",
        "sk-made-up-lottery",
      ),
    ]),
    {},
    async ({ ask, gateway }) => {
      assert.deepEqual(await inTurn(3, () => ask("gpt-4o", key)), ["b.example", "b.example", "b.example"]);
      const drawn = await inTurn(12, () => ask("gpt-4o", "sk-made-up-lottery"));
      assert.ok(drawn.filter((host) => host === "a.example").length > 6, String(drawn));
      const explained = await gateway.gateway.explain({ model: "gpt-4o", key });
      assert.deepEqual(
        explained.candidates.map(({ upstream }) => upstream),
        ["b", "a"],
      );
    },
  ));

test("weights matter under weighted_round_robin only", () =>
  onAPIYaml(fileOf(two, [caller("model: [a/*: 3, b/*: 1]")]), {}, async ({ ask }) => {
    const answers = await inTurn(4, () => ask("gpt-4o", key));
    assert.deepEqual(answers, ["a.example", "b.example", "a.example", "b.example"]);
  }));

test("a failing channel is followed by the next; with AUTO_RETRY: false by none", () =>
  onAPIYaml(
    fileOf(three, [
      caller("model: [all]"),
      caller("model: [all], preferences: { AUTO_RETRY: false }", "sk-made-up-once"),
    ]),
    {},
    async ({ ask, failing, requests }) => {
      failing.set("a.example", 500).set("b.example", 401);
      assert.equal(await ask("gpt-4o", key), "c.example");
      assert.equal(requests.length, 3);
      failing.set("c.example", 500);
      const before = requests.length;
      assert.equal(typeof (await ask("gpt-4o", "sk-made-up-once")), "number");
      assert.equal(requests.length, before + 1);
    },
  ));

test("another gateway key as a channel: its rules, with its share of the weight", () =>
  onAPIYaml(
    fileOf(three, [
      caller(
        "model: [a/*: 2, sk-made-up-other/*: 2], preferences: { SCHEDULING_ALGORITHM: weighted_round_robin }",
      ),
      caller("model: [b/*, c/*]", "sk-made-up-other"),
    ]),
    {},
    async ({ ask }) => {
      const answers = await inTurn(4, () => ask("gpt-4o", key));
      assert.deepEqual(answers.toSorted(), ["a.example", "a.example", "b.example", "c.example"]);
    },
  ));

test("a model that ends in * asks for all that begin so", () =>
  onAPIYaml(
    fileOf(
      [channel("a"), channel("b").replace("gpt-4o", "gpt-4-turbo")],
      [caller("model: [gpt-4o, gpt-4-turbo]")],
    ),
    {},
    async ({ ask }) => {
      assert.deepEqual(await inTurn(2, () => ask("gpt-4*", key)), ["a.example", "b.example"]);
      assert.equal(await ask("claude*", key), 403);
    },
  ));

test("what a channel changes of bodies: tools, its own members, those of a model, reasoning by name", () =>
  onAPIYaml(
    fileOf(
      [
        channel(
          "a",
          "tools: false, preferences: { POST_BODY_PARAMETER_OVERRIDES: { seed: 7, gpt-4o: { top_p: 0.5 } } }",
        ),
        "{ provider: c, base_url: https://c.example/v1/messages, api: k, model: [{ claude-x: claude-think-2000 }] }",
        "{ provider: g, base_url: https://g.example/v1beta, api: k, model: [{ gemini-x: gemini-think-0 }] }",
      ],
      [caller("model: [all]")],
    ),
    {},
    async (started) => {
      const tools = [{ type: "function", function: { name: "f", parameters: { type: "object" } } }];
      await started.ask("gpt-4o", key, { tools, tool_choice: "auto" });
      const messages = [{ role: "user", content: "Hi" }];
      assert.deepEqual(bodyOf(started), { model: "gpt-4o", messages, seed: 7, top_p: 0.5 });
      const given = { temperature: 0.1, max_tokens: 100 };
      assert.equal(await started.ask("claude-think-2000", key, given), "c.example");
      const { thinking, max_tokens, temperature } = bodyOf(started);
      assert.deepEqual(
        { thinking, max_tokens, temperature },
        {
          thinking: { type: "enabled", budget_tokens: 2000 },
          max_tokens: 6096,
          temperature: undefined,
        },
      );
      assert.equal(await started.ask("gemini-think-0", key), "g.example");
      assert.deepEqual(bodyOf(started).generationConfig, {
        thinkingConfig: { thinkingBudget: 0, includeThoughts: false },
      });
    },
  ));

test("an answer that holds an error trigger counts as failed", () =>
  onAPIYaml(
    fileOf(two, [caller("model: [a/*, b/*]")], "preferences: { error_triggers: [a.example] }\n"),
    {},
    async ({ ask, requests }) => {
      assert.equal(await ask("gpt-4o", key), "b.example");
      assert.equal(requests.length, 2);
    },
  ));

test("a channel that failed rests for cooldown_period", () =>
  onAPIYaml(
    fileOf(two, [caller("model: [a/*, b/*]")], "preferences: { cooldown_period: 60 }\n"),
    {},
    async ({ ask, failing, requests }) => {
      failing.set("a.example", 500);
      assert.deepEqual(await inTurn(4, () => ask("gpt-4o", key)), Array(4).fill("b.example"));
      assert.equal(requests.filter(({ url }) => url.startsWith("/a.example")).length, 1);
    },
  ));

test("moderation asks over the key's own channels", () => {
  const moderated =
    "{ provider: m, base_url: https://m.example/v1, api: k, model: [text-moderation-latest] }";
  const results = (request: { body: Buffer }) => [
    { flagged: String(request.body).includes("bad"), categories: {} },
  ];
  return onAPIYaml(
    fileOf(
      [...two, moderated],
      [
        caller("model: [all], preferences: { ENABLE_MODERATION: true }"),
        caller("model: [all]", "sk-made-up-free"),
      ],
    ),
    { answer: (host, request) => (host === "m.example" ? { results: results(request) } : undefined) },
    async ({ ask, requests }) => {
      assert.equal(await ask("gpt-4o", key), "a.example");
      assert.deepEqual(
        requests.map(({ url }) => url),
        ["/m.example/v1/moderations", "/a.example/v1/chat/completions"],
      );
      const bad = { messages: [{ role: "user", content: "bad" }] };
      assert.equal(await ask("gpt-4o", key, bad), 400);
      assert.equal(requests.length, 3);
      assert.equal(await ask("gpt-4o", "sk-made-up-free", bad), "a.example");
    },
  );
});

test("60 calls a minute where nothing else is said", () =>
  onAPIYaml(fileOf(two, [caller("model: [all]")]), {}, async ({ ask }) => {
    const answers = await inTurn(61, () => ask("gpt-4o", key));
    assert.deepEqual([answers.filter((answer) => answer === 429).length, answers.at(-1)], [1, 429]);
  }));

test("statistics and new keys are for the admin, which is the first key where none is", () =>
  onAPIYaml(
    fileOf(two, [caller("model: [all]"), caller("model: [all]", "sk-made-up-second")]),
    {},
    async ({ ask, failing, get }) => {
      failing.set("b.example", 500);
      await inTurn(2, () => ask("gpt-4o", key));
      const report = { ...((await (await get("/stats?hours=2", key)).json()) as object) } as Record<
        string,
        unknown
      >;
      delete report.ip_request_counts;
      assert.deepEqual(report, {
        time_range: "Last 2 hours",
        channel_model_success_rates: [
          { provider: "a", model: "gpt-4o", success_rate: 1, total_requests: 2 },
          { provider: "b", model: "gpt-4o", success_rate: 0, total_requests: 1 },
        ],
        channel_success_rates: [
          { provider: "a", success_rate: 1, total_requests: 2 },
          { provider: "b", success_rate: 0, total_requests: 1 },
        ],
        model_request_counts: [{ model: "gpt-4o", count: 2 }],
        endpoint_request_counts: [{ endpoint: "POST /v1/chat/completions", count: 2 }],
      });
      assert.equal((await get("/v1/stats", "sk-made-up-second")).status, 403);
      assert.equal((await get("/v1/stats?hours=721", key)).status, 400);
      const { api_key } = (await (await get("/v1/generate-api-key", key)).json()) as { api_key: string };
      assert.match(api_key, /^sk-[A-Za-z0-9]{48}$/);
      assert.equal((await get("/v1/generate-api-key", "sk-made-up-second")).status, 403);
      const { data } = (await (await get("/v1/models", key)).json()) as { data: { owned_by: string }[] };
      assert.deepEqual(
        data.map(({ owned_by }) => owned_by),
        ["uni-api"],
      );
    },
  ));

test("DISABLE_DATABASE leaves the statistics empty, and TIMEOUT holds", () =>
  onAPIYaml(
    fileOf(two, [caller("model: [all]")], "preferences: { model_timeout: { gpt-4o: 10, default: 50 } }\n"),
    { env: { DISABLE_DATABASE: "true", TIMEOUT: "30" } },
    async ({ get, gateway }) => {
      assert.deepEqual(await (await get("/stats", key)).json(), { stats: {} });
      const { timeouts, modelTimeouts } = gateway.gateway.context.server;
      assert.deepEqual([timeouts.firstByte, timeouts.silence], [30_000, 30_000]);
      assert.deepEqual(modelTimeouts, {
        "gpt-4o": { firstByte: 10_000, silence: 10_000 },
        "*gpt-4o*": { firstByte: 10_000, silence: 10_000 },
        "*": { firstByte: 50_000, silence: 50_000 },
      });
    },
  ));
