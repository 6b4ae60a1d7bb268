import assert from "node:assert/strict";
import test from "node:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGateway, startUpstream, until } from "../_gateway.ts";
import { redisTest } from "../_redis.ts";
import type { TestUpstream } from "../_gateway.ts";

/** A service with these models; its list fails while there are none. */
function startListing(models: string[]): Promise<TestUpstream> {
  return startUpstream((req, res) => {
    res.setHeader("content-type", "application/json");
    const page = /^\/list\?page=(\d+)$/.exec(req.url ?? "")?.[1];
    if (page === undefined) return res.end('{"choices":[]}');
    if (models.length === 0) return res.writeHead(500).end("{}");
    const at = Number(page);
    res.end(JSON.stringify({ ids: [models[at]], next: at + 1 < models.length ? String(at + 1) : null }));
  });
}

function config(url: string, server: object = {}, state: object = {}): object {
  return {
    server,
    state,
    keys: ["sk-test"],
    upstreams: [{ provider: "./test/core/_listing-provider.ts", baseURL: url, key: "uk-1" }],
  };
}

const headers = { authorization: "Bearer sk-test" };

async function listed(url: string): Promise<string[]> {
  const answer = (await (await fetch(`${url}/v1/models`, { headers })).json()) as { data: { id: string }[] };
  return answer.data.map(({ id }) => id);
}

async function chatStatus(url: string, model: string): Promise<number> {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] });
  const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
  await response.arrayBuffer();
  return response.status;
}

test("an upstream without models offers what its service lists, authenticated and over all pages", async () => {
  const upstream = await startListing(["alpha", "beta"]);
  const gateway = await startGateway(config(upstream.url));
  try {
    assert.deepEqual(await listed(gateway.url), ["alpha", "beta"]);
    assert.equal(await chatStatus(gateway.url, "beta"), 200);
    assert.equal(await chatStatus(gateway.url, "gamma"), 404);
    assert.deepEqual(
      upstream.requests.slice(0, 2).map(({ url, headers }) => [url, headers["x-list-key"]]),
      [
        ["/list?page=0", "uk-1"],
        ["/list?page=1", "uk-1"],
      ],
    );
  } finally {
    await gateway.close();
    await upstream.close();
  }
});

test("a list is asked for anew, and a call finds the models that came", async () => {
  const models = ["alpha"];
  const upstream = await startListing(models);
  const gateway = await startGateway(config(upstream.url, { modelRefresh: "50ms" }));
  try {
    assert.equal(await chatStatus(gateway.url, "gamma"), 404);
    models.push("gamma");
    await until(async () => (await chatStatus(gateway.url, "gamma")) === 200);
    models.shift();
    await until(async () => (await chatStatus(gateway.url, "alpha")) === 404);
  } finally {
    await gateway.close();
    await upstream.close();
  }
});

test("what was listed is remembered over a restart, also when the service is away", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-models-"));
  const models = ["alpha"];
  const upstream = await startListing(models);
  const state = { driver: "fs", path: folder };
  try {
    const first = await startGateway(config(upstream.url, {}, state));
    assert.deepEqual(await listed(first.url), ["alpha"]);
    await first.close();
    models.length = 0;
    const second = await startGateway(config(upstream.url, {}, state));
    assert.deepEqual(await listed(second.url), ["alpha"]);
    await until(async () => second.messages.some(({ text }) => text.includes("could not be listed")));
    assert.deepEqual(await listed(second.url), ["alpha"]);
    await second.close();
  } finally {
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  }
});

redisTest("of two gateways on one Redis the second takes the list of the first", async (redis, defer) => {
  const upstream = await startListing(["alpha", "beta"]);
  defer(upstream.close);
  // A busy machine is no outage.
  const state = { driver: "redis", url: redis.url, commandTimeout: 10_000 };
  const first = await startGateway(config(upstream.url, {}, state));
  defer(first.close);
  const second = await startGateway(config(upstream.url, {}, state));
  defer(second.close);
  assert.deepEqual(await listed(second.url), ["alpha", "beta"]);
  await second.gateway.context.state.counters.get("n");
  assert.equal(upstream.requests.length, 2, "two pages, once");
  // A list that is too old is asked for anew.
  const third = await startGateway(config(upstream.url, { modelRefresh: "1ms" }, state));
  defer(third.close);
  await until(async () => upstream.requests.length > 2);
});
