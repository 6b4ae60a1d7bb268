import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { test } from "node:test";
import { convertConfig, createGateway } from "../../config/index.ts";
import type { Explanation, LoadedConfig } from "../../config/index.ts";
import { inFolder } from "../config/_folder.ts";
import type { Folder } from "../config/_folder.ts";
import { startUpstream } from "../_gateway.ts";
import { example } from "./_api-yaml.ts";

const uni = await example("uni-api/weighted.yaml");
const pro = await example("pro-api/balance.yaml");

function upstreamsOf({ config }: LoadedConfig): unknown[] {
  return config.upstreams.map(({ name }) => name);
}

test("a file is known by its keys: by --config, in the working directory, by preset and extended", async () => {
  const gcp = ["gcp1", "gcp2", "gcp3"];
  await inFolder(
    { "api.yaml": uni, "pro.yaml": pro, "u.json": '{ "providers": [], "api_keys": [{ "api": "k" }] }' },
    async (folder) => {
      assert.deepEqual(upstreamsOf(await folder.load()), gcp);
      assert.deepEqual(upstreamsOf(await folder.load({ file: "pro.yaml" })), ["Gemini1", "Gemini2"]);
      assert.deepEqual(upstreamsOf(await folder.load({ file: "u.json" })), []);
      assert.deepEqual(upstreamsOf(await folder.load({ presets: ["uni-api"] })), gcp);
      assert.equal((await folder.load()).source, "api.yaml");
      await folder.write({ "sluice.yaml": "extends: uni-api\nserver: { port: 9 }\n" });
      const { config } = await folder.load();
      assert.deepEqual([config.upstreams.length, config.server?.port], [3, 9]);
    },
  );
});

test("without a file, the addresses in CONFIG_URL and config_url hold; config_url also where there is one", () =>
  inFolder({ "u.yaml": uni, "p.yaml": pro }, async (folder) => {
    assert.equal((await folder.load({ env: { CONFIG_URL: "u.yaml" } })).source, "u.yaml");
    assert.equal(
      (await folder.load({ env: { CONFIG_URL: "u.yaml" }, presets: ["uni-api"] })).config.upstreams.length,
      3,
    );
    assert.equal((await folder.load({ env: {} })).source, "preset demo");
    await folder.write({ "api.yaml": uni });
    assert.equal((await folder.load({ env: { CONFIG_URL: "p.yaml" } })).source, "api.yaml");
    assert.equal((await folder.load({ env: { config_url: "p.yaml" } })).source, "p.yaml");
  }));

test("a preset without its file says where it looked", () =>
  inFolder({}, async (folder) => {
    assert.deepEqual(await folder.mistakes({ presets: ["pro-api"] }), [
      "api.yaml (top): no file; an api.yaml in the working directory, or its address in config_url",
    ]);
  }));

test("an encrypted configuration is opened by secret_key, and by no other", async () => {
  const cipher = createCipheriv("aes-128-ecb", Buffer.from("1234567890123456"), null);
  const sealed = Buffer.concat([cipher.update(pro, "utf8"), cipher.final()]).toString("base64");
  const server = await startUpstream((_, res) => void res.end(sealed.replace(/.{76}/g, "$&\n")));
  try {
    await inFolder({}, async (folder) => {
      const env = { config_url: `${server.url}/api.yaml`, secret_key: "1234567890123456789" };
      assert.deepEqual(upstreamsOf(await folder.load({ env })), ["Gemini1", "Gemini2"]);
      assert.deepEqual(await folder.mistakes({ env: { ...env, secret_key: "666666" } }), [
        `${server.url}/api.yaml (top): an encrypted configuration that secret_key does not open; a configuration in YAML or JSON`,
      ]);
      const [mistake = ""] = await folder.mistakes({ env: { config_url: env.config_url } });
      assert.match(mistake, /no secret_key in the environment/);
    });
  } finally {
    await server.close();
  }
});

test("mistakes are told with line and path, all at once, without secrets", () =>
  inFolder(
    {
      "api.yaml": [
        "providers:",
        "  - provider: a",
        "    base_ur: https://a.example/v1",
        "    api: sk-very-secret-1",
        "    model: [{ gpt-4o: [x] }]",
        "    preferences: { api_key_rate_limits: 1/min }",
        "  - base_url: nowhere",
        "api_keys:",
        "  - api: sk-very-secret-2",
        "    model: [{ a/*: 0.5 }]",
        "    preferences: { SCHEDULING_ALGORITHM: sk-very-secret-1 }",
        "secrets: 1",
      ].join("\n"),
    },
    async (folder) => {
      const mistakes = await folder.mistakes();
      assert.deepEqual(
        mistakes.map((mistake) => mistake.replace(/one of [^(]*/, "… ")),
        [
          'api.yaml:3:5 providers[0].base_ur: unknown key "base_ur"; … (did you mean "base_url"?)',
          "api.yaml:5:23 providers[0].model[0].gpt-4o: a list; text",
          'api.yaml:6:20 providers[0].preferences.api_key_rate_limits: unknown key "api_key_rate_limits"; … (did you mean "api_key_rate_limit"?)',
          "api.yaml:7:5 providers[1].provider: nothing; text",
          'api.yaml:7:15 providers[1].base_url: "nowhere"; an http:// or https:// URL without a query and without credentials',
          'api.yaml:10:20 api_keys[0].model[0]["a/*"]: 0.5; a whole number',
          'api.yaml:11:42 api_keys[0].preferences.SCHEDULING_ALGORITHM: "sk-…et-1"; … ',
          'api.yaml:12:1 secrets: unknown key "secrets"; … ',
        ],
      );
      assert.ok(!mistakes.join().includes("very-secret"));
    },
  ));

test("what comes of a part that the gateway refuses is told at that part", () =>
  inFolder(
    { "api.yaml": pro.replace("provider: gemini\n    name: Gemini2", "provider: gemni\n    name: Gemini2") },
    async (folder) => {
      const [mistake = ""] = await folder.mistakes();
      assert.match(mistake, /^api\.yaml:15:5 .*gemni.*did you mean "gemini"/);
    },
  ));

test("what cannot be honoured is named, each with its line", () =>
  inFolder(
    {
      "api.yaml": [
        "providers:",
        "  - { provider: a, base_url: https://a.example/v1, api: k, preferences: { proxy: socks5://p:1, keepalive_interval: { default: 5 } } }",
        "api_keys:",
        "  - api: sk-made-up-1",
        "    model: [b/*, sk-made-up-2/*]",
        "    preferences: { credits: 5, created_at: 2025-01-01 }",
        "  - { api: sk-made-up-2, model: [sk-made-up-1/*] }",
        "preferences: { model_price: { default: 1,2 } }",
        "ENABLE_MODERATION: true",
      ].join("\n"),
    },
    async (folder) => {
      await folder.load({ env: { DB_PATH: "x", DEBUG: "true", TIMEOUT: "soon" } });
      assert.deepEqual(folder.messages.toSorted(), [
        "uni-api: DB_PATH is not honoured yet; statistics are kept in the gateway's state, see `state`",
        "uni-api: DEBUG is not honoured; start with --log-level debug",
        'uni-api: TIMEOUT: found "soon", expected seconds; 100 are used',
        "uni-api: api.yaml:2 providers[0].preferences.keepalive_interval is not honoured; translated streams are kept alive by themselves, others as their upstream does it",
        "uni-api: api.yaml:2 providers[0].preferences.proxy is not honoured; a proxy has to be an http:// or https:// one, and this upstream is called without",
        'uni-api: api.yaml:5 api_keys[0].model[0] lets nothing through: no provider is called "b"',
        "uni-api: api.yaml:5 api_keys[0].model[1] is left out: the rules of these keys lead in a circle",
        "uni-api: api.yaml:6 api_keys[0].preferences.created_at is not honoured yet; what calls cost is not counted",
        "uni-api: api.yaml:6 api_keys[0].preferences.credits is not honoured yet; what calls cost is not counted",
        "uni-api: api.yaml:7 api_keys[1].model[0] is left out: the rules of these keys lead in a circle",
        "uni-api: api.yaml:8 preferences.model_price is not honoured yet; what calls cost is not counted",
        "uni-api: api.yaml:9 ENABLE_MODERATION is not honoured; a call without a key is refused, so there is nothing to moderate",
      ]);
    },
  ));

/** What the first 20 calls of each key for each model would try. */
async function routes(folder: Folder, file: string): Promise<unknown> {
  const gateway = await createGateway(
    await folder.load({ file, config: { plugins: [{ "request-log": false }] } }),
  );
  try {
    const { keys, upstreams } = gateway.context;
    const models = new Set(upstreams.flatMap((upstream) => upstream.models.map(({ name }) => name)));
    const found: Record<string, unknown[]> = {};
    for (const { key } of keys) {
      for (const model of [...models, "no-such-model"]) {
        const calls: Explanation[] = [];
        for (let i = 0; i < 20; i++) calls.push(await gateway.explain({ model, key, ip: "192.0.2.1" }));
        found[`${key} ${model}`] = calls.map(({ refused, candidates }) => ({ refused, candidates }));
      }
    }
    return found;
  } finally {
    await gateway.close(0);
  }
}

for (const name of [
  "uni-api/advanced",
  "uni-api/weighted",
  "pro-api/balance",
  "pro-api/whole",
  "pro-api/simple",
]) {
  test(`${name}: the converted configuration routes as the file itself`, async () => {
    await inFolder({ "api.yaml": await example(`${name}.yaml`) }, async (folder) => {
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      const text = await convertConfig("api.yaml", { cwd: folder.path, env: {}, log });
      await folder.write({ "native.yaml": text });
      assert.deepEqual(await routes(folder, "native.yaml"), await routes(folder, "api.yaml"));
    });
  });
}

test("a converted configuration says where its parts came from, and keeps secrets as they are", () =>
  inFolder({ "api.yaml": uni.replace("sk-made-up-2", '"pa$$$${HOME}$$$$"') }, async (folder) => {
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const text = await convertConfig("api.yaml", { cwd: folder.path, env: {}, log });
    assert.match(text, /^# Made from api\.yaml, a configuration of uni-api/);
    assert.match(text, / {2}# providers\[1\], line 3\n {2}- name: gcp2\n/);
    assert.match(text, / {2}# api_keys\[0\], line 6\n {2}- key: sk-made-up-caller\n/);
    await folder.write({ "native.yaml": text });
    assert.deepEqual((await folder.load({ file: "native.yaml" })).config.upstreams[1]?.keys, [
      "pa$${HOME}$$",
    ]);
  }));

test("what is no other gateway's file is not converted", () =>
  inFolder({ "sluice.yaml": "upstreams: []\n" }, async (folder) => {
    await assert.rejects(convertConfig("sluice.yaml", { cwd: folder.path, env: {} }), {
      message:
        "sluice.yaml (top): found no configuration of another gateway, expected one of uni-api or pro-api",
    });
  }));
