import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { ConfigError } from "../../core/index.ts";
import type { Config } from "../../config/schema.ts";
import preset from "../../presets/openai-forward/index.ts";

type Env = Record<string, string | undefined>;

const cwd = "/srv/forward";

function silent(): void {}

/** What the preset makes of a file in the working directory, and what it says meanwhile. */
async function load(
  text: string | undefined,
  env: Env = {},
): Promise<{ config: Config; warnings: string[] }> {
  const warnings: string[] = [];
  const log = {
    debug: silent,
    info: silent,
    error: silent,
    warn: (text: string) => void warnings.push(text),
  };
  const readFile = async (path: string) =>
    path === join(cwd, "openai-forward-config.yaml") ? text : undefined;
  const config = await preset.load({ env, cwd, readFile, log });
  return { config, warnings };
}

async function messagesOf(text: string): Promise<string[]> {
  const error = await load(text).then(
    () => assert.fail("it was taken"),
    (error: ConfigError) => error,
  );
  assert.equal(error.name, "ConfigError", String(error));
  return error.message.split("\n");
}

const everything = `
log:
  general: true
  openai: true
print_chat: true
cache:
  general: false
  openai: true
  routes:
    - "/v1/chat/completions"
  backend: LMDB
  root_path_or_url: "./FLAXKV_DB"
  default_request_caching_value: true
chat_completion_route: "/v1/chat/completions"
completion_route: "/v1/completions"
embedding_route: "/v1/embeddings"
benchmark_mode: true
forward:
  - base_url: "https://api.openai.com"
    route: "/"
    type: "openai"
  - base_url: "https://generativelanguage.googleapis.com"
    route: "/gemini"
    type: "general"
custom_model_config:
  backend: "ollama"
  model_map:
    gpt-3.5-turbo: "qwen2:7b"
  api_base: "http://localhost:11434"
api_key:
  level:
    1: ["gpt-4"]
    2: ["gpt-3.5-turbo"]
  openai_key:
    "sk-1": [0]
    "sk-2": [1]
    "sk-3": [1, 2]
  forward_key:
    0: ["fk-0"]
    1: ["fk-1", "fk-11"]
    2: ["fk-2"]
rate_limit:
  global_rate_limit: "200/minute"
  strategy: "moving-window"
  iter_chunk: "one-by-one"
  req_rate_limit:
    - route: "/v1/chat/completions"
      value:
      - level: 0
        limit: "100/2minutes"
    - route: "/v1/completions"
      value:
      - level: 0
        limit: "60/minute;600/hour"
  token_rate_limit:
    - route: "/v1/chat/completions"
      value:
      - level: 0
        limit: "100/second"
    - route: "/benchmark/v1/chat/completions"
      value:
      - level: 0
        limit: "20/second"
timeout: 6
ip_blacklist: ["10.0.0.1"]
ip_whitelist:
proxy: http://localhost:7890
default_stream_response: true
`;

/** The same as variables. */
const sameInVariables: Env = {
  LOG_GENERAL: "true",
  LOG_OPENAI: "true",
  PRINT_CHAT: "true",
  CACHE_OPENAI: "true",
  CACHE_GENERAL: "false",
  CACHE_ROUTES: '["/v1/chat/completions"]',
  CACHE_BACKEND: "LMDB",
  CACHE_ROOT_PATH_OR_URL: "./FLAXKV_DB",
  DEFAULT_REQUEST_CACHING_VALUE: "true",
  BENCHMARK_MODE: "true",
  FORWARD_CONFIG: `[{"base_url":"https://api.openai.com","route":"/","type":"openai"},
    {"base_url":"https://generativelanguage.googleapis.com","route":"/gemini","type":"general"}]`,
  CUSTOM_MODEL_CONFIG: `{"backend":"ollama","model_map":{"gpt-3.5-turbo":"qwen2:7b"},
    "api_base":"http://localhost:11434"}`,
  OPENAI_API_KEY_CONFIG: '{"sk-1": [0], "sk-2": [1], "sk-3": [1, 2]}',
  FORWARD_KEY_CONFIG: '{"fk-0": 0, "fk-1": 1, "fk-11": 1, "fk-2": 2}',
  LEVEL_MODELS: '{"1": ["gpt-4"], "2": ["gpt-3.5-turbo"]}',
  GLOBAL_RATE_LIMIT: "200/minute",
  RATE_LIMIT_STRATEGY: "moving-window",
  ITER_CHUNK_TYPE: "one-by-one",
  REQ_RATE_LIMIT: `{"/v1/chat/completions": [{"level": 0, "limit": "100/2minutes"}],
    "/v1/completions": [{"level": 0, "limit": "60/minute;600/hour"}]}`,
  TOKEN_RATE_LIMIT: `{"/v1/chat/completions": [{"level": 0, "limit": "100/second"}],
    "/benchmark/v1/chat/completions": [{"level": 0, "limit": "20/second"}]}`,
  TIMEOUT: "6",
  IP_BLACKLIST: "10.0.0.1",
  PROXY: "http://localhost:7890",
  DEFAULT_STREAM_RESPONSE: "true",
};

test("the file says the same as the variables do", async () => {
  const file = await load(everything);
  const variables = await load(undefined, sameInVariables);
  assert.deepEqual(file.config, variables.config);
  assert.deepEqual(
    file.warnings,
    variables.warnings.map((warning) =>
      warning.replace("DEFAULT_STREAM_RESPONSE", "default_stream_response"),
    ),
  );
  // Both are more than the defaults.
  assert.equal(file.config.keys?.length, 4);
  assert.equal(file.config.upstreams?.length, 5);
  assert.equal((file.config.plugins as unknown[]).length, 11);
});

test("where there is a file, the variables are not read, and it is told which", async () => {
  const { config, warnings } = await load("timeout: 5\n", {
    OPENAI_API_KEY: "sk-1",
    FORWARD_KEY: "fk-1",
    HOME: "/",
  });
  assert.equal(config.keys, undefined);
  assert.deepEqual(config.server?.timeouts, { connect: 5000 });
  assert.equal(
    warnings[0],
    "openai-forward: OPENAI_API_KEY, FORWARD_KEY: not read, as there is an openai-forward-config.yaml",
  );
});

test("an empty file is none", async () => {
  const env = { OPENAI_API_KEY: "sk-1", FORWARD_KEY: "fk-1" };
  assert.deepEqual(await load("# nothing yet\n", env), await load(undefined, env));
});

/** Limits of requests, so far in. */
function limits(indent: string): string {
  return `
${indent}req_rate_limit:
${indent}  - { route: /v1, value: [{ level: 0, limit: 5/minute }] }
${indent}req_rate_limit_backend: redis://localhost:6379
`;
}

test("limits may stand at the top, where the program looks for them", async () => {
  const top = await load(limits(""));
  assert.deepEqual(top.config, (await load(`rate_limit:${limits("  ")}`)).config);
  assert.deepEqual(top.config.state, { driver: "redis", url: "redis://localhost:6379" });
});

test("an upstream of the type custom has its models renamed", async () => {
  const { config } = await load(`
forward:
  - { base_url: "https://api.openai.com", route: /openai, type: openai }
  - base_url: "http://localhost:11434"
    route: /
    type: custom
    backend: ollama
    model_map: { gpt-4o-mini: "qwen2:latest" }
`);
  assert.deepEqual(config.upstreams?.[1], {
    name: "custom",
    provider: "openai",
    baseURL: "http://localhost:11434/v1",
    forwardURL: "http://localhost:11434",
    forwarded: false,
    prefix: "/",
  });
  const maps = [
    { baseURL: "http://localhost:11434", models: { "gpt-4o-mini": "qwen2:latest" }, prefixes: ["/"] },
  ];
  assert.deepEqual((config.plugins as unknown[]).at(-1), { "model-map": { maps } });
});

test("what is not known is told, and taken for nothing", async () => {
  const { warnings } = await load(
    "webui_restart_port: 15555\ncache: { custom: true, openai: false }\nlog: { opnai: 1 }\n",
  );
  assert.deepEqual(warnings.slice(0, 3), [
    "openai-forward: webui_restart_port: not honoured; it has no counterpart in Sluice",
    "openai-forward: log.opnai: not honoured; it has no counterpart in Sluice",
    "openai-forward: cache.custom: not honoured; it has no counterpart in Sluice",
  ]);
});

test("mistakes are named with their lines", async () => {
  const text = `forward:
  - base_url: https://api.openai.com
    type: openai
  - { base_url: "https://x", route: /x, type: other }
log: 5
rate_limit:
  strategy: leaky
  req_rate_limit:
    - route: /v1
      value: [{ level: 0, limit: sixty }]
    - just text
api_key:
  openai_key: { sk-secret: [first] }
timeout: 0
`;
  const file = "openai-forward-config.yaml";
  assert.deepEqual(await messagesOf(text), [
    `${file}:5:1 log: found 5, expected a mapping such as {"general": …}`,
    `${file}:2:5 forward[0].route: found nothing, expected a value for route`,
    `${file}:4:41 forward[1].type: found "other", expected one of openai, general, custom`,
    `${file}:13:3 api_key.openai_key: found no levels for key 1, expected a list of levels (0, 1, 2, …) for each key`,
    `${file}:11:7 rate_limit.req_rate_limit[1]: found "just text", expected an entry with route and value`,
    `${file}:10:27 rate_limit.req_rate_limit[0].value[0].limit: found "sixty", expected a limit such as 60/minute, 1/10seconds or 60/minute;600/hour`,
    `${file}:7:3 rate_limit.strategy: found "leaky", expected one of fixed-window, fixed-window-elastic-expiry, moving-window`,
    `${file}:14:1 timeout: found 0, expected a number above 0`,
  ]);
});

test("a file that is no YAML, or no mapping", async () => {
  const [broken = ""] = await messagesOf("log: [\n");
  assert.match(broken, /^openai-forward-config\.yaml:\d+:\d+ \(top\): found .+, expected YAML$/);
  assert.deepEqual(await messagesOf("- forward\n"), [
    "openai-forward-config.yaml (top): found no mapping, expected keys such as forward, api_key and rate_limit",
  ]);
});
