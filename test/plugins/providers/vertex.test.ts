import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { importSPKI, jwtVerify } from "jose";
import { sendJson, startGateway, startUpstream, until } from "../../_gateway.ts";
import type { Fields } from "../../../core/index.ts";
import type { TestGateway, TestUpstream } from "../../_gateway.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

const callerKey = "sk-caller-0001";

let tokens: TestUpstream;
let vertex: TestUpstream;
let gateway: TestGateway | undefined;
/** What the token server does next. */
let answerToken: (count: number) => { status: number; body: object };

const geminiAnswer = {
  candidates: [
    { content: { role: "model", parts: [{ text: "Hello from Gemini" }] }, finishReason: "STOP", index: 0 },
  ],
  usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 3, totalTokenCount: 7 },
  modelVersion: "gemini-2.5-flash",
  responseId: "r1",
};
const claudeAnswer = {
  id: "msg_vrtx_1",
  type: "message",
  role: "assistant",
  model: "claude-sonnet-4-5@20250929",
  content: [{ type: "text", text: "Hello from Claude" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 4, output_tokens: 3 },
};

/** Until then no token is given. */
let held = Promise.resolve();

before(async () => {
  tokens = await startUpstream((_req, res) => {
    const { status, body } = answerToken(tokens.requests.length);
    // Long enough for calls that come together to wait for one and the same.
    void held.then(() => setTimeout(() => sendJson(res, status, body), 20));
  });
  vertex = await startUpstream((req, res) => {
    const url = req.url ?? "";
    if (url.includes(":predict")) {
      const embeddings = { values: [0.5, -0.25], statistics: { truncated: false, token_count: 2 } };
      sendJson(res, 200, { predictions: [{ embeddings }] });
    } else if (url.includes("count-tokens")) sendJson(res, 200, { input_tokens: 9 });
    else if (url.includes(":countTokens")) sendJson(res, 200, { totalTokens: 9 });
    else if (url.includes(":streamGenerateContent")) {
      res.writeHead(200, { "content-type": "text/event-stream" });
      res.end(`data: ${JSON.stringify(geminiAnswer)}\r\n\r\n`);
    } else sendJson(res, 200, url.includes("/anthropic/") ? claudeAnswer : geminiAnswer);
  });
});

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  tokens.requests.length = 0;
  vertex.requests.length = 0;
});

after(() => Promise.all([tokens.close(), vertex.close()]));

const account = {
  client_email: "robot@project-1.iam.gserviceaccount.com",
  private_key: privateKey,
  project_id: "project-1",
};

async function start(options: object, more: object = {}): Promise<TestGateway> {
  answerToken = (count) => ({ status: 200, body: { access_token: `token-${count}`, expires_in: 3600 } });
  const models = ["gemini-2.5-flash", { "claude-sonnet-4-5@20250929": "claude" }, "text-embedding-005"];
  const upstream = { provider: "vertex", baseURL: vertex.url, models, options, ...more };
  gateway = await startGateway({
    keys: [callerKey],
    upstreams: [upstream],
    plugins: [{ retry: { attempts: 1 } }],
  });
  return gateway;
}

const json = { "content-type": "application/json", "x-goog-api-key": callerKey };

async function post(
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Fields }> {
  const answer = await fetch(`${gateway?.url}${path}`, {
    method: "POST",
    headers: { ...json, ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Fields };
}

const says = { contents: [{ role: "user", parts: [{ text: "Hi" }] }] };
const generate = "/v1beta/models/gemini-2.5-flash:generateContent";
const toClaude = { model: "claude", max_tokens: 10, messages: [{ role: "user", content: "Hi" }] };

function last(): { url: string; headers: Record<string, unknown>; body: Fields } {
  const seen = vertex.requests.at(-1);
  assert.ok(seen);
  return { url: seen.url, headers: seen.headers, body: JSON.parse(seen.body.toString()) as Fields };
}

test("a service account's token is asked for with a signed assertion, once for many calls", async () => {
  await start({
    // As it stands in an environment variable.
    credentials: { ...account, private_key: privateKey.replaceAll("\n", "\\n") },
    location: "europe-west4",
    tokenURL: tokens.url,
  });
  const answers = await Promise.all(Array.from({ length: 5 }, () => post(generate, says)));
  assert.deepEqual(
    answers,
    Array.from({ length: 5 }, () => ({ status: 200, body: geminiAnswer })),
  );
  await post(generate, says);
  assert.equal(tokens.requests.length, 1);
  const form = new URLSearchParams(tokens.requests[0]?.body.toString());
  assert.equal(form.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
  const { payload, protectedHeader } = await jwtVerify(
    form.get("assertion") ?? "",
    await importSPKI(publicKey, "RS256"),
    { issuer: account.client_email, audience: "https://oauth2.googleapis.com/token" },
  );
  assert.equal(protectedHeader.alg, "RS256");
  assert.equal(payload["scope"], "https://www.googleapis.com/auth/cloud-platform");
  assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 3600);
  const { url, headers, body } = last();
  assert.equal(
    url,
    "/v1/projects/project-1/locations/europe-west4/publishers/google/models/gemini-2.5-flash:generateContent",
  );
  assert.equal(headers["authorization"], "Bearer token-1");
  assert.deepEqual(body, says);
});

test("a key file may come as text, and a user's credentials ask with their refresh token", async () => {
  const user = {
    type: "authorized_user",
    client_id: "id",
    client_secret: "secret",
    refresh_token: "refresh",
  };
  await start({ project: "p", credentials: JSON.stringify(user), tokenURL: tokens.url });
  assert.equal((await post(generate, says)).status, 200);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(tokens.requests[0]?.body.toString())), {
    grant_type: "refresh_token",
    client_id: "id",
    client_secret: "secret",
    refresh_token: "refresh",
  });
  assert.equal(
    last().url,
    "/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash:generateContent",
  );
});

test("a token is renewed before its end, by one request, while calls go on with the old one", async () => {
  await start({ credentials: account, tokenURL: tokens.url });
  // Of 40 s it is renewed after 20 and sent for 30.
  answerToken = (count) => ({ status: 200, body: { access_token: `token-${count}`, expires_in: 40 } });
  const { now } = Date;
  try {
    await post(generate, says);
    const begun = now();
    Date.now = () => begun + 22_000;
    let release = (): void => {};
    held = new Promise((resolve) => (release = resolve));
    try {
      await Promise.all([post(generate, says), post(generate, says)]);
      assert.equal(last().headers["authorization"], "Bearer token-1");
      await until(() => tokens.requests.length > 1);
    } finally {
      release();
    }
    const end = performance.now() + 10_000;
    while (last().headers["authorization"] === "Bearer token-1" && performance.now() < end)
      await post(generate, says);
    assert.equal(last().headers["authorization"], "Bearer token-2");
    assert.equal(tokens.requests.length, 2);
    // Past its end: calls wait for the next one.
    Date.now = () => begun + 90_000;
    await Promise.all([post(generate, says), post(generate, says)]);
    assert.equal(tokens.requests.length, 3);
    assert.equal(last().headers["authorization"], "Bearer token-3");
  } finally {
    Date.now = now;
  }
});

test("no token is a 502 that tells no secret, and the next call asks again", async () => {
  await start({ credentials: account, tokenURL: tokens.url });
  answerToken = () => ({
    status: 400,
    body: { error: "invalid_grant", error_description: `bad: ${privateKey}` },
  });
  const { status, body } = await post(generate, says);
  assert.equal(status, 502);
  assert.deepEqual(body["error"], {
    code: 502,
    message: "Google gave no access token for this upstream.",
    status: "INTERNAL",
  });
  const told = JSON.stringify(gateway?.messages);
  assert.ok(!told.includes("PRIVATE KEY") && !told.includes("assertion"));
  answerToken = () => ({ status: 200, body: { access_token: "late", expires_in: 3600 } });
  assert.equal((await post(generate, says)).status, 200);
  assert.equal(last().headers["authorization"], "Bearer late");
});

test("a key alone is the express mode; a token as key goes as a token", async () => {
  await start({}, { key: "AIza-express" });
  await post(generate, says);
  assert.equal(last().url, "/v1/publishers/google/models/gemini-2.5-flash:generateContent");
  assert.equal(last().headers["x-goog-api-key"], "AIza-express");
  assert.equal(last().headers["authorization"], undefined);
  await gateway?.close();
  await start({ project: "p" }, { key: "ya29.made-elsewhere" });
  await post(generate, says);
  assert.equal(last().headers["authorization"], "Bearer ya29.made-elsewhere");
  assert.equal(tokens.requests.length, 0);
});

test("Claude is spoken to in Anthropic's protocol, with the model in the path", async () => {
  await start({ project: "p", location: "us-east5" }, { key: "k" });
  const beta = { "anthropic-version": "2023-06-01", "anthropic-beta": "context-1m-2025-08-07" };
  const answer = await post("/v1/messages?beta=true", toClaude, beta);
  // The model has the name that it was asked for by.
  assert.deepEqual(answer.body, { ...claudeAnswer, model: "claude" });
  const { url, headers, body } = last();
  const models = "/v1/projects/p/locations/us-east5/publishers/anthropic/models";
  assert.equal(url, `${models}/claude-sonnet-4-5@20250929:rawPredict`);
  const { model: _, ...rest } = toClaude;
  assert.deepEqual(body, { anthropic_version: "vertex-2023-10-16", ...rest });
  assert.equal(headers["anthropic-version"], undefined);
  assert.equal(headers["anthropic-beta"], "context-1m-2025-08-07");
  await fetch(`${gateway?.url}/v1/messages`, {
    method: "POST",
    headers: json,
    body: JSON.stringify({ ...toClaude, stream: true }),
  }).then((response) => response.text());
  assert.equal(last().url, `${models}/claude-sonnet-4-5@20250929:streamRawPredict`);
  assert.equal(last().body["stream"], true);
});

test("tokens are counted for Claude under a path of its own, for Gemini of the request's own members", async () => {
  await start({ project: "p" }, { key: "k" });
  const { max_tokens: _, ...counted } = toClaude;
  assert.deepEqual((await post("/v1/messages/count_tokens", counted)).body, { input_tokens: 9 });
  assert.equal(
    last().url,
    "/v1/projects/p/locations/global/publishers/anthropic/models/count-tokens:rawPredict",
  );
  assert.deepEqual(last().body, {
    anthropic_version: "vertex-2023-10-16",
    ...counted,
    model: "claude-sonnet-4-5@20250929",
  });
  const path = "/v1beta/models/gemini-2.5-flash:countTokens";
  const systemInstruction = { parts: [{ text: "Be short." }] };
  const whole = { model: "models/gemini-2.5-flash", ...says, systemInstruction };
  assert.deepEqual((await post(path, { generateContentRequest: whole })).body, { totalTokens: 9 });
  assert.deepEqual(last().body, { ...says, systemInstruction });
});

test("a client of OpenAI's gets answers and streams of Gemini and embeddings", async () => {
  await start({ project: "p" }, { key: "k" });
  const chat = { model: "gemini-2.5-flash", messages: [{ role: "user", content: "Hi" }] };
  const answer = await post("/v1/chat/completions", chat);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const [choice] = answer.body["choices"] as [{ message: { content: string } }];
  assert.equal(choice.message.content, "Hello from Gemini");
  const streamed = await fetch(`${gateway?.url}/v1/chat/completions`, {
    method: "POST",
    headers: json,
    body: JSON.stringify({ ...chat, stream: true }),
  });
  assert.match(await streamed.text(), /Hello from Gemini[^]*\[DONE\]/);
  assert.match(last().url, /:streamGenerateContent\?alt=sse$/);
  const input = { model: "text-embedding-005", input: "Hi", dimensions: 2 };
  const { body } = await post("/v1/embeddings", input);
  assert.deepEqual(body["data"], [{ object: "embedding", index: 0, embedding: [0.5, -0.25] }]);
  assert.deepEqual(body["usage"], { prompt_tokens: 2, total_tokens: 2 });
  assert.match(last().url, /\/publishers\/google\/models\/text-embedding-005:predict$/);
  assert.deepEqual(last().body, { instances: [{ content: "Hi" }], parameters: { outputDimensionality: 2 } });
});

test("locations take turns, and each has its host", async () => {
  await start({ project: "p", location: ["us-central1", "europe-west1"] }, { key: "k" });
  for (let i = 0; i < 3; i++) await post(generate, says);
  const places = vertex.requests.map(({ url }) => /locations\/([^/]+)/.exec(url)?.[1]);
  assert.deepEqual(places, ["us-central1", "europe-west1", "us-central1"]);
  const { hostOf } = await import("../../../plugins/providers/vertex/address.ts");
  assert.deepEqual(["global", "eu", "europe-west1"].map(hostOf), [
    "https://aiplatform.googleapis.com",
    "https://aiplatform.eu.rep.googleapis.com",
    "https://europe-west1-aiplatform.googleapis.com",
  ]);
});

test("credentials that cannot be used are a mistake of the configuration, which shows no key", async () => {
  for (const credentials of [
    { client_email: "a@b", private_key: "not-a-key-0815" },
    "{no json",
    { client_id: "id" },
  ]) {
    await assert.rejects(
      startGateway({
        upstreams: [{ provider: "vertex", options: { credentials }, models: ["gemini-2.5-flash"] }],
      }),
      (error: unknown) => {
        const told = JSON.stringify((error as { problems?: unknown }).problems) + String(error);
        assert.match(told, /credentials/);
        assert.ok(!told.includes("0815"));
        return true;
      },
    );
  }
});
