import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, before, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { Ollama } from "ollama";
import OpenAI, { NotFoundError } from "openai";
import { sendJson, startGateway, startUpstream } from "../_gateway.ts";
import type { TestGateway, TestUpstream } from "../_gateway.ts";
import { collect } from "../sdk/_compare.ts";

let services: TestUpstream;
let gateway: TestGateway;

const speaks = (...methods: string[]): object => ({ supportedGenerationMethods: methods });

/** Lists of models as the services have them, by path and query. */
const lists: Record<string, unknown> = {
  "/openai/v1/models": {
    object: "list",
    data: [{ id: "gpt-5.4", object: "model" }, { id: "whisper-1" }, {}],
  },
  // A bare list.
  "/together/v1/models": [{ id: "Qwen/Qwen3-Coder", type: "chat" }],
  // Not below the base URL.
  "/catalog/models": [{ id: "openai/gpt-4.1", publisher: "OpenAI" }],
  "/vllm/v1/models": { object: "list", data: [{ id: "local", max_model_len: 4096 }] },
  "/anthropic/v1/models?limit=1000": { data: [{ id: "claude-a" }], has_more: true, last_id: "claude-a" },
  "/anthropic/v1/models?limit=1000&after_id=claude-a": { data: [{ id: "claude-b" }], has_more: false },
  "/gemini/v1beta/models?pageSize=1000": {
    models: [
      { name: "models/gemini-a", ...speaks("generateContent", "countTokens") },
      { name: "models/veo-1", ...speaks("predictLongRunning") },
    ],
    nextPageToken: "2",
  },
  "/gemini/v1beta/models?pageSize=1000&pageToken=2": {
    models: [{ name: "models/embed-a", ...speaks("embedContent") }, { name: "models/unknown" }],
  },
  "/cohere/v1/models?page_size=1000": { models: [{ name: "command-a" }] },
  "/ollama/api/tags": { models: [{ name: "llama:8b" }] },
};

function answer({ url = "" }: { url?: string }, res: ServerResponse): void {
  if (url in lists) sendJson(res, 200, lists[url]);
  else sendJson(res, 404, { error: { message: `nothing at ${url}` } });
}

before(async () => {
  services = await startUpstream(answer);
  const { url } = services;
  gateway = await startGateway({
    keys: [
      { key: "sk-all", name: "all" },
      { key: "sk-some", name: "some", models: ["claude-*", "!claude-b", "gpt-5.4", "fast", "llama:8b"] },
      { key: "sk-claude", name: "claude", upstreams: ["anthropic"] },
    ],
    aliases: { fast: "gpt-5.4", secret: "whisper-1" },
    upstreams: [
      { provider: "openai", baseURL: `${url}/openai/v1`, key: "uk-openai" },
      { provider: "together", baseURL: `${url}/together/v1`, key: "uk-together" },
      { provider: "github-models", baseURL: `${url}/inference`, key: "uk-github" },
      { provider: "vllm", baseURL: `${url}/vllm/v1` },
      { provider: "anthropic", baseURL: `${url}/anthropic`, key: "uk-claude" },
      { provider: "gemini", baseURL: `${url}/gemini`, key: "uk-gemini" },
      { provider: "cohere", baseURL: `${url}/cohere`, key: "uk-cohere" },
      { provider: "ollama", baseURL: `${url}/ollama` },
      { provider: "perplexity", baseURL: `${url}/perplexity`, key: "uk-perplexity" },
    ],
  });
});

after(async () => {
  await gateway.close();
  await services.close();
});

const openai = (apiKey: string): OpenAI =>
  new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });

test("what the services list is offered, each list asked for in its own way", async () => {
  const models = await collect(openai("sk-all").models.list());
  assert.deepEqual(
    models.map((model) => {
      const { id, owned_by } = model as OpenAI.Model;
      return `${owned_by} ${id}`;
    }),
    [
      "openai gpt-5.4",
      "openai whisper-1",
      "together Qwen/Qwen3-Coder",
      "github-models openai/gpt-4.1",
      "vllm local",
      "anthropic claude-a",
      "anthropic claude-b",
      "gemini gemini-a",
      "gemini embed-a",
      "cohere command-a",
      "ollama llama:8b",
      "openai fast",
      "openai secret",
    ],
  );
  const keys = services.requests.map(({ url, headers }) => {
    const key = headers.authorization ?? headers["x-api-key"] ?? headers["x-goog-api-key"];
    return [url.split("?")[0], key];
  });
  assert.deepEqual([...new Set(keys.map(String))].sort(), [
    "/anthropic/v1/models,uk-claude",
    "/catalog/models,Bearer uk-github",
    "/cohere/v1/models,Bearer uk-cohere",
    "/gemini/v1beta/models,uk-gemini",
    "/ollama/api/tags,",
    "/openai/v1/models,Bearer uk-openai",
    "/together/v1/models,Bearer uk-together",
    "/vllm/v1/models,",
  ]);
});

test("a list shows what its caller may use, in each protocol's shape", async () => {
  const names = ["gpt-5.4", "claude-a", "llama:8b", "fast"];
  assert.deepEqual(
    (await collect(openai("sk-some").models.list())).map((model) => (model as OpenAI.Model).id),
    names,
  );
  const anthropic = new Anthropic({ apiKey: "sk-some", baseURL: gateway.url, maxRetries: 0 });
  const { data } = await anthropic.models.list();
  assert.deepEqual(
    data.map(({ id, type }) => [type, id]),
    names.map((name) => ["model", name]),
  );
  const gemini = new GoogleGenAI({ apiKey: "sk-some", httpOptions: { baseUrl: gateway.url } });
  const pages = await gemini.models.list();
  assert.deepEqual(
    pages.page.map(({ name }) => name),
    names.map((name) => `models/${name}`),
  );
  const ollama = new Ollama({ host: gateway.url, headers: { authorization: "Bearer sk-some" } });
  assert.deepEqual(
    (await ollama.list()).models.map(({ name }) => name),
    names,
  );
});

test("a caller of one upstream is shown this one's models", async () => {
  const models = await collect(openai("sk-claude").models.list());
  assert.deepEqual(
    models.map((model) => (model as OpenAI.Model).id),
    ["claude-a", "claude-b"],
  );
});

test("one model is shown to whom it is for, and does not exist for others", async () => {
  const anthropic = (apiKey: string): Anthropic =>
    new Anthropic({ apiKey, baseURL: gateway.url, maxRetries: 0 });
  const gemini = (apiKey: string): GoogleGenAI =>
    new GoogleGenAI({ apiKey, httpOptions: { baseUrl: gateway.url } });
  assert.equal((await openai("sk-all").models.retrieve("Qwen/Qwen3-Coder")).owned_by, "together");
  assert.equal((await openai("sk-some").models.retrieve("fast")).id, "fast");
  assert.equal((await anthropic("sk-some").models.retrieve("claude-a")).id, "claude-a");
  assert.equal((await gemini("sk-all").models.get({ model: "gemini-a" })).name, "models/gemini-a");
  const missing = { status: 404 };
  await assert.rejects(openai("sk-some").models.retrieve("claude-b"), NotFoundError);
  await assert.rejects(openai("sk-some").models.retrieve("secret"), NotFoundError);
  await assert.rejects(anthropic("sk-some").models.retrieve("claude-b"), missing);
  await assert.rejects(gemini("sk-some").models.get({ model: "gemini-a" }), missing);
  const ollama = new Ollama({ host: gateway.url, headers: { authorization: "Bearer sk-some" } });
  await assert.rejects(ollama.show({ model: "claude-b" }), /may not use|not found/);
});
