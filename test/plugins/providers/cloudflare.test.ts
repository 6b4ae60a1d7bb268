import assert from "node:assert/strict";
import { after, test } from "node:test";
import Anthropic, { NotFoundError } from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { ConfigError } from "../../../core/index.ts";
import { chatAnswer, sendJson, startGateway, startUpstream, until } from "../../_gateway.ts";
import type { TestGateway, TestUpstream } from "../../_gateway.ts";

const closing: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

const llama = "@cf/meta/llama-4-scout-17b-16e-instruct";
type Handler = Parameters<typeof startUpstream>[0];
const answering: Handler = (_req, res) => sendJson(res, 200, chatAnswer());

async function start(
  upstream: Record<string, unknown>,
  path = "",
  handler = answering,
): Promise<{ gateway: TestGateway; service: TestUpstream; client: OpenAI }> {
  const service = await startUpstream(handler);
  closing.push(service.close);
  const gateway = await startGateway({
    upstreams: [
      { provider: "cloudflare", baseURL: service.url + path, key: "cf-0001", models: ["*"], ...upstream },
    ],
    plugins: [{ auth: { anonymous: true } }, { retry: { attempts: 1 } }],
  });
  closing.push(gateway.close);
  const client = new OpenAI({ apiKey: "none", baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  return { gateway, service, client };
}

const messages = [{ role: "user" as const, content: "Hi" }];

test("Workers AI is asked with the model's name as it is", async () => {
  for (const path of ["/client/v4/accounts/a/ai", "/client/v4/accounts/a/ai/v1"]) {
    const { client, service } = await start({}, path);
    await client.chat.completions.create({ model: llama, messages });
    const [seen] = service.requests;
    assert.equal(seen?.url, "/client/v4/accounts/a/ai/v1/chat/completions");
    assert.equal(seen.headers["authorization"], "Bearer cf-0001");
    assert.equal((JSON.parse(seen.body.toString()) as { model: string }).model, llama);
  }
});

test("an AI Gateway serves Workers AI's models at one path and others at another, with its own token", async () => {
  const options = { accountId: "a", gateway: "g", gatewayToken: "cf-gw-0002" };
  const { client, service } = await start({ options }, "/v1/a/g");
  await client.chat.completions.create({ model: llama, messages });
  await client.chat.completions.create({ model: "openai/gpt-5", messages });
  assert.deepEqual(
    service.requests.map(({ url }) => url),
    ["/v1/a/g/workers-ai/v1/chat/completions", "/v1/a/g/compat/chat/completions"],
  );
  assert.equal(service.requests[0]?.headers["cf-aig-authorization"], "Bearer cf-gw-0002");
  assert.equal(service.requests[0]?.headers["authorization"], "Bearer cf-0001");
});

test("a gateway's token alone is enough where the gateway has the keys", async () => {
  const options = { accountId: "a", gateway: "g", gatewayToken: "cf-gw-0002" };
  const { client, service } = await start({ options, key: undefined }, "/v1/a/g");
  await client.chat.completions.create({ model: "openai/gpt-5", messages });
  const headers = service.requests[0]?.headers;
  assert.equal(headers?.["authorization"], undefined);
  assert.equal(headers?.["cf-aig-authorization"], "Bearer cf-gw-0002");
});

test("the account's ID makes the address; without it or a base URL the configuration is wrong", async () => {
  const address = async (options: object): Promise<string | undefined> => {
    const { gateway } = await start({ baseURL: undefined, options });
    return gateway.gateway.context.upstreams[0]?.baseURL;
  };
  assert.equal(await address({ accountId: "abc" }), "https://api.cloudflare.com/client/v4/accounts/abc/ai");
  assert.equal(
    await address({ accountId: "abc", gateway: "g" }),
    "https://gateway.ai.cloudflare.com/v1/abc/g",
  );
  await assert.rejects(start({ baseURL: undefined }), (error) => error instanceof ConfigError);
});

test("Cloudflare's own errors are understood for clients of other protocols", async () => {
  const body = { success: false, errors: [{ code: 7009, message: "No such model." }], result: null };
  const { gateway } = await start({}, "/ai", (_req, res) => sendJson(res, 404, body));
  const client = new Anthropic({ apiKey: "none", baseURL: gateway.url, maxRetries: 0 });
  await assert.rejects(client.messages.create({ model: llama, max_tokens: 9, messages }), (error) => {
    return error instanceof NotFoundError && /No such model\./.test(error.message);
  });
});

test("the models that the service lists are offered, page by page", async () => {
  const { gateway, service } = await start({ models: undefined }, "/ai", (req, res) => {
    const page = new URL(req.url ?? "", "http://a").searchParams.get("page");
    const model = (name: string, task: string) => ({ name, task: { name: task } });
    const full = Array.from({ length: 100 }, (_, at) => model(`@cf/a/${at}`, "Text Generation"));
    const last = [model(llama, "Text Generation"), model("@cf/b/flux", "Text-to-Image")];
    sendJson(res, 200, { success: true, result: page === "1" ? full : last });
  });
  const offered = () => gateway.gateway.context.upstreams[0]?.models.map(({ name }) => name) ?? [];
  await until(() => offered().length > 0);
  assert.equal(offered().length, 101);
  assert.equal(offered().at(-1), llama);
  assert.deepEqual(
    service.requests.map(({ url }) => url),
    ["/ai/models/search?per_page=100&page=1", "/ai/models/search?per_page=100&page=2"],
  );
});
