import assert from "node:assert/strict";
import { chatAnswer, sendJson, startUpstream, until } from "../../_gateway.ts";
import { startWatched } from "../../_calls.ts";
import { deferTest } from "../../_defer.ts";
import { redisTest } from "../../_redis.ts";
import type { ServerResponse } from "node:http";
import type { TestUpstream } from "../../_gateway.ts";

interface Service extends TestUpstream {
  /** Calls that are not answered yet, in order; `hold` keeps them. */
  held: ServerResponse[];
  hold: boolean;
  /** What came, by key. */
  byKey(): Record<string, number>;
}

async function startService(): Promise<Service> {
  const upstream = await startUpstream((_req, res) => {
    if (service.hold) service.held.push(res);
    else sendJson(res, 200, chatAnswer());
  });
  const service: Service = Object.assign(upstream, {
    held: [],
    hold: false,
    byKey() {
      const counts: Record<string, number> = {};
      for (const { headers } of upstream.requests) {
        const key = headers.authorization?.replace("Bearer sk-", "") ?? "";
        counts[key] = (counts[key] ?? 0) + 1;
      }
      return counts;
    },
  });
  return service;
}

async function call(
  url: string,
  more: { model?: string; max_tokens?: number } = {},
  signal?: AbortSignal,
): Promise<Response> {
  const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "hi" }], ...more });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers,
    body,
    ...(signal && { signal }),
  });
  return new Response(await response.arrayBuffer(), { status: response.status, headers: response.headers });
}

async function statuses(calls: Promise<Response>[]): Promise<Record<number, number>> {
  const seen: Record<number, number> = {};
  for (const { status } of await Promise.all(calls)) seen[status] = (seen[status] ?? 0) + 1;
  return seen;
}

const upstream = (service: Service, more: object): object => ({
  name: "up",
  provider: "openai",
  baseURL: service.url,
  models: ["m", "n"],
  ...more,
});

deferTest("limits of keys are exact, and a key at its limit is passed over", async (defer) => {
  const service = await startService();
  defer(service.close);
  const { url, gateway, close } = await startWatched({
    upstreams: [
      upstream(service, {
        keys: [{ key: "sk-a", limits: "3/h" }, "sk-b"],
        keyLimits: { m: "5/h", "*": "2/h" },
      }),
    ],
  });
  defer(close);
  const calls = Array.from({ length: 20 }, () => call(url));
  assert.deepEqual(await statuses(calls), { 200: 8, 429: 12 });
  assert.deepEqual(service.byKey(), { a: 3, b: 5 });
  const refused = await call(url);
  assert.ok(Number(refused.headers.get("retry-after")) > 3000);
  // The other model has a window of its own at one key; at the other all count together.
  assert.deepEqual(await statuses(Array.from({ length: 4 }, () => call(url, { model: "n" }))), {
    200: 2,
    429: 2,
  });
  assert.deepEqual(service.byKey(), { a: 3, b: 7 });
  const { candidates } = await gateway.explain({ model: "m" });
  assert.deepEqual(
    candidates.map(({ order, obstacle }) => [order, obstacle?.kind, obstacle?.reason]).toSorted(),
    [
      [undefined, "limit", "its limit of 3 requests per hour is reached"],
      [undefined, "limit", "its limit of 5 requests per hour is reached"],
    ],
  );
});

deferTest(
  "an upstream's limits hold over all of its keys, and another upstream takes over",
  async (defer) => {
    const [service, other] = await Promise.all([startService(), startService()]);
    for (const { close } of [service, other]) defer(close);
    const { url, close } = await startWatched({
      upstreams: [
        upstream(service, { keys: ["sk-a", "sk-b"], limits: ["4/h", "100/d"], priority: 1 }),
        { ...upstream(other, { key: "sk-c" }), name: "other" },
      ],
    });
    defer(close);
    assert.deepEqual(await statuses(Array.from({ length: 10 }, () => call(url))), { 200: 10 });
    assert.deepEqual([service.requests.length, other.requests.length], [4, 6]);
  },
);

deferTest("tokens are reserved, and settled by what was really used", async (defer) => {
  const service = await startService();
  defer(service.close);
  const { url, ended, close } = await startWatched({
    upstreams: [upstream(service, { key: "sk-a", limits: "100 tokens/h" })],
  });
  defer(close);
  // Each uses 22; the first reserves all there is.
  const seen: number[] = [];
  for (let i = 0; i < 3; i++) {
    seen.push((await call(url, { max_tokens: i === 0 ? 200 : 20 })).status);
    await ended(i + 1);
  }
  assert.deepEqual(seen, [200, 200, 200]);
  assert.equal((await call(url, { max_tokens: 80 })).status, 429);
  assert.equal((await call(url, { max_tokens: 10 })).status, 200);
  assert.equal(service.requests.length, 4);
});

deferTest(
  "calls wait for a place, first in, first out, and what comes beyond the queue is refused",
  async (defer) => {
    const service = await startService();
    defer(service.close);
    service.hold = true;
    const { url, gateway, close } = await startWatched({
      upstreams: [upstream(service, { key: "sk-a", concurrency: 1 })],
      plugins: [{ capacity: { queue: { size: 2, timeout: "1h" } } }, { retry: { attempts: 1 } }],
    });
    defer(close);
    const target = () =>
      gateway.explain({ model: "m" }).then(({ candidates }) => candidates[0]?.gates?.["capacity"]);
    const ends: string[] = [];
    const send = (name: string): Promise<void> =>
      call(url).then(({ status }) => void ends.push(`${name} ${status}`));
    const calls = [send("a")];
    await until(() => service.held.length === 1);
    for (const [count, name] of ["b", "c"].entries()) {
      calls.push(send(name));
      await until(async () => (await target())?.["waiting"] === count + 1, 30_000);
    }
    assert.deepEqual(await target(), {
      obstacle: "busy",
      reason: "it has as many calls at once as it may have",
      calls: 1,
      keyCalls: 1,
      waiting: 2,
    });
    await send("d");
    assert.deepEqual(ends, ["d 503"]);
    for (let i = 0; i < 3; i++) {
      await until(() => service.held.length === i + 1);
      sendJson(service.held[i]!, 200, chatAnswer());
    }
    await Promise.all(calls);
    assert.deepEqual(ends, ["d 503", "a 200", "b 200", "c 200"]);
    await until(async () => (await target())?.["calls"] === 0, 30_000);
  },
);

deferTest("a client that leaves gives its place up, in the queue and out of it", async (defer) => {
  const service = await startService();
  defer(service.close);
  service.hold = true;
  const { url, gateway, close } = await startWatched({
    upstreams: [upstream(service, { key: "sk-a", concurrency: 1 })],
  });
  defer(close);
  // One after the other, or they might come, and leave, in another order.
  const waiting = (count: number): Promise<void> =>
    until(async () => {
      const { candidates } = await gateway.explain({ model: "m" });
      return (candidates[0]?.gates?.["capacity"]?.["waiting"] ?? 0) === count;
    }, 30_000);
  const [first, second] = [new AbortController(), new AbortController()];
  const gone = [call(url, {}, first.signal).catch(() => "gone")];
  await until(() => service.held.length === 1);
  gone.push(call(url, {}, second.signal).catch(() => "gone"));
  await waiting(1);
  const third = call(url);
  await waiting(2);
  second.abort();
  await waiting(1);
  first.abort();
  assert.deepEqual(await Promise.all(gone), ["gone", "gone"]);
  await until(() => service.held.length === 2);
  sendJson(service.held[1]!, 200, chatAnswer());
  assert.equal((await third).status, 200);
  assert.equal(service.requests.length, 2);
});

deferTest("a busy key is passed over while another has a place; a deadline ends the wait", async (defer) => {
  const service = await startService();
  defer(service.close);
  service.hold = true;
  const { url, close } = await startWatched({
    upstreams: [upstream(service, { keys: ["sk-a", "sk-b"], keyConcurrency: 1 })],
    plugins: [{ capacity: { queue: { timeout: "50ms" } } }, { retry: { attempts: 1 } }],
  });
  defer(close);
  const both = [call(url), call(url)];
  await until(() => service.held.length === 2);
  assert.deepEqual(service.byKey(), { a: 1, b: 1 });
  assert.equal((await call(url)).status, 503);
  for (const res of service.held) sendJson(res, 200, chatAnswer());
  assert.deepEqual(await statuses(both), { 200: 2 });
});

redisTest("limits hold over processes that share a Redis", async ({ url: redis }, defer) => {
  const service = await startService();
  defer(service.close);
  const config = {
    // On a machine that is overloaded Redis may be slow without being away.
    state: { driver: "redis", url: redis, commandTimeout: "5s" },
    upstreams: [upstream(service, { keys: ["sk-a", "sk-b", "sk-c"], keyLimits: "5/h" })],
  };
  const gateways = await Promise.all([startWatched(config), startWatched(config)]);
  for (const { close } of gateways) defer(close);
  const seen: Record<number, number> = {};
  for (let i = 0; i < 10; i++) {
    for (const [status, count] of Object.entries(
      await statuses(gateways.flatMap(({ url }) => [call(url), call(url)])),
    )) {
      seen[Number(status)] = (seen[Number(status)] ?? 0) + count;
    }
  }
  assert.deepEqual(service.byKey(), { a: 5, b: 5, c: 5 });
  assert.equal(seen[200], 15);
});
