import assert from "node:assert/strict";
import { after, test } from "node:test";
import OpenAI, { APIError, AzureOpenAI } from "openai";
import { ConfigError } from "../../../core/index.ts";
import { chatAnswer, sendJson, startGateway, startUpstream } from "../../_gateway.ts";
import type { TestGateway, TestUpstream } from "../../_gateway.ts";
import { startMock, upstreamKey } from "../../sdk/_mock.ts";

const closing: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

type Handler = Parameters<typeof startUpstream>[0];

const answering: Handler = (_req, res) => sendJson(res, 200, chatAnswer());

async function start(
  options: object,
  { handler = answering, ...upstream }: { handler?: Handler } & Record<string, unknown> = {},
): Promise<{ gateway: TestGateway; service: TestUpstream; client: OpenAI }> {
  const service = await startUpstream(handler);
  closing.push(service.close);
  const gateway = await startGateway({
    upstreams: [
      {
        provider: "azure",
        baseURL: service.url,
        key: "azure-key-0001",
        models: ["gpt-*", "text-*", "whisper-*", { mine: "gpt-mine" }],
        options,
        ...upstream,
      },
    ],
    plugins: [{ auth: { anonymous: true } }, { retry: { attempts: 1 } }],
  });
  closing.push(gateway.close);
  const client = new OpenAI({ apiKey: "none", baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  return { gateway, service, client };
}

const messages = [{ role: "user" as const, content: "Hi" }];

test("version 1 has the deployment in the body, the key in a header of its own, and no version", async () => {
  const { client, service } = await start({});
  await client.chat.completions.create({ model: "gpt-4o", messages });
  const [seen] = service.requests;
  assert.equal(seen?.url, "/openai/v1/chat/completions");
  assert.equal(seen.headers["api-key"], "azure-key-0001");
  assert.equal(seen.headers["authorization"], undefined);
  assert.equal((JSON.parse(seen.body.toString()) as { model: string }).model, "gpt-4o");
});

test("deployments are named by model, in the body or in the path", async () => {
  const deployments = { "gpt-4o": "our four" };
  const first = await start({ deployments });
  await first.client.chat.completions.create({ model: "gpt-4o", messages });
  await first.client.chat.completions.create({ model: "gpt-mine", messages });
  const models = first.service.requests.map(
    ({ body }) => (JSON.parse(body.toString()) as { model: string }).model,
  );
  assert.deepEqual(models, ["our four", "mine"]);
  const dated = await start({ deployments, apiVersion: "2024-10-21" });
  await dated.client.chat.completions.create({ model: "gpt-4o", messages });
  await dated.client.embeddings.create({ model: "text-embedding-3-small", input: "Hi" }).catch(() => {});
  assert.deepEqual(
    dated.service.requests.map(({ url }) => url),
    [
      "/openai/deployments/our%20four/chat/completions?api-version=2024-10-21",
      "/openai/deployments/text-embedding-3-small/embeddings?api-version=2024-10-21",
    ],
  );
});

test("a dated version is asked as OpenAI's own client for Azure asks", async () => {
  const { client, service } = await start({ apiVersion: "2024-10-21" });
  const azure = new AzureOpenAI({
    endpoint: service.url,
    apiKey: "azure-key-0001",
    apiVersion: "2024-10-21",
  });
  await client.chat.completions.create({ model: "gpt-4o", messages });
  await azure.chat.completions.create({ model: "gpt-4o", messages });
  const [ours, theirs] = service.requests;
  assert.equal(ours?.url, theirs?.url);
  assert.equal(ours?.headers["api-key"], theirs?.headers["api-key"]);
  assert.equal(ours?.body.toString(), theirs?.body.toString());
});

test("the base URL may end as the documentation has it for OpenAI's clients", async () => {
  for (const end of ["/openai/v1", "/openai/v1/", "/openai"]) {
    const service = await startUpstream(answering);
    const { client } = await start({}, { baseURL: service.url + end });
    await client.chat.completions.create({ model: "gpt-4o", messages });
    assert.equal(service.requests[0]?.url, "/openai/v1/chat/completions");
    await service.close();
  }
});

test("the preview of version 1 is asked for by name", async () => {
  const { client, service } = await start({ apiVersion: "preview" });
  await client.chat.completions.create({ model: "gpt-4o", messages });
  assert.equal(service.requests[0]?.url, "/openai/v1/chat/completions?api-version=preview");
});

test("what Azure's filter says of an answer passes", async () => {
  const answer = {
    ...chatAnswer(),
    prompt_filter_results: [{ prompt_index: 0, content_filter_results: { hate: { filtered: false } } }],
  };
  const { client } = await start({}, { handler: (_req, res) => sendJson(res, 200, answer) });
  assert.deepEqual(
    JSON.parse(JSON.stringify(await client.chat.completions.create({ model: "gpt-4o", messages }))),
    answer,
  );
});

test("a resource is a host; without it or a base URL the configuration is wrong", async () => {
  const { gateway } = await start({ resource: "mine" }, { baseURL: undefined });
  assert.equal(gateway.gateway.context.upstreams[0]?.baseURL, "https://mine.openai.azure.com");
  await assert.rejects(start({}, { baseURL: undefined }), (error) => {
    return error instanceof ConfigError && /a base URL, or the options/.test(error.message);
  });
});

test("Entra's token is asked for once, kept, and asked for anew before its end", async () => {
  let asked = 0;
  let lifetime = 3600;
  const entra = await startUpstream((_req, res) => {
    asked++;
    // The second call comes while the first is still being answered.
    setTimeout(() => sendJson(res, 200, { access_token: `token-${asked}`, expires_in: lifetime }), 20);
  });
  closing.push(entra.close);
  const options = {
    entra: { tenant: "t", clientId: "id", clientSecret: "se&cret", tokenURL: `${entra.url}/token` },
  };
  const { client, service } = await start(options, { key: undefined });
  const call = () => client.chat.completions.create({ model: "gpt-4o", messages });
  await Promise.all([call(), call()]);
  await call();
  assert.equal(asked, 1);
  assert.deepEqual(
    service.requests.map(({ headers }) => headers["authorization"]),
    ["Bearer token-1", "Bearer token-1", "Bearer token-1"],
  );
  assert.deepEqual(Object.fromEntries(new URLSearchParams(entra.requests[0]?.body.toString())), {
    grant_type: "client_credentials",
    client_id: "id",
    client_secret: "se&cret",
    scope: "https://cognitiveservices.azure.com/.default",
  });
  lifetime = 0.05;
  const short = await start(options, { key: undefined });
  const again = () => short.client.chat.completions.create({ model: "gpt-4o", messages });
  await again();
  await new Promise((resolve) => setTimeout(resolve, 60));
  await again();
  assert.deepEqual(
    short.service.requests.map(({ headers }) => headers["authorization"]),
    ["Bearer token-2", "Bearer token-3"],
  );
});

test("no token is a 502 that tells nothing of the secret", async () => {
  const entra = await startUpstream((_req, res) => sendJson(res, 401, { error: "invalid_client" }));
  closing.push(entra.close);
  const options = { entra: { tenant: "t", clientId: "id", clientSecret: "hush", tokenURL: entra.url } };
  const { client, service, gateway } = await start(options, { key: undefined });
  await assert.rejects(client.chat.completions.create({ model: "gpt-4o", messages }), (error) => {
    return error instanceof APIError && error.status === 502 && /Entra/.test(error.message);
  });
  assert.equal(service.requests.length, 0);
  assert.ok(!JSON.stringify(gateway.messages).includes("hush"));
});

test("against the mock: text and a stream", async () => {
  const mock = await startMock();
  closing.push(mock.close);
  mock.mock.onMessage("hello", { content: "Hello from the mock: ä." });
  const { client } = await start({ apiVersion: "2024-10-21" }, { baseURL: mock.url, key: upstreamKey });
  const request = { model: "gpt-4o", messages: [{ role: "user" as const, content: "hello" }] };
  const answer = await client.chat.completions.create(request);
  assert.equal(answer.choices[0]?.message.content, "Hello from the mock: ä.");
  let text = "";
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? "";
  }
  assert.equal(text, "Hello from the mock: ä.");
  assert.equal(mock.last().url, "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21");
});
