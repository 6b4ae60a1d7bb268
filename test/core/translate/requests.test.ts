import assert from "node:assert/strict";
import { createServer } from "node:http";
import { startWatched } from "../../_calls.ts";
import type { WatchedGateway } from "../../_calls.ts";
import { deferTest } from "../../_defer.ts";
import type { Defer } from "../../_defer.ts";
import { closeServer, listenOn, sendJson, startGateway, startUpstream } from "../../_gateway.ts";
import type { TestUpstream } from "../../_gateway.ts";
import { redDot } from "../../plugins/protocols/_conversations.ts";
import { answerWith, asking, post, readAnswer, speakers, textAnswer, textOf } from "./_wire.ts";
import type { Spoken } from "./_wire.ts";
import type { ChatRequest, ContentPart, Fields } from "../../../core/index.ts";

/** A gateway before one service, and the bodies that came to it. */
async function setUp(
  defer: Defer,
  name: Spoken,
  more: object = {},
  server: object = {},
): Promise<{ gateway: WatchedGateway; upstream: TestUpstream; bodies: () => Fields[] }> {
  const upstream = await startUpstream((_req, res) => void answerWith(name, res, textAnswer("Yes."), false));
  defer(upstream.close);
  const gateway = await startWatched({
    server,
    plugins: [speakers],
    upstreams: [
      {
        provider: `speaks-${name}`,
        name: "one",
        baseURL: upstream.url,
        key: "k",
        models: ["model-1"],
        ...more,
      },
    ],
  });
  defer(gateway.close);
  const bodies = (): Fields[] => upstream.requests.map(({ body }) => JSON.parse(body.toString()) as Fields);
  return { gateway, upstream, bodies };
}

const seeded = asking("Hello", { logit_bias: { "50256": -100 } });

deferTest(
  "what the upstream's protocol cannot say is left out, and with strict refused by name",
  async (defer) => {
    const loose = await setUp(defer, "anthropic");
    const passed = await post(loose.gateway.url, "openai-chat", seeded);
    assert.equal(passed.status, 200);
    assert.equal(loose.bodies()[0]?.["logit_bias"], undefined);
    assert.deepEqual((await loose.gateway.ended(1)).call.attempts.at(-1)?.dropped, ["logit_bias"]);
    const strict = await setUp(defer, "anthropic", { strict: true });
    const refused = await post(strict.gateway.url, "openai-chat", seeded);
    assert.equal(refused.status, 400);
    const { error } = (await refused.json()) as { error: Fields };
    assert.deepEqual([error["code"], error["param"]], ["unsupported_field", "logit_bias"]);
    assert.match(String(error["message"]), /The upstream one has nothing that says logit_bias/);
    assert.equal(strict.upstream.requests.length, 0);
    // What it can say passes.
    assert.equal((await post(strict.gateway.url, "openai-chat", asking("Hello"))).status, 200);
  },
);

deferTest(
  "a request of the wrong shape is the client's own fault, in its own words, and goes nowhere",
  async (defer) => {
    const { gateway, upstream } = await setUp(defer, "cohere");
    const wrong = { model: "model-1", max_tokens: 10, messages: [{ role: "robot", content: "Hello" }] };
    const response = await fetch(`${gateway.url}/v1/messages`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(wrong),
    });
    assert.equal(response.status, 400);
    const { type, error } = (await response.json()) as { type: string; error: Fields };
    assert.deepEqual([type, error["type"]], ["error", "invalid_request_error"]);
    assert.equal(upstream.requests.length, 0);
  },
);

const asks = (...parts: ContentPart[]): ChatRequest =>
  asking("", { messages: [{ role: "user", content: parts }] });

deferTest("an image by URL is fetched once over retries, and sent as bytes", async (defer) => {
  let fetched = 0;
  const files = createServer((_req, res) => {
    fetched++;
    res.writeHead(200, { "content-type": "image/png" }).end(Buffer.from(redDot, "base64"));
  });
  const filesURL = await listenOn(files);
  defer(() => closeServer(files));
  let asked = 0;
  const upstream = await startUpstream((_req, res) => {
    if (asked++ === 0) sendJson(res, 503, { error: { code: 503, message: "busy", status: "UNAVAILABLE" } });
    else void answerWith("gemini", res, textAnswer("A dot."), false);
  });
  defer(upstream.close);
  const of = { provider: "speaks-gemini", baseURL: upstream.url, models: ["model-1"] };
  const config = { plugins: [speakers], upstreams: [{ ...of, keys: ["k1", "k2"] }] };
  const request = asks(
    { type: "text", text: "What is it?" },
    { type: "image_url", image_url: { url: `${filesURL}/dot.png` } },
    { type: "image_url", image_url: { url: `${filesURL}/dot.png` } },
  );
  const gateway = await startWatched({ ...config, server: { files: { allow: ["127.0.0.1"] } } });
  defer(gateway.close);
  const answer = await readAnswer("openai-chat", await post(gateway.url, "openai-chat", request), false);
  assert.equal(textOf(answer), "A dot.");
  assert.deepEqual([asked, fetched], [2, 1]);
  for (const { body } of upstream.requests) {
    const { contents } = JSON.parse(body.toString()) as { contents: { parts: Fields[] }[] };
    assert.deepEqual(
      contents[0]?.parts.slice(1),
      [1, 2].map(() => ({ inlineData: { mimeType: "image/png", data: redDot } })),
    );
  }
  // Without the leave to, nothing of the gateway's own network is fetched for a client.
  const closed = await startWatched(config);
  defer(closed.close);
  const refused = await post(closed.url, "openai-chat", request);
  assert.equal(refused.status, 400);
  assert.deepEqual([asked, fetched], [2, 1]);
});

deferTest("a document goes as its text to a model that takes none", async (defer) => {
  const { gateway, bodies } = await setUp(defer, "cohere");
  const request = asks(
    { type: "text", text: "Sum it up." },
    {
      type: "file",
      file: { file_data: `data:text/plain;base64,${btoa("Rain until noon.")}`, filename: "day.txt" },
    },
  );
  assert.equal((await post(gateway.url, "openai-chat", request)).status, 200);
  assert.match(JSON.stringify(bodies()[0]), /day\.txt:\\n\\nRain until noon\./);
  const unreadable = asks({
    type: "file",
    file: { file_data: "data:application/pdf;base64,AAAA", filename: "x.pdf" },
  });
  assert.equal((await post(gateway.url, "openai-chat", unreadable)).status, 400);
  assert.equal(bodies().length, 1);
});

deferTest(
  "tokens are counted by the upstream that can, else estimated, in the client's shape",
  async (defer) => {
    const { gateway, upstream } = await setUp(defer, "openai-chat");
    const text = "All that is gold does not glitter. ".repeat(40);
    const headers = { "content-type": "application/json" };
    const count = async (path: string, body: object): Promise<Fields> => {
      const response = await fetch(gateway.url + path, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
      assert.equal(response.status, 200, path);
      return (await response.json()) as Fields;
    };
    const messages = [{ role: "user", content: text }];
    const { input_tokens } = await count("/v1/messages/count_tokens", { model: "model-1", messages });
    const contents = [{ role: "user", parts: [{ text }] }];
    const { totalTokens } = await count("/v1beta/models/model-1:countTokens", { contents });
    const { input_tokens: ofResponses } = await count("/v1/responses/input_tokens", {
      model: "model-1",
      input: text,
    });
    assert.ok(Number(input_tokens) > 200 && Number(input_tokens) < 800, String(input_tokens));
    assert.deepEqual([totalTokens, ofResponses], [input_tokens, input_tokens]);
    assert.equal(upstream.requests.length, 0);
  },
);

deferTest("explain says what a call is translated to, and by whom its tokens are counted", async (defer) => {
  const one = { baseURL: "http://127.0.0.1:1", key: "k", models: ["model-1"] };
  const gateway = await startGateway({
    plugins: [speakers, { auth: { anonymous: true } }],
    upstreams: [
      { ...one, provider: "speaks-gemini" },
      { ...one, provider: "speaks-anthropic" },
    ],
  });
  defer(gateway.close);
  const reasons = async (path: string): Promise<string[]> => {
    const { candidates } = await gateway.gateway.explain({ model: "model-1", path });
    return candidates.map(({ upstream, reason }) => `${upstream}: ${reason.replace(/;.*/, "")}`).sort();
  };
  assert.deepEqual(await reasons("/v1/messages"), [
    "speaks-anthropic: offers model-1",
    "speaks-gemini: offers model-1, translated to gemini",
  ]);
  assert.deepEqual(await reasons("/v1/messages/count_tokens"), [
    "speaks-anthropic: offers model-1, counted by the gateway",
    "speaks-gemini: offers model-1, counted by the gateway",
  ]);
});
