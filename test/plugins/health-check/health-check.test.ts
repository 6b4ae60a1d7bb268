import assert from "node:assert/strict";
import { chatAnswer, closedAddress, sendJson, startGateway, startUpstream, until } from "../../_gateway.ts";
import { startWatched } from "../../_calls.ts";
import { deferTest } from "../../_defer.ts";
import type { TestUpstream } from "../../_gateway.ts";

interface Service extends TestUpstream {
  /** Of its list of models, or of what it is asked else. */
  status: number;
  checks(): string[];
}

async function startService(): Promise<Service> {
  const upstream = await startUpstream((req, res) => {
    if (req.url === "/v1/chat/completions" || req.url === "/chat/completions")
      sendJson(res, 200, chatAnswer());
    else sendJson(res, service.status, { object: "list", data: [{ id: "m", object: "model" }] });
  });
  const asked = (): string[] => upstream.requests.map(({ method, url }) => `${method} ${url}`);
  const checks = (): string[] => asked().filter((one) => !one.endsWith("/chat/completions"));
  const service: Service = Object.assign(upstream, { status: 200, checks });
  return service;
}

async function call(url: string): Promise<number> {
  const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "hi" }] });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
  await response.arrayBuffer();
  return response.status;
}

const calls = (service: Service): number => service.requests.length - service.checks().length;

deferTest(
  "an upstream that is not well rests before a call finds out, and comes back when it is",
  async (defer) => {
    const [sick, well] = await Promise.all([startService(), startService()]);
    for (const { close } of [sick, well]) defer(close);
    const { url, gateway, close } = await startWatched({
      upstreams: [
        { name: "sick", provider: "openai", baseURL: sick.url, key: "sk-a", models: ["m"], priority: 1 },
        { name: "well", provider: "openai", baseURL: well.url, key: "sk-b", models: ["m"] },
      ],
      plugins: [{ "health-check": { interval: "100ms" } }, { breaker: { consecutive: 2 } }],
    });
    defer(close);
    const obstacle = (): Promise<string | undefined> =>
      gateway.explain({ model: "m" }).then(({ candidates }) => candidates[0]?.obstacle?.reason);
    assert.equal(await call(url), 200);
    assert.equal(calls(sick), 1);

    sick.status = 503;
    await until(() => sick.checks().length > 0);
    await until(async () => (await obstacle()) === "2 failures in a row", 30_000);
    assert.equal(await call(url), 200);
    assert.deepEqual([calls(sick), calls(well)], [1, 1]);
    // It rests as long as it is not well.
    const checked = sick.checks().length;
    await until(() => sick.checks().length > checked + 3);
    assert.equal(await obstacle(), "2 failures in a row");

    sick.status = 200;
    await until(async () => (await obstacle()) === undefined, 30_000);
    assert.equal(await call(url), 200);
    assert.equal(calls(sick), 2);
  },
);

deferTest("an upstream can be asked otherwise; a refusal says that it is there", async (defer) => {
  const service = await startService();
  defer(service.close);
  service.status = 401;
  const { gateway, close } = await startWatched({
    upstreams: [{ name: "up", provider: "generic", baseURL: service.url, key: "sk-a", prefix: "/up" }],
    plugins: [
      { "health-check": { interval: "100ms", requests: { up: { path: "/ping", body: { hi: 1 } } } } },
    ],
  });
  defer(close);
  const seen: object[] = [];
  gateway.context.hooks.hook(
    "upstream:check",
    ({ upstream, ...check }) => void seen.push({ upstream: upstream.name, ...check }),
  );
  await until(() => seen.length > 0);
  assert.deepEqual(seen[0], { upstream: "up", ok: true, reason: "it answers", next: 100 });
  const [{ method, url, headers, body }] = service.requests as [TestUpstream["requests"][0]];
  assert.deepEqual(
    [method, url, headers.authorization, JSON.parse(body.toString())],
    ["POST", "/ping", "Bearer sk-a", { hi: 1 }],
  );
});

deferTest("an upstream that is not there is not well, and a stop ends the checks", async (defer) => {
  const { gateway, close } = await startGateway({
    upstreams: [{ name: "up", provider: "openai", baseURL: closedAddress, key: "sk-a", models: ["m"] }],
    plugins: [{ "health-check": { interval: "100ms", upstreams: ["up"] } }],
  });
  const seen: boolean[] = [];
  const hook = gateway.context.hooks.hook("upstream:check", ({ ok }) => void seen.push(ok));
  defer(async () => hook());
  await until(() => seen.length >= 2);
  await close();
  assert.deepEqual(new Set(seen), new Set([false]));
});
