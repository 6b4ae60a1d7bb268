import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { chatAnswer, sendJson, startUpstream } from "../../_gateway.ts";
import { startWatched } from "../../_calls.ts";
import { deferTest } from "../../_defer.ts";
import type { TargetRest } from "../../../core/index.ts";
import type { TestUpstream } from "../../_gateway.ts";

interface Service extends TestUpstream {
  /** `ok`: answers; a status; `cut`: drops the connection. */
  mode: "ok" | "cut" | number;
}

async function startService(): Promise<Service> {
  const upstream = await startUpstream((_req, res) => {
    if (service.mode === "cut") res.destroy();
    else if (service.mode === "ok") sendJson(res, 200, chatAnswer());
    else sendJson(res, service.mode, { error: { message: "no", type: "server_error", code: "broken" } });
  });
  const service: Service = Object.assign(upstream, { mode: "ok" as const });
  return service;
}

async function call(url: string, model = "m"): Promise<number> {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
  await response.arrayBuffer();
  return response.status;
}

/** Makes calls, some at once. Gives the statuses that came, and how often. */
async function load(url: string, count: number, atOnce = 8): Promise<Record<number, number>> {
  const seen: Record<number, number> = {};
  let left = count;
  const client = async (): Promise<void> => {
    while (left-- > 0) {
      const status = await call(url);
      seen[status] = (seen[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, client));
  return seen;
}

deferTest(
  "one of three upstreams dies: no call fails, it gets next to nothing, and comes back by itself",
  async (defer) => {
    const services = await Promise.all([startService(), startService(), startService()]);
    for (const { close } of services) defer(close);
    const { url, gateway, messages, close } = await startWatched({
      upstreams: services.map((service, at) => ({
        name: `up${at + 1}`,
        provider: "openai",
        baseURL: service.url,
        key: `sk-key-of-upstream-${at}`,
        models: ["m"],
      })),
      plugins: [
        { breaker: { rest: { first: "200ms", max: "400ms" } } },
        { routing: { strategy: "round-robin" } },
      ],
    });
    defer(close);
    const rests: TargetRest[] = [];
    gateway.context.hooks.hook("target:rest", (rest) => void rests.push(rest));
    const [, dying] = services as [Service, Service, Service];

    assert.deepEqual(await load(url, 90), { 200: 90 });
    assert.equal(dying.requests.length, 30);

    dying.mode = "cut";
    const before = dying.requests.length;
    const began = performance.now();
    assert.deepEqual(await load(url, 300), { 200: 300 });
    // Five failures in a row, those that were under way with them, and one attempt after each rest.
    const asked = dying.requests.length - before;
    const rested = (performance.now() - began) / 200;
    assert.ok(asked >= 5 && asked <= 20 + rested, `${asked} of 300, ${rested} rests`);
    assert.ok(
      rests.length >= 1 && rests.every(({ gate, scope }) => gate === "breaker" && scope === "target"),
    );
    assert.match(
      messages.find(({ level }) => level === "warn")?.text ?? "",
      /^Upstream up2 #1 m rests for 1 s: 5 fail/,
    );

    dying.mode = "ok";
    const then = dying.requests.length;
    for (let i = 0; i < 1000 && dying.requests.length <= then + 20; i++) await load(url, 10);
    assert.ok(dying.requests.length > then + 20);
    assert.deepEqual(await load(url, 30), { 200: 30 });
  },
);

deferTest(
  "with all at rest a call goes to one all the same, or is refused where that is not wanted",
  async (defer) => {
    const service = await startService();
    defer(service.close);
    service.mode = 500;
    for (const lastResort of [true, false]) {
      const { url, close } = await startWatched({
        upstreams: [{ name: "up", provider: "openai", baseURL: service.url, key: "sk-k", models: ["m"] }],
        plugins: [
          { breaker: { consecutive: 1, rest: { first: "1h", max: "1h" } } },
          { routing: { lastResort } },
          { retry: { attempts: 1 } },
        ],
      });
      defer(close);
      assert.equal(await call(url), 500);
      const before = service.requests.length;
      assert.equal(await call(url), lastResort ? 500 : 503);
      assert.equal(service.requests.length - before, lastResort ? 1 : 0);
    }
  },
);

deferTest("a rest outlives a reload, and is seen by explain and by admins", async (defer) => {
  const [bad, good] = await Promise.all([startService(), startService()]);
  for (const { close } of [bad, good]) defer(close);
  bad.mode = 503;
  const config = {
    upstreams: [
      {
        name: "bad",
        provider: "openai",
        baseURL: bad.url,
        key: "sk-key-of-bad-00001234",
        models: ["m"],
        priority: 1,
      },
      { name: "good", provider: "openai", baseURL: good.url, key: "sk-key-of-good-0005678", models: ["m"] },
    ],
    keys: [{ key: "sk-admin", name: "ops", role: "admin" }, { key: "sk-user" }],
    plugins: [{ breaker: { consecutive: 2, rest: { first: "1h", max: "1h" } } }],
  };
  const { url, gateway, close } = await startWatched(config);
  defer(close);
  for (let i = 0; i < 3; i++) assert.equal(await call(url), 200);
  assert.equal(bad.requests.length, 2);

  await gateway.reload({
    ...config,
    plugins: [{ "request-log": false }, { auth: { anonymous: true } }, ...config.plugins],
  });
  assert.equal(await call(url), 200);
  assert.equal(bad.requests.length, 2);

  const { candidates } = await gateway.explain({ model: "m" });
  const [first, second] = candidates;
  assert.deepEqual(
    [first?.upstream, first?.order, first?.obstacle?.kind, first?.obstacle?.reason],
    ["bad", undefined, "rest", "2 failures in a row"],
  );
  assert.deepEqual(
    [second?.upstream, second?.order, second?.obstacle, second?.gates],
    ["good", 1, undefined, undefined],
  );

  const ask = (key: string, query = ""): Promise<Response> =>
    fetch(`${url}/admin/targets${query}`, { headers: { authorization: `Bearer ${key}` } });
  const answer = await ask("sk-admin");
  assert.equal(answer.status, 200);
  const { totals, targets } = (await answer.json()) as { totals: object; targets: Record<string, unknown>[] };
  assert.deepEqual(totals, { targets: 2, available: 1, rest: 1, limit: 0, busy: 0 });
  const { gates, ...resting } = targets[0] ?? {};
  assert.deepEqual(resting, {
    id: "bad #1 m",
    upstream: "bad",
    key: "#1 sk-…1234",
    model: "m",
    available: false,
  });
  const { until: end, ...breaker } = (gates as { breaker: Record<string, unknown> }).breaker;
  assert.deepEqual(breaker, { state: "open", obstacle: "rest", reason: "2 failures in a row" });
  assert.ok(Date.parse(String(end)) > Date.now());
  const only = (await (await ask("sk-admin", "?obstacle=any&upstream=b*")).json()) as { targets: unknown[] };
  assert.equal(only.targets.length, 1);
  for (const key of ["sk-user", "sk-nobody"]) {
    const refused = await ask(key);
    assert.deepEqual(
      [refused.status >= 401 && refused.status <= 403, (await refused.text()).includes("bad")],
      [true, false],
    );
  }
});

deferTest("a stream that begins shows that its upstream is back, however long it goes on", async (defer) => {
  const open: ServerResponse[] = [];
  let works = false;
  const service = await startUpstream((_req, res) => {
    if (!works) return sendJson(res, 503, { error: { message: "no" } });
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write('data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[]}\n\n');
    return void open.push(res);
  });
  defer(service.close);
  const { url, gateway, close } = await startWatched({
    upstreams: [{ name: "up", provider: "openai", baseURL: service.url, key: "sk-k", models: ["m"] }],
    plugins: [
      { breaker: { consecutive: 1, rest: { first: "50ms", max: "50ms" } } },
      { retry: { attempts: 1 } },
    ],
  });
  defer(close);
  assert.equal(await call(url), 503);
  const state = async (): Promise<unknown> =>
    (await gateway.explain({ model: "m" })).candidates[0]?.gates?.["breaker"]?.["state"];
  for (let i = 0; i < 100 && (await state()) === "open"; i++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(await state(), "half-open");
  works = true;
  const body = JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "hi" }] });
  const headers = { "content-type": "application/json" };
  const ask = (): Promise<Response> => fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
  const first = await ask();
  assert.equal(first.status, 200);
  assert.equal(await state(), undefined);
  const second = await ask();
  assert.equal(second.status, 200);
  assert.equal(open.length, 2);
  for (const res of open) res.end("data: [DONE]\n\n");
  await Promise.all([first.text(), second.text()]);
});

deferTest(
  "one upstream can be told to rest a model over all keys, for a fixed time, after any failure",
  async (defer) => {
    const [strict, other] = await Promise.all([startService(), startService()]);
    for (const { close } of [strict, other]) defer(close);
    const upstream = (name: string, { url: baseURL }: Service, more: object): object => ({
      name,
      provider: "openai",
      baseURL,
      models: ["m", "n"],
      ...more,
    });
    const rest = { first: "5m", max: "5m" };
    const { url, gateway, close } = await startWatched({
      upstreams: [
        upstream("strict-1", strict, { keys: ["sk-a", "sk-b"], priority: 1 }),
        upstream("other", other, { key: "sk-c" }),
      ],
      plugins: [
        {
          breaker: {
            upstreams: { "strict-*": { consecutive: 1, rest, scope: "upstream-model", statuses: ["4xx"] } },
          },
        },
        { cooldown: false },
        { retry: { statuses: [404, 500] } },
      ],
    });
    defer(close);
    const rests: object[] = [];
    gateway.context.hooks.hook("target:rest", ({ scope, reason, until, target }) => {
      const seconds = Math.round((until - gateway.context.clock.now()) / 1000);
      rests.push({ scope, reason, seconds, id: target.id });
    });
    const asked = async (model: string): Promise<[number, number]> => {
      const before = [strict.requests.length, other.requests.length] as const;
      await call(url, model);
      return [strict.requests.length - before[0], other.requests.length - before[1]];
    };
    strict.mode = 500;
    await call(url);
    strict.mode = 404;
    await call(url);
    assert.deepEqual(rests, [
      { scope: "upstream-model", reason: "it failed", seconds: 300, id: "strict-1 #2 m" },
    ]);
    assert.deepEqual(await asked("m"), [0, 1]);
    strict.mode = "ok";
    assert.deepEqual(await asked("n"), [1, 0]);
  },
);
