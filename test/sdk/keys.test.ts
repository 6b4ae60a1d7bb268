import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Anthropic, { AuthenticationError as AnthropicAuthenticationError } from "@anthropic-ai/sdk";
import OpenAI, { AuthenticationError } from "openai";
import { startGateway } from "../_gateway.ts";
import type { TestGateway } from "../_gateway.ts";
import { credential } from "./_compare.ts";
import type { Credential } from "./_compare.ts";
import { callerKey, startMock, upstreamKey } from "./_mock.ts";
import type { Mock } from "./_mock.ts";

let mock: Mock;
let gateway: TestGateway;

before(async () => {
  mock = await startMock();
  mock.mock.onMessage("hello", { content: "Hello from the mock." });
  const key = upstreamKey;
  gateway = await startGateway({
    keys: [callerKey],
    upstreams: [
      {
        provider: "openai",
        baseURL: `${mock.url}/v1`,
        key,
        models: ["gpt-4o"],
        prefix: "/openai",
        forwardURL: mock.url,
      },
      { provider: "anthropic", baseURL: mock.url, key, models: ["claude-*"], prefix: "/anthropic" },
      { provider: "gemini", baseURL: mock.url, key, models: ["gemini-*"], prefix: "/gemini" },
    ],
  });
});

after(async () => {
  await gateway.close();
  await mock.close();
});

/** Where callers may put their key: headers, or the query. */
const places: Record<string, (key: string) => { headers?: Record<string, string>; query?: string }> = {
  Bearer: (key) => ({ headers: { authorization: `Bearer ${key}` } }),
  "x-api-key": (key) => ({ headers: { "x-api-key": key } }),
  "x-goog-api-key": (key) => ({ headers: { "x-goog-api-key": key } }),
  "api-key": (key) => ({ headers: { "api-key": key } }),
  "?key=": (key) => ({ query: `?key=${key}` }),
};

interface Service {
  prefix: string;
  path: string;
  body: object;
  expected: Credential;
}

const messages = [{ role: "user", content: "hello" }];
const services: Service[] = [
  {
    prefix: "/openai",
    path: "/v1/chat/completions",
    body: { model: "gpt-4o", messages },
    expected: credential("authorization"),
  },
  {
    prefix: "/anthropic",
    path: "/v1/messages",
    body: { model: "claude-opus-5-5", max_tokens: 10, messages },
    expected: credential("x-api-key"),
  },
  {
    prefix: "/gemini",
    path: "/v1beta/models/gemini-2.5-flash:generateContent",
    body: { contents: [{ role: "user", parts: [{ text: "hello" }] }] },
    expected: credential("x-goog-api-key"),
  },
];

function send(url: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

for (const { prefix, path, body, expected } of services) {
  for (const route of ["", prefix]) {
    for (const [place, put] of Object.entries(places)) {
      test(`a key as ${place} opens ${route}${path}, and a wrong one does not`, async () => {
        const url = gateway.url + route + path;
        const good = put(callerKey);
        const answer = await send(url + (good.query ?? ""), body, good.headers);
        assert.equal(answer.status, 200);
        assert.match(await answer.text(), /Hello from the mock\./);
        const { url: seenURL, headers } = mock.last();
        const { authorization, "x-api-key": xApiKey, "x-goog-api-key": googleKey } = headers;
        assert.deepEqual({ authorization, "x-api-key": xApiKey, "x-goog-api-key": googleKey }, expected);
        assert.ok(!JSON.stringify([seenURL, headers]).includes(callerKey));

        const before = mock.seen.length;
        const bad = put("sk-wrong");
        const refused = await send(url + (bad.query ?? ""), body, bad.headers);
        assert.equal(refused.status, 401);
        assert.ok(!(await refused.text()).includes("sk-wrong"));
        assert.equal(mock.seen.length, before, "nothing went to the service");
      });
    }
  }
}

test("a wrong key is the SDKs' AuthenticationError", async () => {
  const openai = new OpenAI({ apiKey: "sk-wrong", baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  await assert.rejects(openai.models.list(), (error) => {
    assert.ok(error instanceof AuthenticationError);
    assert.equal(error.status, 401);
    assert.equal(error.code, "invalid_api_key");
    return true;
  });
  const anthropic = new Anthropic({ apiKey: "sk-wrong", baseURL: gateway.url, maxRetries: 0 });
  const call = anthropic.messages.create({
    model: "claude-opus-5-5",
    max_tokens: 10,
    messages: [{ role: "user", content: "hello" }],
  });
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof AnthropicAuthenticationError);
    assert.equal(error.type, "authentication_error");
    return true;
  });
});

test("Anthropic's SDK with its key by hand in x-api-key is let in, too", async () => {
  const client = new Anthropic({
    apiKey: null,
    defaultHeaders: { "x-api-key": callerKey, authorization: null },
    baseURL: gateway.url,
    maxRetries: 0,
  });
  const answer = await client.messages.create({
    model: "claude-opus-5-5",
    max_tokens: 10,
    messages: [{ role: "user", content: "hello" }],
  });
  assert.deepEqual(answer.content, [{ type: "text", text: "Hello from the mock." }]);
  assert.equal(mock.last().headers["x-api-key"], upstreamKey);
  assert.equal(mock.last().headers["authorization"], undefined);
});
