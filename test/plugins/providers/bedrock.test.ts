import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, createHmac } from "node:crypto";
import { after, test } from "node:test";
import Anthropic, { BadRequestError } from "@anthropic-ai/sdk";
import { BedrockRuntimeClient, ConverseCommand } from "@aws-sdk/client-bedrock-runtime";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { SignatureV4 } from "@smithy/signature-v4";
import { ConfigError } from "../../../core/index.ts";
import { regionOf } from "../../../plugins/providers/bedrock/credentials.ts";
import { sign } from "../../../plugins/providers/bedrock/signature.ts";
import { exception, recording } from "../protocols/bedrock-converse/_bedrock.ts";
import { sendJson, startGateway, startUpstream, until } from "../../_gateway.ts";
import type { SeenRequest, TestGateway, TestUpstream } from "../../_gateway.ts";

const secrets = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const region = "eu-central-1";
const nova = "amazon.nova-pro-v1:0";
const arn = "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.amazon.nova-pro-v1:0";
const sonnet = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";

const closing: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

const converse = {
  output: { message: { role: "assistant", content: [{ text: "Hi" }] } },
  stopReason: "end_turn",
  usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
  metrics: { latencyMs: 1 },
};

type Handler = Parameters<typeof startUpstream>[0];

async function start(
  upstream: object,
  handler: Handler = (_req, res) => sendJson(res, 200, converse),
): Promise<{ gateway: TestGateway; service: TestUpstream }> {
  const service = await startUpstream(handler);
  closing.push(service.close);
  const gateway = await startGateway({
    upstreams: [{ provider: "bedrock", baseURL: service.url, models: [nova, arn, sonnet], ...upstream }],
    plugins: [{ auth: { anonymous: true } }, { retry: { attempts: 1 } }],
  });
  closing.push(gateway.close);
  return { gateway, service };
}

function chat(gateway: TestGateway, model: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hällo" }] }),
  });
}

/** The hash as Amazon's signer wants it. */
class Sha256 {
  readonly #hash: { update(data: Uint8Array): unknown; digest(): Buffer };

  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret);
  }

  update(data: string | Uint8Array): void {
    this.#hash.update(typeof data === "string" ? Buffer.from(data) : data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }

  reset(): void {}
}

/** What Amazon's own signer writes for a request that was seen, over the headers that it says were signed. */
async function amazonSigns(seen: SeenRequest, credentials: object): Promise<string> {
  const authorization = String(seen.headers["authorization"]);
  const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(";") ?? [];
  const signer = new SignatureV4({
    service: "bedrock",
    region,
    credentials: credentials as never,
    sha256: Sha256 as never,
    applyChecksum: false,
  });
  const date = String(seen.headers["x-amz-date"]);
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  const signed = await signer.sign(
    {
      method: seen.method,
      protocol: "http:",
      hostname: "127.0.0.1",
      path: seen.url,
      headers: Object.fromEntries(names.map((name) => [name, String(seen.headers[name])])),
      body: seen.body,
    } as never,
    {
      signingDate: new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`),
      signableHeaders: new Set(names),
    },
  );
  return String(signed.headers["authorization"]);
}

for (const model of [nova, arn]) {
  test(`a request for ${model} is signed as Amazon's own signer signs it`, async () => {
    const { gateway, service } = await start({ options: { ...secrets, region } });
    const answer = await chat(gateway, model, {
      "x-amz-date": "20000101T000000Z",
      "x-amz-security-token": "theirs",
    });
    assert.equal(answer.status, 200);
    const [seen] = service.requests;
    assert.ok(seen);
    assert.equal(seen.url, `/model/${encodeURIComponent(model)}/converse`);
    const authorization = String(seen.headers["authorization"]);
    assert.match(authorization, /SignedHeaders=content-type;host;x-amz-date,/);
    assert.equal(seen.headers["x-amz-security-token"], undefined);
    assert.equal(authorization, await amazonSigns(seen, secrets));
  });
}

test("the path is that of Amazon's own client", async () => {
  const { service } = await start({});
  for (const modelId of [nova, arn]) {
    const client = new BedrockRuntimeClient({
      endpoint: service.url,
      region,
      credentials: { ...secrets },
      requestHandler: new FetchHttpHandler(),
    });
    await client.send(
      new ConverseCommand({ modelId, messages: [{ role: "user", content: [{ text: "Hi" }] }] }),
    );
    const seen = service.requests.at(-1);
    assert.equal(seen?.url, `/model/${encodeURIComponent(modelId)}/converse`);
    // The judge itself agrees with the client's own signature.
    assert.equal(seen.headers["authorization"], await amazonSigns(seen, secrets));
  }
});

test("temporary credentials in the key are signed with their token", async () => {
  const key = `${secrets.accessKeyId}:${secrets.secretAccessKey}:session/token==`;
  const { gateway, service } = await start({ key, options: { region } });
  await chat(gateway, nova);
  const [seen] = service.requests;
  assert.equal(seen?.headers["x-amz-security-token"], "session/token==");
  assert.match(
    String(seen.headers["authorization"]),
    /SignedHeaders=content-type;host;x-amz-date;x-amz-security-token/,
  );
  const credentials = { ...secrets, sessionToken: "session/token==" };
  assert.equal(seen.headers["authorization"], await amazonSigns(seen, credentials));
});

test("a Bedrock API key goes as it is", async () => {
  const { gateway, service } = await start({ key: "ABSKexample" });
  await chat(gateway, nova);
  assert.equal(service.requests[0]?.headers["authorization"], "Bearer ABSKexample");
  assert.equal(service.requests[0]?.headers["x-amz-date"], undefined);
});

test("a model's name may stand in the path as it is", async () => {
  const { gateway, service } = await start({ key: "ABSKexample" });
  for (const model of [nova, arn]) {
    const answer = await fetch(`${gateway.url}/model/${model}/converse`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages: [{ role: "user", content: [{ text: "Hi" }] }] }),
    });
    assert.deepEqual(await answer.json(), converse);
    assert.equal(service.requests.at(-1)?.url, `/model/${encodeURIComponent(model)}/converse`);
  }
});

test("under a prefix, Amazon's own calls are signed anew, whatever is in their path", async () => {
  const { gateway, service } = await start({ prefix: "/aws", models: [], options: { ...secrets, region } });
  const answer = await fetch(`${gateway.url}/aws/model/${nova}/invoke?x=%20y&a=b`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"inputText":"Hi"}',
  });
  assert.equal(answer.status, 200);
  const [seen] = service.requests;
  assert.ok(seen);
  assert.equal(seen.url, `/model/${encodeURIComponent(nova)}/invoke?x=%20y&a=b`);
  assert.equal(seen.body.toString(), '{"inputText":"Hi"}');
  const { search, pathname } = new URL(seen.url, "http://a");
  assert.equal(search, "?x=%20y&a=b");
  const headers = ["content-type", "application/json"];
  await sign({
    method: "POST",
    url: `http://${seen.headers.host}${pathname}${search}`,
    headers,
    body: seen.body,
    region,
    credentials: secrets,
    datetime: String(seen.headers["x-amz-date"]),
  });
  assert.ok(headers.includes(String(seen.headers["authorization"])));
});

test("the region is the option's, else that of the host; without either the configuration is wrong", async () => {
  const of = (baseURL: string, options: object): string =>
    regionOf({ upstream: { baseURL, options } } as never);
  assert.equal(of("https://bedrock-runtime.us-west-2.amazonaws.com", {}), "us-west-2");
  assert.equal(of("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", {}), "us-gov-west-1");
  assert.equal(of("https://vpce-1.bedrock-runtime.ap-south-1.vpce.amazonaws.com", {}), "ap-south-1");
  assert.equal(of("https://bedrock-runtime.us-west-2.amazonaws.com", { region }), region);
  assert.equal(of("https://proxy.example", {}), "us-east-1");
  const { gateway } = await start({ baseURL: undefined, options: { ...secrets, region } });
  const [upstream] = gateway.gateway.context.upstreams;
  assert.equal(upstream?.baseURL, `https://bedrock-runtime.${region}.amazonaws.com`);
  const config = (options: object) => ({ upstreams: [{ provider: "bedrock", models: [nova], options }] });
  await assert.rejects(startGateway(config({})), (error) => {
    return error instanceof ConfigError && /a base URL, or the options/.test(error.message);
  });
  await assert.rejects(startGateway(config({ region, accessKeyId: "a" })), (error) => {
    return error instanceof ConfigError && /secretAccessKey together/.test(error.message);
  });
});

/** Claude's own events as Bedrock wraps them. */
function wrapped(events: readonly object[]): Uint8Array {
  return recording(
    events.map((event) => [
      "chunk",
      { bytes: Buffer.from(JSON.stringify(event)).toString("base64"), p: "abc" },
    ]),
  );
}

const message = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-sonnet-4-5-20250929",
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { input_tokens: 9, output_tokens: 1 },
};
const events: object[] = [
  { type: "message_start", message },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Grüezi 🌍" } },
  { type: "content_block_stop", index: 0 },
  {
    type: "message_delta",
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { output_tokens: 5 },
  },
  { type: "message_stop", "amazon-bedrock-invocationMetrics": { inputTokenCount: 9 } },
];

function beginStream(res: Parameters<Handler>[1], bytes: Uint8Array): void {
  res.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
  // In pieces that fit no message.
  for (let at = 0; at < bytes.length; at += 100) res.write(bytes.subarray(at, at + 100));
}

function sendStream(res: Parameters<Handler>[1], bytes: Uint8Array): void {
  beginStream(res, bytes);
  res.end();
}

const request = {
  model: sonnet,
  max_tokens: 100,
  messages: [{ role: "user" as const, content: "Hoi" }],
  metadata: { user_id: "u" },
};

function anthropic(gateway: TestGateway): Anthropic {
  return new Anthropic({ apiKey: "none", baseURL: gateway.url, maxRetries: 0 });
}

test("Anthropic's client speaks to Claude in Claude's own body", async () => {
  const whole = { ...message, content: [{ type: "text", text: "Grüezi" }], stop_reason: "end_turn" };
  const { gateway, service } = await start(
    { options: { ...secrets, region, betas: ["mine-2026-01-01"] } },
    (_req, res) => sendJson(res, 200, whole),
  );
  const answer = await anthropic(gateway).beta.messages.create({
    ...request,
    betas: ["context-1m-2025-08-07", "unknown-2030-01-01", "mine-2026-01-01"],
  });
  assert.deepEqual(answer.content, [{ type: "text", text: "Grüezi" }]);
  const [seen] = service.requests;
  assert.ok(seen);
  assert.equal(seen.url, `/model/${encodeURIComponent(sonnet)}/invoke`);
  assert.deepEqual(JSON.parse(seen.body.toString()), {
    anthropic_version: "bedrock-2023-05-31",
    max_tokens: 100,
    messages: request.messages,
    metadata: request.metadata,
    anthropic_beta: ["context-1m-2025-08-07", "mine-2026-01-01"],
  });
  assert.deepEqual(
    [seen.headers["anthropic-version"], seen.headers["anthropic-beta"]],
    [undefined, undefined],
  );
  assert.equal(seen.headers["authorization"], await amazonSigns(seen, secrets));
});

test("Claude's stream comes to Anthropic's client as its own events, and tells what it cost", async () => {
  const { gateway, service } = await start({ key: "ABSK" }, (_req, res) => sendStream(res, wrapped(events)));
  let told: unknown;
  gateway.gateway.context.hooks.hook("call:finish", (_call, { usage, result }) => {
    told = { usage, result };
  });
  const final = await anthropic(gateway).messages.stream(request).finalMessage();
  assert.deepEqual(final.content, [{ type: "text", text: "Grüezi 🌍" }]);
  assert.equal(service.requests[0]?.url, `/model/${encodeURIComponent(sonnet)}/invoke-with-response-stream`);
  assert.equal("stream" in (JSON.parse(String(service.requests[0]?.body)) as object), false);
  await until(() => told !== undefined);
  assert.deepEqual(told, { usage: { inputTokens: 9, outputTokens: 5 }, result: "complete" });
});

/** What comes of a stream that has begun at the client when `last` and the connection's end follow. */
async function brokenText(begun: Uint8Array, last: Uint8Array): Promise<string> {
  let seen = (): void => {};
  const arrived = new Promise<void>((resolve) => (seen = resolve));
  const { gateway } = await start({ key: "ABSK" }, (_req, res) => {
    beginStream(res, begun);
    void arrived.then(() => res.end(last));
  });
  const answer = await fetch(`${gateway.url}/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", "anthropic-version": "2023-06-01" },
    body: JSON.stringify({ ...request, stream: true }),
  });
  let text = "";
  await assert.rejects(async () => {
    for await (const piece of answer.body as ReadableStream<Uint8Array>) {
      text += new TextDecoder().decode(piece);
      seen();
    }
  });
  return text;
}

test("a stream of Claude's that breaks off is broken for the client too", async () => {
  const begun = wrapped(events.slice(0, 3));
  assert.match(await brokenText(begun, new Uint8Array()), /Grüezi[^]*event: error\ndata: /);
  const throttled = exception("throttlingException", { message: "Slow down." });
  assert.match(await brokenText(begun, throttled), /Grüezi[^]*event: error\ndata: .*Slow down\./);
});

test("Bedrock's refusal of Claude's body has Anthropic's shape", async () => {
  const { gateway } = await start({ key: "ABSK" }, (_req, res) =>
    sendJson(res, 400, { message: "max_tokens: too many" }, { "x-amzn-errortype": "ValidationException" }),
  );
  await assert.rejects(anthropic(gateway).messages.create(request), (error) => {
    assert.ok(error instanceof BadRequestError);
    assert.deepEqual((error.error as { error: unknown }).error, {
      type: "invalid_request_error",
      message: "max_tokens: too many",
    });
    return true;
  });
});
