import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEnv } from "node:util";
import type { ConfigError, ConfigProblem } from "../../core/index.ts";
import * as v from "valibot";
import { configSchema } from "../../config/schema.ts";
import type { Config } from "../../config/schema.ts";
import preset from "../../presets/openai-forward/index.ts";

type Env = Record<string, string | undefined>;

function silent(): void {}

/** What the preset makes of an environment, and what it says meanwhile. */
async function load(env: Env): Promise<{ config: Config; warnings: string[] }> {
  const warnings: string[] = [];
  const log = {
    debug: silent,
    info: silent,
    error: silent,
    warn: (text: string) => void warnings.push(text),
  };
  const config = await preset.load({ env, cwd: "/nowhere", readFile: async () => undefined, log });
  const checked = v.safeParse(configSchema, config);
  assert.ok(
    checked.success,
    JSON.stringify(checked.issues?.map((issue) => [v.getDotPath(issue), issue.message])),
  );
  return { config, warnings };
}

async function problemsOf(env: Env): Promise<readonly ConfigProblem[]> {
  const error = await load(env).then(
    () => assert.fail("it was taken"),
    (error: ConfigError) => error,
  );
  assert.equal(error.name, "ConfigError", String(error));
  return error.problems;
}

async function plugin(env: Env, name: string): Promise<unknown> {
  const { config } = await load(env);
  const entries = (config.plugins ?? []) as (string | Record<string, unknown>)[];
  const found = entries.find((entry) => (typeof entry === "string" ? entry === name : name in entry));
  return typeof found === "string" ? true : found?.[name];
}

/** Keys of both sides, so that nothing is said of their absence. */
const keys = { OPENAI_API_KEY: "sk-1", FORWARD_KEY: "fk-1" };

function pairs(OPENAI_BASE_URL: string, OPENAI_ROUTE_PREFIX: string): Env {
  return { OPENAI_BASE_URL, OPENAI_ROUTE_PREFIX };
}

/** The OpenAI upstream as it is without any variable. */
const openai = {
  name: "openai",
  provider: "openai",
  baseURL: "https://api.openai.com/v1",
  forwardURL: "https://api.openai.com",
  forwarded: false,
  prefix: "/",
};

test("without any variable: OpenAI at the root, open on port 8000", async () => {
  const { config, warnings } = await load({});
  assert.deepEqual(config, {
    server: { host: "0.0.0.0", port: 8000 },
    upstreams: [openai],
    plugins: [
      "protocols/openai-chat",
      "protocols/openai-completions",
      "request-log",
      { auth: { anonymous: true, passUnknownKeys: true } },
      "routing",
      { retry: { attempts: 3 } },
    ],
  });
  assert.match(warnings.join("\n"), /^openai-forward: No keys are configured/);
});

test("the example of its README: a pool and a forward key", async () => {
  const { config, warnings } = await load({ OPENAI_API_KEY: "sk-*******", FORWARD_KEY: "fk-******" });
  assert.deepEqual(config, {
    server: { host: "0.0.0.0", port: 8000 },
    upstreams: [{ ...openai, keys: ["sk-*******"] }],
    keys: [{ key: "fk-******", name: "forward-1" }],
    plugins: [
      "protocols/openai-chat",
      "protocols/openai-completions",
      "request-log",
      { auth: { anonymous: false, passUnknownKeys: true } },
      "routing",
      { retry: { attempts: 3 } },
    ],
  });
  assert.deepEqual(warnings, []);
});

test("a .env with quoted lists and values over several lines", async () => {
  const text = `
# two of the same kind, two of any kind
LOG_CHAT=true
OPENAI_BASE_URL='https://api.openai.com, http://localhost:8080'
OPENAI_ROUTE_PREFIX='/openai, /localai'
OPENAI_API_KEY='sk-1, sk-2, sk-3'
FORWARD_KEY=fk-1
EXTRA_BASE_URL="http://localhost:8882 , http://localhost:8881/"
EXTRA_ROUTE_PREFIX="/tts , translate/"
REQ_RATE_LIMIT='{
"/openai/v1/chat/completions": "1/10seconds",
"/localai/v1/chat/completions": "2/second"
}'
GLOBAL_RATE_LIMIT=2/5seconds
RATE_LIMIT_STRATEGY=fixed-window
PROXY=http://localhost:7890
TOKEN_RATE_LIMIT={"/openai/v1/chat/completions":"20/second"}
TIMEOUT=300
`;
  const { config, warnings } = await load(parseEnv(text));
  const shared = { forwarded: false, proxy: "http://localhost:7890" };
  const pool = ["sk-1", "sk-2", "sk-3"];
  const local = {
    provider: "openai",
    baseURL: "http://localhost:8080/v1",
    forwardURL: "http://localhost:8080",
  };
  const rule = { per: ["key", "path"], strategy: "fixed" };
  assert.deepEqual(config, {
    server: { host: "0.0.0.0", port: 8000, timeouts: { connect: 300_000 } },
    upstreams: [
      { ...openai, keys: pool, ...shared, prefix: "/openai" },
      { name: "localai", ...local, keys: pool, ...shared, prefix: "/localai" },
      { name: "tts", provider: "generic", baseURL: "http://localhost:8882", ...shared, prefix: "/tts" },
      {
        name: "translate",
        provider: "generic",
        baseURL: "http://localhost:8881",
        ...shared,
        prefix: "/translate",
      },
    ],
    keys: [{ key: "fk-1", name: "forward-1" }],
    plugins: [
      "protocols/openai-chat",
      "protocols/openai-completions",
      "request-log",
      {
        "chat-log": {
          path: "./Log/chat",
          format: "openai-forward",
          operations: ["chat", "completion", "embeddings"],
          paths: ["/openai", "/localai"].flatMap((prefix) =>
            ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"].map((route) => prefix + route),
          ),
          print: false,
        },
      },
      {
        auth: {
          anonymous: { prefixes: ["/tts", "/translate"], upstreams: ["tts", "translate"] },
          passUnknownKeys: true,
        },
      },
      {
        "rate-limit": {
          rules: [
            { ...rule, paths: ["/openai/v1/chat/completions*"], limits: "1/10seconds" },
            { ...rule, paths: ["/localai/v1/chat/completions*"], limits: "2/second" },
            {
              ...rule,
              paths: ["!/openai/v1/chat/completions*", "!/localai/v1/chat/completions*"],
              limits: "2/5seconds",
            },
          ],
          pace: [{ paths: ["/openai/v1/chat/completions"], rate: "20/second" }],
        },
      },
      "routing",
      { retry: { attempts: 3 } },
    ],
  });
  assert.deepEqual(warnings, []);
});

test("base URLs and prefixes: one for each, the root only alone, none twice", async () => {
  assert.deepEqual(await problemsOf(pairs("http://a, http://b", "/a")), [
    {
      path: ["env", "OPENAI_ROUTE_PREFIX"],
      found: "1 for 2 in OPENAI_BASE_URL",
      expected: "one prefix for each base URL, in the same order",
    },
  ]);
  assert.deepEqual(await problemsOf(pairs("http://a, http://b", "/, /b")), [
    {
      path: ["env", "OPENAI_ROUTE_PREFIX"],
      found: '"/"',
      expected: "a prefix such as /openai, as there are 2 upstreams",
      hint: "only a single upstream may take the root",
    },
  ]);
  const withExtra = { EXTRA_BASE_URL: "http://tts", EXTRA_ROUTE_PREFIX: "/tts" };
  assert.deepEqual(
    (await problemsOf(withExtra)).map(({ path, found }) => [path, found]),
    [[["env", "OPENAI_ROUTE_PREFIX"], '"/"']],
  );
  assert.deepEqual(
    (
      await problemsOf({ ...pairs("http://a", "/x"), EXTRA_BASE_URL: "http://b", EXTRA_ROUTE_PREFIX: "x/" })
    ).map(({ path, found }) => [path, found]),
    [[["env", "EXTRA_ROUTE_PREFIX"], '"/x" twice']],
  );
  const { config } = await load({ ...keys, ...pairs("http://a/v1/", "api/") });
  assert.deepEqual(config.upstreams, [
    {
      ...openai,
      name: "api",
      baseURL: "http://a/v1",
      forwardURL: "http://a/v1",
      keys: ["sk-1"],
      prefix: "/api",
    },
  ]);
});

test("FORWARD_CONFIG stands in place of the lists, and may have a root among others", async () => {
  const FORWARD_CONFIG = `[
    {"base_url": "https://api.openai.com", "route": "/", "type": "openai"},
    {"base_url": "https://generativelanguage.googleapis.com", "route": "/gemini", "type": "general"}
  ]`;
  const { config, warnings } = await load({ ...keys, FORWARD_CONFIG, OPENAI_BASE_URL: "http://other" });
  assert.deepEqual(config.upstreams, [
    { ...openai, keys: ["sk-1"] },
    {
      name: "gemini",
      provider: "generic",
      baseURL: "https://generativelanguage.googleapis.com",
      forwarded: false,
      prefix: "/gemini",
    },
  ]);
  assert.deepEqual(warnings, ["openai-forward: OPENAI_BASE_URL: not read, as FORWARD_CONFIG is set"]);
});

test("keys for the upstreams without forward keys: open, and loudly so", async () => {
  const { config, warnings } = await load({ OPENAI_API_KEY: "sk-1,sk-2" });
  assert.deepEqual(config.upstreams, [{ ...openai, keys: ["sk-1", "sk-2"] }]);
  assert.equal(config.keys, undefined);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /OPEN TO EVERYONE.*Set FORWARD_KEY/);
  assert.doesNotMatch(warnings[0] ?? "", /sk-1/);
});

const levels = {
  OPENAI_API_KEY_CONFIG: '{"sk-0": [0], "sk-1": [1], "sk-12": [1, 2]}',
  FORWARD_KEY_CONFIG: '{"fk-0": 0, "fk-1": 1, "fk-11": 1, "fk-2": 2}',
  LEVEL_MODELS: '{"1": ["gpt-4"], "2": ["gpt-3.5-turbo"]}',
};

test("levels: the keys of a level are used in turn by the callers of that level", async () => {
  const { config, warnings } = await load(levels);
  assert.deepEqual(config.upstreams, [
    { ...openai, name: "openai-level-0", keys: ["sk-0"] },
    { ...openai, name: "openai-level-1", keys: ["sk-1", "sk-12"] },
    { ...openai, name: "openai-level-2", keys: ["sk-12"] },
  ]);
  assert.deepEqual(config.keys, [
    { key: "fk-0", name: "forward-1", upstreams: ["!openai-level-1", "!openai-level-2"] },
    { key: "fk-1", name: "level-1-1", models: ["gpt-4"], upstreams: ["!openai-level-0", "!openai-level-2"] },
    { key: "fk-11", name: "level-1-2", models: ["gpt-4"], upstreams: ["!openai-level-0", "!openai-level-2"] },
    {
      key: "fk-2",
      name: "level-2-1",
      models: ["gpt-3.5-turbo"],
      upstreams: ["!openai-level-0", "!openai-level-1"],
    },
  ]);
  assert.deepEqual(warnings, []);
});

test("levels: other ways to write them", async () => {
  const expected = await load(levels);
  const variants = [
    { ...levels, FORWARD_KEY_CONFIG: '{"0": ["fk-0"], "1": ["fk-1", "fk-11"], "2": ["fk-2"]}' },
    {
      LEVEL_MODELS: levels.LEVEL_MODELS,
      OPENAI_API_KEY: '{"sk-0": 0, "sk-1": 1, "sk-12": "1, 2"}',
      FORWARD_KEY: levels.FORWARD_KEY_CONFIG,
    },
  ];
  for (const variant of variants) assert.deepEqual(await load(variant), expected);
});

test("levels: a plain pool serves all of them, and levels that share their keys share an upstream", async () => {
  const { config } = await load({ ...levels, OPENAI_API_KEY_CONFIG: undefined, OPENAI_API_KEY: "sk-1,sk-2" });
  assert.deepEqual(config.upstreams, [{ ...openai, keys: ["sk-1", "sk-2"] }]);
  assert.deepEqual(config.keys?.[1], { key: "fk-1", name: "level-1-1", models: ["gpt-4"] });

  const shared = await load({ ...levels, OPENAI_API_KEY_CONFIG: '{"sk-a": [0], "sk-b": [1, 2]}' });
  assert.deepEqual(
    shared.config.upstreams?.map(({ name, keys }) => [name, keys]),
    [
      ["openai-level-0", ["sk-a"]],
      ["openai-level-1-2", ["sk-b"]],
    ],
  );
});

test("levels: a level without models is a mistake; one without keys is told", async () => {
  assert.deepEqual(await problemsOf({ ...levels, LEVEL_MODELS: '{"1": ["gpt-4"]}' }), [
    {
      path: ["env", "LEVEL_MODELS"],
      found: "no models for level 2",
      expected: "models for each level that a forward key has",
    },
  ]);
  const { warnings } = await load({ ...levels, OPENAI_API_KEY_CONFIG: '{"sk-0": [0, 1], "sk-7": [7]}' });
  assert.deepEqual(warnings, [
    "openai-forward: No key for the upstreams serves level 2: calls with its forward keys go out without a key.",
    "openai-forward: 1 key(s) for the upstreams serve no level that a forward key has, and are not used.",
  ]);
  const noPool = await load({ FORWARD_KEY: "fk-1" });
  assert.match(noPool.warnings.join(), /There are forward keys and no keys for the upstreams/);
});

test("limits by level: keys of the level, and the global limit for the others", async () => {
  const REQ_RATE_LIMIT =
    '{"/v1/chat": [{"level": 0, "limit": "9/minute"}, {"level": 1, "limit": "3/minute"}]}';
  const TOKEN_RATE_LIMIT = '{"/v1/chat/completions": [{"level": 2, "limit": "5/second"}]}';
  const GLOBAL_RATE_LIMIT = "100/hour";
  const env = {
    ...levels,
    REQ_RATE_LIMIT,
    TOKEN_RATE_LIMIT,
    GLOBAL_RATE_LIMIT,
    RATE_LIMIT_STRATEGY: "moving-window",
  };
  const rule = { per: ["key", "path"], strategy: "sliding" };
  assert.deepEqual(await plugin(env, "rate-limit"), {
    rules: [
      { ...rule, paths: ["/v1/chat*"], keys: ["*", "!level-*"], limits: "9/minute" },
      { ...rule, paths: ["/v1/chat*"], keys: ["level-1-*"], limits: "3/minute" },
      { ...rule, paths: ["/v1/chat*"], keys: ["level-*", "!level-1-*"], limits: "100/hour" },
      { ...rule, paths: ["!/v1/chat*"], limits: "100/hour" },
    ],
    pace: [{ paths: ["/v1/chat/completions"], keys: ["level-2-*"], rate: "5/second" }],
  });
});

test("limits: the first route that a path begins with holds; inf is no limit", async () => {
  const routes =
    '{"/v1/chat/completions": "1/second", "/v1": "60/minute;600/hour", "/v1/models": "5 per 2 minutes"}';
  const rule = { per: ["key", "path"], strategy: "fixed" };
  assert.deepEqual(await plugin({ REQ_RATE_LIMIT: routes, GLOBAL_RATE_LIMIT: "inf" }, "rate-limit"), {
    rules: [
      { ...rule, paths: ["/v1/chat/completions*"], limits: "1/second" },
      { ...rule, paths: ["/v1*", "!/v1/chat/completions*"], limits: "60/minute;600/hour" },
    ],
  });
  assert.equal(await plugin({ GLOBAL_RATE_LIMIT: "inf" }, "rate-limit"), undefined);
  assert.deepEqual(await plugin({ GLOBAL_RATE_LIMIT: "100/2minutes" }, "rate-limit"), {
    rules: [{ ...rule, limits: "100/2minutes" }],
  });
});

test("where requests are counted, and how", async () => {
  const backend = async (REQ_RATE_LIMIT_BACKEND: string) =>
    (await load({ ...keys, REQ_RATE_LIMIT_BACKEND })).config;
  assert.deepEqual((await backend("redis://localhost:6379")).state, {
    driver: "redis",
    url: "redis://localhost:6379",
  });
  assert.equal((await backend("memory")).state, undefined);
  const { config, warnings } = await load({ ...keys, REQ_RATE_LIMIT_BACKEND: "memcached://:secret@host" });
  assert.equal(config.state, undefined);
  assert.match(warnings.join(), /REQ_RATE_LIMIT_BACKEND: .* is not honoured; requests are counted in memory/);
  assert.doesNotMatch(warnings.join(), /secret/);
  const elastic = await load({ ...keys, RATE_LIMIT_STRATEGY: "fixed-window-elastic-expiry" });
  assert.match(elastic.warnings.join(), /RATE_LIMIT_STRATEGY: fixed-window-elastic-expiry is not honoured/);
});

test("the chat log: which routes, on the terminal too", async () => {
  const env = {
    ...keys,
    LOG_OPENAI: "True",
    PRINT_CHAT: "true",
    CHAT_COMPLETION_ROUTE: "/v2/chat/completions",
  };
  assert.deepEqual(await plugin(env, "chat-log"), {
    path: "./Log/chat",
    format: "openai-forward",
    operations: ["chat", "completion", "embeddings"],
    paths: ["/v2/chat/completions", "/v1/completions", "/v1/embeddings"],
    print: true,
  });
  assert.equal(await plugin({ ...env, LOG_OPENAI: "False" }, "chat-log"), undefined);
  assert.match(
    (await load({ ...keys, PRINT_CHAT: "true" })).warnings.join(),
    /PRINT_CHAT: nothing is printed/,
  );
  const odd = await load({ ...env, EMBEDDING_ROUTE: "/v1/vectors" });
  assert.match(odd.warnings.join(), /The calls of \/v1\/vectors are not logged/);
});

test("addresses, time-out, proxy and benchmark", async () => {
  const { config } = await load({
    ...keys,
    IP_WHITELIST: "10.0.0.1, 10.1.0.0/16",
    IP_BLACKLIST: "::1",
    TIMEOUT: "2.5",
    PROXY: "https://proxy:3128",
    BENCHMARK_MODE: "true",
  });
  assert.deepEqual(config.server, { host: "0.0.0.0", port: 8000, timeouts: { connect: 2500 } });
  assert.deepEqual(config.upstreams, [
    { ...openai, keys: ["sk-1"], proxy: "https://proxy:3128" },
    { name: "benchmark", provider: "benchmark-echo", prefix: "/benchmark" },
  ]);
  assert.deepEqual((config.plugins as unknown[]).slice(3), [
    {
      auth: {
        anonymous: { prefixes: ["/benchmark"], upstreams: ["benchmark"] },
        passUnknownKeys: true,
        allow: ["10.0.0.1", "10.1.0.0/16"],
        deny: ["::1"],
      },
    },
    "routing",
    { retry: { attempts: 3 } },
    "benchmark-echo",
  ]);
});

test("the cache: for whom, what, and where", async () => {
  const options = { default: false, bodyField: "caching", shared: true, ttl: "365d" };
  const cached = { ...keys, CACHE_OPENAI: "true" };
  assert.deepEqual(await plugin(cached, "cache"), {
    ...options,
    paths: ["/v1/chat/completions", "/v1/embeddings"],
  });
  const routes = { ...cached, CACHE_ROUTES: '["/v1/embeddings"]', DEFAULT_REQUEST_CACHING_VALUE: "true" };
  assert.deepEqual(await plugin(routes, "cache"), { ...options, default: true, paths: ["/v1/embeddings"] });
  assert.equal(await plugin({ ...cached, CACHE_ROUTES: "[]" }, "cache"), undefined);
  assert.equal(await plugin({ ...keys, CACHE_ROUTES: '["/v1/embeddings"]' }, "cache"), undefined);
  // Nobody's key is ours to share answers for.
  assert.deepEqual(await plugin({ CACHE_CHAT_COMPLETION: "true" }, "cache"), {
    ...options,
    shared: false,
    paths: ["/v1/chat/completions"],
  });
  const kept = await load({ ...cached, CACHE_BACKEND: "LevelDB", CACHE_ROOT_PATH_OR_URL: "./answers" });
  assert.deepEqual(kept.config.state, { driver: "fs", path: "./answers" });
  const shared = await load({ ...cached, CACHE_BACKEND: "LMDB", REQ_RATE_LIMIT_BACKEND: "redis://r:6379" });
  assert.deepEqual(shared.config.state, { driver: "redis", url: "redis://r:6379" });
  assert.match(shared.warnings.join(), /CACHE_BACKEND: cached answers are kept in the Redis/);
});

test("models of another server", async () => {
  const CUSTOM_MODEL_CONFIG = `{"backend": "ollama", "api_base": "http://localhost:11434/",
    "model_map": {"gpt-3.5-turbo": "qwen2:7b", "gpt-4o-mini": "qwen2:7b"}}`;
  assert.deepEqual(await plugin({ ...keys, CUSTOM_MODEL_CONFIG }, "model-map"), {
    maps: [
      {
        baseURL: "http://localhost:11434",
        models: { "gpt-3.5-turbo": "qwen2:7b", "gpt-4o-mini": "qwen2:7b" },
        prefixes: ["/"],
      },
    ],
  });
  const other = await load({ ...keys, CUSTOM_MODEL_CONFIG: CUSTOM_MODEL_CONFIG.replace("ollama", "other") });
  assert.match(other.warnings.join(), /model_map: not honoured for the backend "other"/);
});

test("what has no counterpart is told, a line each", async () => {
  const { warnings } = await load({
    ...keys,
    ITER_CHUNK_TYPE: "one-by-one",
    DEFAULT_STREAM_RESPONSE: "true",
    OPENAI_FORWARD_WEBUI: "true",
    ssl_keyfile: "key.pem",
    LOG_CACHE_DB_INFO: "true",
  });
  assert.deepEqual(
    warnings.map((warning) => /^openai-forward: (\w+): not honoured; [^\n]+$/.exec(warning)?.[1]),
    ["DEFAULT_STREAM_RESPONSE", "LOG_CACHE_DB_INFO", "OPENAI_FORWARD_WEBUI", "ssl_keyfile"],
  );
  const general = { OPENAI_ROUTE_PREFIX: "/o", EXTRA_BASE_URL: "http://x", EXTRA_ROUTE_PREFIX: "/x" };
  const more = await load({ ...keys, ...general, LOG_GENERAL: "true", CACHE_GENERAL: "true" });
  assert.deepEqual(
    more.warnings.map((warning) => /^openai-forward: (\w+):/.exec(warning)?.[1]),
    ["LOG_GENERAL", "CACHE_GENERAL"],
  );
});

test("every mistake is named, all at once, and no secret with it", async () => {
  const problems = await problemsOf({
    OPENAI_BASE_URL: "ftp://api.openai.com",
    OPENAI_API_KEY_CONFIG: '{"sk-secret": ["x"]}',
    FORWARD_KEY_CONFIG: "{fk-secret: 1}",
    LEVEL_MODELS: '{"high": []}',
    LOG_CHAT: "yes",
    REQ_RATE_LIMIT: '{"/v1": "sixty a minute"}',
    GLOBAL_RATE_LIMIT: "60/fortnight",
    RATE_LIMIT_STRATEGY: "leaky",
    REQ_RATE_LIMIT_BACKEND: "localhost:6379",
    TOKEN_RATE_LIMIT: '{"/v1": "1/second;2/minute"}',
    TIMEOUT: "soon",
    PROXY: "socks5://user:secret@host",
    IP_WHITELIST: "10.0.0.1, localhost",
    ITER_CHUNK_TYPE: "all",
    CACHE_BACKEND: "mysql",
    CACHE_ROUTES: "/v1/chat/completions",
    CUSTOM_MODEL_CONFIG: '{"backend": "ollama", "model_map": {"a": "b"}}',
  });
  const told = problems.map(
    ({ path, found, expected }) => `${path.slice(1).join(".")}: ${found}: ${expected}`,
  );
  assert.deepEqual(told, [
    'OPENAI_BASE_URL: "ftp://api.openai.com": an http:// or https:// URL without a query and without credentials',
    "CUSTOM_MODEL_CONFIG: nothing: a value for api_base",
    "OPENAI_API_KEY_CONFIG: no levels for key 1: a list of levels (0, 1, 2, …) for each key",
    'FORWARD_KEY_CONFIG: text that is not JSON: JSON such as {"fk-…": 0}',
    'LEVEL_MODELS: "high": a level (0, 1, 2, …)',
    'LOG_CHAT: "yes": true or false',
    'REQ_RATE_LIMIT: "sixty a minute": a limit such as 60/minute, 1/10seconds or 60/minute;600/hour',
    'GLOBAL_RATE_LIMIT: "60/fortnight": a limit such as 60/minute, 1/10seconds or 60/minute;600/hour',
    'RATE_LIMIT_STRATEGY: "leaky": one of fixed-window, fixed-window-elastic-expiry, moving-window',
    'REQ_RATE_LIMIT_BACKEND: "localhost:6379": memory, or a URL such as redis://localhost:6379',
    'TOKEN_RATE_LIMIT: "1/second;2/minute": a pace such as 20/second',
    'CACHE_ROUTES: text that is not JSON: JSON such as ["/v1/chat/completions"]',
    'CACHE_BACKEND: "mysql": one of memory, lmdb, leveldb',
    'TIMEOUT: "soon": a number above 0',
    'PROXY: "socks5://…@host": an http:// or https:// URL',
    'IP_WHITELIST: "localhost": an address or a range such as "10.0.0.1", "10.0.0.0/8" or "2001:db8::/32"',
    'ITER_CHUNK_TYPE: "all": one of efficiency, one-by-one, precision',
  ]);
  assert.ok(problems.every(({ path }) => path[0] === "env" && path.length === 2));
});

test("a key that stands where a mapping should is not shown", async () => {
  for (const name of ["OPENAI_API_KEY_CONFIG", "FORWARD_KEY_CONFIG"]) {
    const [problem] = await problemsOf({ [name]: '"secret-key"' });
    assert.deepEqual([problem?.path, problem?.found], [["env", name], "text that is not JSON"]);
  }
});

test("blank variables are not set, and quotes that were left on are taken off", async () => {
  const blank = {
    OPENAI_BASE_URL: "",
    OPENAI_API_KEY: " ",
    FORWARD_KEY: "''",
    TIMEOUT: "",
    LOG_CHAT: "",
    PROXY: '""',
  };
  assert.deepEqual(await load(blank), await load({}));
  const quoted = {
    OPENAI_API_KEY: "'sk-1'",
    FORWARD_KEY: '"fk-1"',
    LOG_CHAT: "'true'",
    GLOBAL_RATE_LIMIT: "'5/minute'",
  };
  const plain = {
    OPENAI_API_KEY: "sk-1",
    FORWARD_KEY: "fk-1",
    LOG_CHAT: "true",
    GLOBAL_RATE_LIMIT: "5/minute",
  };
  assert.deepEqual(await load(quoted), await load(plain));
});

test("a time zone becomes the process's own, so that logs tell local time", async () => {
  const before = process.env.TZ;
  try {
    await load({ ...keys, TZ: "Asia/Shanghai" });
    assert.equal(new Date(0).getHours(), 8);
    const { warnings } = await load({ ...keys, TZ: "Moon/Base" });
    assert.match(warnings.join(), /TZ: "Moon\/Base" is no time zone/);
    assert.equal(process.env.TZ, "Asia/Shanghai");
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
});
