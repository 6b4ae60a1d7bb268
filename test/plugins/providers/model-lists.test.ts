import assert from "node:assert/strict";
import { test } from "node:test";
import bedrockPlugin from "../../../plugins/providers/bedrock/index.ts";
import coherePlugin from "../../../plugins/providers/cohere.ts";
import ollamaPlugin from "../../../plugins/providers/ollama.ts";
import type { Fields, Plugin, Provider, Target, Upstream } from "../../../core/index.ts";

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

test("Bedrock lists the models that can be called, and its profiles page by page", async () => {
  const { provider } = await bedrockPlugin.setup(undefined, {} as never);
  const pages: Fields[] = [
    {
      modelSummaries: [
        { modelId: "amazon.nova-lite-v1:0", inferenceTypesSupported: ["ON_DEMAND"] },
        { modelId: "anthropic.claude-opus-4-6-v1", inferenceTypesSupported: ["INFERENCE_PROFILE"] },
        { modelId: "amazon.nova-lite-v1:0:300k", inferenceTypesSupported: ["PROVISIONED"] },
      ],
    },
    {
      inferenceProfileSummaries: [
        { inferenceProfileId: "us.anthropic.claude-opus-4-6-v1", status: "ACTIVE" },
        { inferenceProfileId: "old", status: "LEGACY" },
      ],
      nextToken: "a/b",
    },
    { inferenceProfileSummaries: [{ inferenceProfileId: "p1234", status: "ACTIVE" }] },
  ];
  const asked: string[] = [];
  const upstream = { baseURL: "https://bedrock-runtime.us-east-1.amazonaws.com" } as Upstream;
  const names = await (provider as Provider).listModels!(upstream, (path, search = "") => {
    asked.push(path + search);
    return Promise.resolve(pages[asked.length - 1] ?? {});
  });
  assert.deepEqual(names, ["amazon.nova-lite-v1:0", "us.anthropic.claude-opus-4-6-v1", "p1234"]);
  assert.deepEqual(asked, [
    "https://bedrock.us-east-1.amazonaws.com/foundation-models",
    "https://bedrock.us-east-1.amazonaws.com/inference-profiles?maxResults=1000",
    "https://bedrock.us-east-1.amazonaws.com/inference-profiles?maxResults=1000&nextToken=a%2Fb",
  ]);
});

test("Bedrock's lists are asked for with a signature, or with its own key", async () => {
  const { provider } = await bedrockPlugin.setup(undefined, {} as never);
  const { authenticate } = provider as Provider;
  const upstream = {
    baseURL: "https://bedrock-runtime.eu-west-1.amazonaws.com",
    options: { betas: [] },
  } as unknown as Upstream;
  const url = "https://bedrock.eu-west-1.amazonaws.com/foundation-models";
  const headersFor = async (key: string): Promise<Map<string, string>> => {
    const headers: string[] = ["accept", "application/json"];
    await authenticate(headers, { upstream, key } as Target, url);
    return new Map(headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1] ?? ""]] : [])));
  };
  const signed = (await headersFor("AKIA1:secret")).get("authorization") ?? "";
  assert.match(signed, /^AWS4-HMAC-SHA256 Credential=AKIA1\/\d{8}\/eu-west-1\/bedrock\/aws4_request, /);
  assert.equal((await headersFor("bedrock-api-key")).get("authorization"), "Bearer bedrock-api-key");
});
