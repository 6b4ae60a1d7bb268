import assert from "node:assert/strict";
import { test } from "node:test";
import { chatAnswer, sendJson, startGateway, startUpstream } from "../_gateway.ts";
import type { TestUpstream } from "../_gateway.ts";

interface Started {
  usual: TestUpstream;
  other: TestUpstream;
  third: TestUpstream;
  post(path: string, body: object): Promise<number>;
}

function start(): Promise<TestUpstream> {
  return startUpstream((_, res) => sendJson(res, 200, chatAnswer()));
}

/** A gateway with one upstream under two prefixes, and two servers that take models over. */
async function run(work: (started: Started) => Promise<void>): Promise<void> {
  const [usual, other, third] = [await start(), await start(), await start()];
  const upstream = { provider: "openai", baseURL: `${usual.url}/v1`, forwardURL: usual.url, keys: ["sk-1"] };
  const gateway = await startGateway({
    extends: [],
    upstreams: [{ name: "usual", ...upstream, prefix: ["/", "/b"] }],
    plugins: [
      "protocols/openai-chat",
      { auth: { anonymous: true } },
      "routing",
      "retry",
      {
        "model-map": {
          maps: [
            { baseURL: `${other.url}/`, models: { "gpt-4o": "qwen2:7b" }, prefixes: ["/"] },
            { baseURL: third.url, models: { "gpt-4o": "llama3", small: "phi3" } },
          ],
        },
      },
    ],
  });
  const post = async (path: string, body: object) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(gateway.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    await response.text();
    return response.status;
  };
  try {
    await work({ usual, other, third, post });
  } finally {
    await gateway.close();
    for (const upstream of [usual, other, third]) await upstream.close();
  }
}

const chat = "/v1/chat/completions";

/** What a server was asked: path, model, and with which key. */
function asked({ requests }: TestUpstream): unknown[] {
  return requests.map(({ url, body, headers }) => [
    url,
    (JSON.parse(body.toString()) as { model: string }).model,
    headers.authorization,
  ]);
}

test("the first map of the prefix that has the model takes the call, under its name and without the key", () =>
  run(async ({ usual, other, third, post }) => {
    assert.equal(await post(chat, { model: "gpt-4o", messages: [] }), 200);
    assert.equal(await post(`/b${chat}?x=1`, { model: "gpt-4o", messages: [] }), 200);
    assert.equal(await post(chat, { model: "small", messages: [] }), 200);
    assert.deepEqual(asked(other), [[chat, "qwen2:7b", undefined]]);
    assert.deepEqual(asked(third), [
      [`${chat}?x=1`, "llama3", undefined],
      [chat, "phi3", undefined],
    ]);
    assert.equal(usual.requests.length, 0);
  }));

test("everything else goes where it went", () =>
  run(async ({ usual, other, third, post }) => {
    assert.equal(await post(chat, { model: "gpt-4", messages: [] }), 200);
    assert.equal(await post("/v1/files", { model: "gpt-4o" }), 200);
    assert.deepEqual(asked(usual), [
      [chat, "gpt-4", "Bearer sk-1"],
      ["/v1/files", "gpt-4o", "Bearer sk-1"],
    ]);
    assert.equal(other.requests.length + third.requests.length, 0);
  }));
