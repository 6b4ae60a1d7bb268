import assert from "node:assert/strict";
import { after } from "node:test";
import { Redis } from "ioredis";
import { chatAnswer, sendJson, startGateway, startUpstream } from "../_gateway.ts";
import { startGatewayProcess } from "../_gateway-process.ts";
import { startRedisProxy } from "../_redis-proxy.ts";
import { redisTest } from "../_redis.ts";

const upstream = await startUpstream((_req, res) => sendJson(res, 200, chatAnswer()));
after(() => upstream.close());

const upstreams = ["a", "b", "c"].map((name) => ({
  name,
  provider: "openai",
  baseURL: `${upstream.url}/${name}/v1`,
  keys: ["sk-upstream"],
  models: ["gpt-4o"],
}));

async function call(url: string, fields: object = {}, key = "sk-a"): Promise<number> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: "gpt-4o", messages: [], ...fields }),
  });
  await response.arrayBuffer();
  return response.status;
}

/** Which upstreams were asked since the last time. */
function asked(): string[] {
  return upstream.requests.splice(0).map(({ url }) => url.split("/")[1] ?? "");
}

redisTest("limits and the turn of a call are one round trip", async (redis, defer) => {
  const proxy = await startRedisProxy(redis.port);
  defer(proxy.close);
  // A process of its own: here, what it writes in two pieces might be read as one.
  const gateway = await startGatewayProcess({
    state: { driver: "redis", url: proxy.url, commandTimeout: "5s" },
    upstreams,
    keys: [
      { key: "sk-a", limits: ["25/min", "100/hour"] },
      { key: "sk-warm", limits: ["1000/min"] },
    ],
  });
  defer(() => gateway.close());
  const admin = new Redis(redis.url);
  defer(async () => admin.disconnect());
  // Scripts go whole the first time, and the board is read. Three calls in a row without more end on the last upstream.
  for (let quiet = 0; quiet < 3 || asked().at(-1) !== "c";) {
    proxy.reset();
    assert.equal(await call(gateway.url, {}, "sk-warm"), 200);
    quiet = proxy.sent() === 1 && proxy.answered() === 1 ? quiet + 1 : 0;
  }
  proxy.reset();
  for (let i = 0; i < 25; i++) {
    assert.equal(await call(gateway.url), 200);
    assert.deepEqual([proxy.sent(), proxy.answered()], [i + 1, i + 1], proxy.commands().join());
  }
  assert.deepEqual(proxy.commands(), Array<string>(50).fill("evalsha"));
  assert.deepEqual(
    asked(),
    Array.from({ length: 25 }, (_, i) => "abc"[i % 3]),
  );

  // The turns of calls that are refused are left to others: they cost nothing more, and no turn is lost.
  assert.equal(await call(gateway.url), 429);
  proxy.reset();
  for (let i = 0; i < 3; i++) assert.equal(await call(gateway.url), 429);
  assert.deepEqual([proxy.sent(), proxy.commands().length], [3, 3]);
  await admin.del(await admin.keys("sluice:window:*"));
  for (let i = 0; i < 3; i++) assert.equal(await call(gateway.url), 200);
  assert.deepEqual(asked(), ["b", "c", "a"]);
});

redisTest("a body that is long is not read before limits were asked", async (redis, defer) => {
  const gateway = await startGateway({
    state: { driver: "redis", url: redis.url, commandTimeout: "5s" },
    upstreams,
    keys: [{ key: "sk-a", limits: ["4/min"] }],
  });
  defer(gateway.close);
  const long = { user: "x".repeat(100_000) };
  for (const status of [200, 200, 200, 200, 429]) assert.equal(await call(gateway.url, long), status);
  assert.deepEqual(asked(), ["a", "b", "c", "a"]);
});

redisTest("two gateways take turns as one, and an unreadable call is still counted", async (redis, defer) => {
  const state = { driver: "redis", url: redis.url, commandTimeout: "5s" };
  const config = { state, upstreams, keys: [{ key: "sk-a", limits: ["7/min"] }] };
  const two = await Promise.all([startGateway(config), startGateway(config)]);
  for (const { close } of two) defer(close);
  for (let i = 0; i < 6; i++) assert.equal(await call(two[i % 2]!.url), 200);
  assert.deepEqual(asked(), ["a", "b", "c", "a", "b", "c"]);
  const broken = await fetch(`${two[0]!.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer sk-a" },
    body: "{",
  });
  assert.equal(broken.status, 400);
  assert.equal(await call(two[1]!.url), 429);
});
