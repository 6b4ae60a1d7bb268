import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Anthropic, { NotFoundError } from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { sendJson, startGateway, startUpstream } from "../../../_gateway.ts";
import type { TestGateway, TestUpstream } from "../../../_gateway.ts";

/** OpenAI's and Anthropic's clients ask for models at the same paths. */
let gateway: TestGateway;
let upstream: TestUpstream;

before(async () => {
  upstream = await startUpstream((req, res) => sendJson(res, 200, { url: req.url }));
  gateway = await startGateway({
    upstreams: [
      {
        provider: "anthropic",
        baseURL: upstream.url,
        key: "uk",
        models: ["claude-opus-5-5", "claude-secret"],
        prefix: "/anthropic",
      },
      {
        provider: "openai",
        baseURL: upstream.url,
        key: "uk",
        models: ["gpt-4o", "vendor/llama:8b", "claude-*"],
      },
    ],
    keys: [{ key: "sk-caller", models: ["*", "!claude-secret"] }],
  });
});

after(async () => {
  await gateway.close();
  await upstream.close();
});

const anthropic = (): Anthropic =>
  new Anthropic({ apiKey: "sk-caller", baseURL: gateway.url, maxRetries: 0 });
const openai = (): OpenAI => new OpenAI({ apiKey: "sk-caller", baseURL: `${gateway.url}/v1`, maxRetries: 0 });

const opus = {
  type: "model",
  id: "claude-opus-5-5",
  display_name: "claude-opus-5-5",
  created_at: "1970-01-01T00:00:00Z",
  max_input_tokens: null,
  max_tokens: 128_000,
  capabilities: null,
  lifecycle: "active",
  line: null,
  deprecated_at: null,
  retires_at: null,
};

test("Anthropic's client gets its own list, OpenAI's its own", async () => {
  const page = await anthropic().models.list();
  assert.deepEqual(
    page.data.map(({ id }) => id),
    ["claude-opus-5-5", "gpt-4o", "vendor/llama:8b"],
  );
  assert.deepEqual(page.data[0], opus);
  assert.equal(page.hasNextPage(), false);
  const { data } = await openai().models.list();
  assert.deepEqual(data[0], { id: "claude-opus-5-5", object: "model", created: 0, owned_by: "anthropic" });
  assert.equal(data.length, 3);
});

test("one model, in either shape", async () => {
  const { _request_id: _, ...model } = (await anthropic().models.retrieve(
    "claude-opus-5-5",
  )) as unknown as Record<string, unknown>;
  assert.deepEqual(model, opus);
  const llama = await openai().models.retrieve("vendor/llama:8b");
  assert.equal(llama.id, "vendor/llama:8b");
  assert.equal(llama.owned_by, "openai");
});

test("a model that is not there, or not for this key, is a 404 in the client's shape", async () => {
  for (const id of ["claude-secret", "nothing"]) {
    const message = `The model ${id} does not exist, or this key may not use it.`;
    const error: unknown = await anthropic()
      .models.retrieve(id)
      .catch((reason: unknown) => reason);
    assert.ok(error instanceof NotFoundError);
    assert.deepEqual(error.error, { type: "error", error: { type: "not_found_error", message } });
    await assert.rejects(openai().models.retrieve(id), { status: 404, code: "model_not_found" });
  }
  const response = await fetch(`${gateway.url}/v1/models/%zz`, {
    headers: { authorization: "Bearer sk-caller" },
  });
  assert.equal(response.status, 404);
});

test("under a prefix the upstream answers itself", async () => {
  const response = await fetch(`${gateway.url}/anthropic/v1/models?limit=3`, {
    headers: { "x-api-key": "sk-caller", "anthropic-version": "2023-06-01" },
  });
  assert.deepEqual(await response.json(), { url: "/v1/models?limit=3" });
  assert.equal(upstream.requests[0]?.headers["x-api-key"], "uk");
});
