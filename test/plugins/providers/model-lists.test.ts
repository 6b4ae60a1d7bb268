import assert from "node:assert/strict";
import { test } from "node:test";
import coherePlugin from "../../../plugins/providers/cohere.ts";
import ollamaPlugin from "../../../plugins/providers/ollama.ts";
import type { Fields, Plugin, Provider, Upstream } from "../../../core/index.ts";

/** What a provider lists when its service answers with these pages, and what it asked for. */
async function listed(plugin: Plugin, pages: Fields[]): Promise<{ names: string[]; asked: string[] }> {
  const { provider } = await plugin.setup(undefined, {} as never);
  const asked: string[] = [];
  const names = await (provider as Provider).listModels!({} as Upstream, (path, search = "") => {
    asked.push(path + search);
    return Promise.resolve(pages[asked.length - 1] ?? {});
  });
  return { names, asked };
}

test("Cohere lists its models page by page", async () => {
  const pages = [
    { models: [{ name: "command-a" }, { name: 1 }], next_page_token: "a b" },
    { models: [{ name: "rerank-v3.5", endpoints: ["rerank"] }], next_page_token: "" },
  ];
  assert.deepEqual(await listed(coherePlugin, pages), {
    names: ["command-a", "rerank-v3.5"],
    asked: ["/v1/models?page_size=1000", "/v1/models?page_size=1000&page_token=a%20b"],
  });
});

test("Ollama lists its models; the latest go by their bare name, too", async () => {
  const pages = [{ models: [{ name: "llama3.2:latest" }, { name: "qwen3:8b" }] }];
  assert.deepEqual(await listed(ollamaPlugin, pages), {
    names: ["llama3.2:latest", "llama3.2", "qwen3:8b"],
    asked: ["/api/tags"],
  });
  assert.deepEqual((await listed(ollamaPlugin, [{}])).names, []);
});
