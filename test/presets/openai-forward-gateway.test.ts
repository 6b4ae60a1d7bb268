import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "../../config/index.ts";
import { convertFolder } from "../../plugins/chat-log/convert.node.ts";
import { chatAnswer, sendJson, startGateway, startUpstream, until } from "../_gateway.ts";
import type { TestGateway, TestUpstream } from "../_gateway.ts";

const chat = "/v1/chat/completions";

interface Started {
  gateway: TestGateway;
  /** An OpenAI upstream, and a general one. */
  openai: TestUpstream;
  general: TestUpstream;
  /** What the preset told. */
  warnings: string[];
  post(path: string, key?: string, body?: object): Promise<Response>;
}

interface Setup {
  env?: (openai: string, general: string) => Record<string, string>;
  /** Laid over the preset. */
  config?: object;
  files?: (openai: string, general: string) => Record<string, string>;
  answer?: Parameters<typeof startUpstream>[0];
}

function silent(): void {}

/** Runs a test with a gateway on openai-forward's settings, and two upstreams. */
async function run(setup: Setup, work: (started: Started) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "openai-forward-"));
  const openai = await startUpstream(setup.answer ?? ((_, res) => sendJson(res, 200, chatAnswer())));
  const general = await startUpstream((req, res) => sendJson(res, 200, { path: req.url }));
  const files = setup.files?.(openai.url, general.url) ?? {};
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  const env = setup.env?.(openai.url, general.url) ?? {};
  const config = { plugins: [{ "request-log": false }], ...setup.config };
  const warnings: string[] = [];
  const log = {
    debug: silent,
    info: silent,
    error: silent,
    warn: (text: string) => void warnings.push(text),
  };
  const presets = ["openai-forward"];
  const loaded = await loadConfig({ presets, file: false, cwd: directory, env, config, log });
  const gateway = await startGateway(loaded);
  const post = (path: string, key?: string, body: object = {}) =>
    fetch(gateway.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) },
      body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hi" }], ...body }),
    });
  try {
    await work({ gateway, openai, general, warnings, post });
  } finally {
    await gateway.close();
    await openai.close();
    await general.close();
    await rm(directory, { recursive: true, force: true });
  }
}

const twoUpstreams = (openai: string, general: string) => ({
  OPENAI_BASE_URL: openai,
  OPENAI_ROUTE_PREFIX: "/openai",
  OPENAI_API_KEY: "sk-1, sk-2",
  FORWARD_KEY: "fk-1",
  EXTRA_BASE_URL: general,
  EXTRA_ROUTE_PREFIX: "/tts",
});

async function statusOf(response: Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await body?.cancel();
  return status;
}

function keysSeen({ requests }: TestUpstream): unknown[] {
  return requests.map(({ headers }) => headers.authorization);
}

test("a forward key is replaced by the pool's in turn, under the prefix, which is taken off", () =>
  run({ env: twoUpstreams }, async ({ openai, post }) => {
    for (let i = 0; i < 3; i++) {
      const response = await post(`/openai${chat}?trace=1`, "fk-1");
      assert.equal(response.status, 200);
      assert.deepEqual(await response.json(), chatAnswer());
    }
    assert.deepEqual(keysSeen(openai), ["Bearer sk-1", "Bearer sk-2", "Bearer sk-1"]);
    const [{ url, headers }] = openai.requests as [TestUpstream["requests"][0]];
    assert.equal(url, `${chat}?trace=1`);
    assert.equal(headers["x-forwarded-for"], undefined);
  }));

test("a caller with a key of its own keeps it; one without a key is refused", () =>
  run(
    { env: (OPENAI_BASE_URL) => ({ OPENAI_BASE_URL, OPENAI_API_KEY: "sk-1", FORWARD_KEY: "fk-1" }) },
    async ({ openai, post }) => {
      assert.equal(await statusOf(post(chat, "sk-mine")), 200);
      assert.deepEqual(keysSeen(openai), ["Bearer sk-mine"]);
      const refused = await post(chat);
      assert.equal(refused.status, 401);
      assert.equal(
        ((await refused.json()) as { error: { type: string } }).error.type,
        "authentication_error",
      );
      assert.equal(openai.requests.length, 1);
    },
  ));

test("general upstreams: anything passes, with and without a key, but never a forward key", () =>
  run({ env: twoUpstreams }, async ({ gateway, general, post }) => {
    const response = await fetch(`${gateway.url}/tts/voices/a%20b?x=%2F`, { headers: { "x-any": "1" } });
    assert.deepEqual(await response.json(), { path: "/voices/a%20b?x=%2F" });
    assert.equal(await statusOf(post("/tts/say", "el-mine")), 200);
    assert.equal(await statusOf(post("/tts/say", "fk-1")), 200);
    assert.deepEqual(keysSeen(general), [undefined, "Bearer el-mine", undefined]);
    assert.equal(general.requests[0]?.headers["x-any"], "1");
    assert.equal(
      await statusOf(fetch(`${gateway.url}/elsewhere`, { headers: { authorization: "Bearer fk-1" } })),
      404,
    );
  }));

test("without forward keys nobody needs a key, which is told", () =>
  run(
    { env: (OPENAI_BASE_URL) => ({ OPENAI_BASE_URL, OPENAI_API_KEY: "sk-1" }) },
    async ({ gateway, openai, warnings, post }) => {
      assert.equal(await statusOf(post(chat)), 200);
      assert.equal(await statusOf(post(chat, "sk-mine")), 200);
      assert.deepEqual(keysSeen(openai), ["Bearer sk-1", "Bearer sk-mine"]);
      assert.match(warnings.join(), /OPEN TO EVERYONE/);
      assert.equal(await statusOf(fetch(`${gateway.url}/healthz`)), 200);
      assert.equal(await statusOf(fetch(`${gateway.url}/v1/models`)), 200);
      assert.equal(openai.requests.at(-1)?.url, "/v1/models");
    },
  ));

test("levels: the models and the pool's keys of the caller's level", () =>
  run(
    {
      env: (OPENAI_BASE_URL) => ({
        OPENAI_BASE_URL,
        OPENAI_API_KEY_CONFIG: '{"sk-0": [0], "sk-1": [1], "sk-12": [1, 2]}',
        FORWARD_KEY_CONFIG: '{"fk-0": 0, "fk-1": 1, "fk-2": 2}',
        LEVEL_MODELS: '{"1": ["gpt-4"], "2": ["gpt-3.5-turbo"]}',
      }),
    },
    async ({ openai, post }) => {
      const ask = (key: string, model: string) => statusOf(post(chat, key, { model }));
      assert.equal(await ask("fk-0", "anything"), 200);
      assert.equal(await ask("fk-1", "gpt-4"), 200);
      assert.equal(await ask("fk-1", "gpt-4"), 200);
      assert.equal(await ask("fk-2", "gpt-3.5-turbo"), 200);
      assert.equal(await ask("fk-mine", "gpt-4"), 200);
      const keys = ["Bearer sk-0", "Bearer sk-1", "Bearer sk-12", "Bearer sk-12", "Bearer fk-mine"];
      assert.deepEqual(keysSeen(openai), keys);
      assert.equal(await ask("fk-1", "gpt-3.5-turbo"), 403);
      assert.equal(await ask("fk-2", "gpt-4"), 403);
      assert.equal(openai.requests.length, keys.length);
    },
  ));

test("requests are limited on their path, for each caller", () =>
  run(
    {
      env: (openai, general) => ({
        ...twoUpstreams(openai, general),
        FORWARD_KEY: "fk-1,fk-2",
        REQ_RATE_LIMIT: `{"/openai${chat}": "2/year"}`,
        GLOBAL_RATE_LIMIT: "1/year",
      }),
    },
    async ({ post }) => {
      const ask = (key: string, path = `/openai${chat}`) => statusOf(post(path, key));
      assert.deepEqual([await ask("fk-1"), await ask("fk-1"), await ask("fk-1")], [200, 200, 429]);
      assert.equal(await ask("fk-2"), 200);
      assert.equal(await ask("sk-mine"), 200);
      assert.deepEqual([await ask("fk-1", "/tts/a"), await ask("fk-1", "/tts/a")], [200, 429]);
      assert.equal(await ask("fk-1", "/tts/b"), 200);
    },
  ));

test("a stream is paced by its events, and not refused", () => {
  const events = ["one", "two", "three", "four"]
    .map((text) => `data: ${JSON.stringify({ text })}\n\n`)
    .join("");
  return run(
    {
      env: (OPENAI_BASE_URL) => ({ OPENAI_BASE_URL, TOKEN_RATE_LIMIT: `{"${chat}": "20/second"}` }),
      answer: (_, res) => res.writeHead(200, { "content-type": "text/event-stream" }).end(events),
    },
    async ({ post }) => {
      const start = performance.now();
      assert.equal(await (await post(chat, "sk-mine", { stream: true })).text(), events);
      assert.ok(performance.now() - start > 100, "four events at 20 a second take 150 ms");
    },
  );
});

test("chats are logged and can be converted", async () => {
  const directory = await mkdtemp(join(tmpdir(), "openai-forward-log-"));
  const config = { plugins: [{ "request-log": false }, { "chat-log": { path: join(directory, "chat") } }] };
  try {
    const env: Setup["env"] = (openai, general) => ({ ...twoUpstreams(openai, general), LOG_CHAT: "true" });
    await run({ env, config }, async ({ post }) => {
      assert.equal(await statusOf(post("/tts/say", "fk-1")), 200);
      await (await post(`/openai${chat}`, "fk-1")).text();
    });
    const output = join(directory, "chat.json");
    await convertFolder(join(directory, "chat"), output);
    const [entry, ...more] = JSON.parse(await readFile(output, "utf8")) as Record<string, unknown>[];
    assert.deepEqual(Object.keys(entry ?? {}), [
      "datetime",
      "forwarded-for",
      "model",
      "messages",
      "assistant",
    ]);
    assert.deepEqual(
      [entry?.model, entry?.messages, entry?.assistant],
      ["gpt-4o", [{ user: "Hi" }], "Hello!"],
    );
    assert.deepEqual(more, []);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("the benchmark echoes without an upstream, under its limits", () =>
  run(
    {
      env: (openai, general) => ({
        ...twoUpstreams(openai, general),
        BENCHMARK_MODE: "true",
        REQ_RATE_LIMIT: '{"/benchmark": "2/year"}',
      }),
    },
    async ({ openai, post }) => {
      const answer = (await (await post(`/benchmark${chat}`)).json()) as {
        choices: { message: { content: string } }[];
      };
      assert.equal(answer.choices[0]?.message.content, "Hi");
      const stream = await (await post(`/benchmark${chat}`, undefined, { stream: true })).text();
      assert.match(stream, /"content":"Hi"/);
      assert.ok(stream.endsWith("data: [DONE]\n\n"));
      assert.equal(await statusOf(post(`/benchmark${chat}`)), 429);
      assert.equal(openai.requests.length, 0);
    },
  ));

test("the cache answers where the body or the default asks for it, and its field goes no further", () =>
  run(
    {
      env: (OPENAI_BASE_URL) => ({
        OPENAI_BASE_URL,
        OPENAI_API_KEY: "sk-1",
        FORWARD_KEY: "fk-1,fk-2",
        CACHE_OPENAI: "true",
      }),
    },
    async ({ gateway, openai, post }) => {
      const ask = async (key: string, caching?: boolean) => {
        await (await post(chat, key, caching === undefined ? {} : { caching })).text();
        // It is kept at the call's end, before which the client may have the answer.
        await until(() => gateway.gateway.inFlight === 0);
        return openai.requests.length;
      };
      assert.deepEqual(
        [await ask("fk-1", true), await ask("fk-1", true), await ask("fk-2", true)],
        [1, 1, 1],
      );
      assert.deepEqual([await ask("fk-1"), await ask("fk-1", false)], [2, 3]);
      assert.ok(openai.requests.every(({ body }) => !body.toString().includes("caching")));
    },
  ));

test("models of another server: asked for by one name, served under another", () =>
  run(
    {
      env: (openai, ollama) => ({
        OPENAI_BASE_URL: openai,
        OPENAI_ROUTE_PREFIX: "/openai",
        OPENAI_API_KEY: "sk-1",
        FORWARD_KEY: "fk-1",
        CUSTOM_MODEL_CONFIG: JSON.stringify({
          backend: "ollama",
          api_base: ollama,
          model_map: { small: "qwen2:7b" },
        }),
      }),
    },
    async ({ openai, general: ollama, post }) => {
      assert.equal(await statusOf(post(`/openai${chat}`, "fk-1", { model: "small" })), 200);
      assert.equal(await statusOf(post(`/openai${chat}`, "fk-1")), 200);
      assert.deepEqual([openai.requests.length, ollama.requests.length], [1, 1]);
      const [request] = ollama.requests as [TestUpstream["requests"][0]];
      assert.equal(request.url, chat);
      assert.equal(request.headers.authorization, undefined);
      assert.equal((JSON.parse(request.body.toString()) as { model: string }).model, "qwen2:7b");
    },
  ));

test("a lost connection is tried again, with another key of the pool", () => {
  let calls = 0;
  return run(
    {
      env: (OPENAI_BASE_URL) => ({ OPENAI_BASE_URL, OPENAI_API_KEY: "sk-1,sk-2", FORWARD_KEY: "fk-1" }),
      answer: (_, res) => (++calls === 1 ? void res.destroy() : sendJson(res, 200, chatAnswer())),
    },
    async ({ openai, post }) => {
      assert.equal(await statusOf(post(chat, "fk-1")), 200);
      assert.deepEqual(keysSeen(openai), ["Bearer sk-1", "Bearer sk-2"]);
    },
  );
});

test("a denied address is refused before anything else", () =>
  run(
    { env: (OPENAI_BASE_URL) => ({ OPENAI_BASE_URL, IP_BLACKLIST: "127.0.0.1" }) },
    async ({ openai, post }) => {
      assert.equal(await statusOf(post(chat, "sk-mine")), 403);
      assert.equal(openai.requests.length, 0);
    },
  ));

test("the settings come from .env, over several lines", () =>
  run(
    {
      files: (openai, general) => ({
        ".env": `OPENAI_BASE_URL='${openai}, ${general}'
OPENAI_ROUTE_PREFIX='/openai, /other'
OPENAI_API_KEY='sk-1'
FORWARD_KEY=fk-1
REQ_RATE_LIMIT='{
"/openai${chat}": "1/year",
"/other${chat}": "2/year"
}'
`,
      }),
    },
    async ({ openai, general, post }) => {
      const ask = (prefix: string) => statusOf(post(prefix + chat, "fk-1"));
      assert.deepEqual([await ask("/openai"), await ask("/openai")], [200, 429]);
      assert.deepEqual([await ask("/other"), await ask("/other"), await ask("/other")], [200, 200, 429]);
      assert.deepEqual(
        [keysSeen(openai), keysSeen(general)],
        [["Bearer sk-1"], ["Bearer sk-1", "Bearer sk-1"]],
      );
    },
  ));

test("or from the YAML file", () =>
  run(
    {
      files: (openai, general) => ({
        "openai-forward-config.yaml": `
forward:
  - { base_url: "${openai}", route: /, type: openai }
  - { base_url: "${general}", route: /tts, type: general }
api_key:
  openai_key: { sk-1: [0] }
  forward_key: { 0: [fk-1] }
`,
      }),
    },
    async ({ openai, general, post }) => {
      assert.equal(await statusOf(post(chat, "fk-1")), 200);
      assert.equal(await statusOf(post("/tts/say")), 200);
      assert.deepEqual([keysSeen(openai), keysSeen(general)], [["Bearer sk-1"], [undefined]]);
    },
  ));
