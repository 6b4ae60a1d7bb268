import assert from "node:assert/strict";
import { chatAnswer, sendJson, startGateway, startUpstream, until } from "../../_gateway.ts";
import { startWatched } from "../../_calls.ts";
import { deferTest } from "../../_defer.ts";
import { redisTest } from "../../_redis.ts";
import type { TargetRest } from "../../../core/index.ts";
import type { TestUpstream } from "../../_gateway.ts";

interface Answer {
  status: number;
  headers?: Record<string, string>;
  code?: string;
}

interface Service extends TestUpstream {
  /** By the key that it is called with. */
  answers: Record<string, Answer>;
  /** The keys that it was called with. */
  keys(): string[];
}

async function startService(answers: Record<string, Answer> = {}): Promise<Service> {
  const keyOf = (header = ""): string => header.replace("Bearer sk-", "");
  const upstream = await startUpstream((req, res) => {
    const { status, headers, code } = service.answers[keyOf(req.headers.authorization)] ?? { status: 200 };
    const body =
      status < 400 ? chatAnswer() : { error: { message: "no", type: "error", code: code ?? "no" } };
    sendJson(res, status, body, headers);
  });
  const keys = (): string[] => upstream.requests.map(({ headers }) => keyOf(headers.authorization));
  const service: Service = Object.assign(upstream, { answers, keys });
  return service;
}

async function call(url: string, model = "m", path = "/v1/chat/completions"): Promise<Response> {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] });
  const headers = { "content-type": "application/json" };
  const response = await fetch(url + path, { method: "POST", headers, body });
  return new Response(await response.arrayBuffer(), { status: response.status, headers: response.headers });
}

const upstream = (service: Service, more: object = {}): object => ({
  name: "up",
  provider: "openai",
  baseURL: service.url,
  keys: ["sk-a", "sk-b"],
  models: ["m", "n"],
  ...more,
});

deferTest("a key that is refused rests over all models, and is reported once", async (defer) => {
  const service = await startService({ a: { status: 401 } });
  defer(service.close);
  const { url, gateway, messages, close } = await startWatched({ upstreams: [upstream(service)] });
  defer(close);
  const rests: Pick<TargetRest, "gate" | "scope" | "reason">[] = [];
  gateway.context.hooks.hook(
    "target:rest",
    ({ gate, scope, reason }) => void rests.push({ gate, scope, reason }),
  );
  const together = await Promise.all(Array.from({ length: 6 }, () => call(url)));
  assert.deepEqual(new Set(together.map(({ status }) => status)), new Set([200]));
  const refused = service.keys().filter((key) => key === "a").length;
  for (const model of ["m", "n", "m", "n"]) assert.equal((await call(url, model)).status, 200);
  assert.equal(service.keys().filter((key) => key === "a").length, refused);
  assert.deepEqual(rests, [{ gate: "cooldown", scope: "key", reason: "its key was refused with 401" }]);
  const told = messages.filter(({ text }) => text.includes("rests"));
  assert.deepEqual(
    // A duration may be rounded up, and that to the next second.
    told.map(({ level, text }) => ({ level, text: text.replace("601 s", "600 s") })),
    [{ level: "warn", text: "Key 1 of upstream up rests for 600 s: its key was refused with 401." }],
  );
});

deferTest("a rest grows while the key is refused again, and a success ends that", async (defer) => {
  const service = await startService({ a: { status: 401 } });
  defer(service.close);
  const { url, gateway, close } = await startWatched({
    upstreams: [upstream(service, { keys: ["sk-a"] })],
    plugins: [
      { cooldown: { unauthorized: "200ms", max: "500ms" } },
      { breaker: false },
      { retry: { attempts: 1 } },
    ],
  });
  defer(close);
  const lengths: number[] = [];
  gateway.context.hooks.hook("target:rest", ({ until: end }) => {
    lengths.push(end - gateway.context.clock.now());
  });
  for (let i = 0; i < 3; i++) {
    // A client sees what the service says, also while the only key rests.
    assert.equal((await call(url)).status, 401);
    await until(() => !rests());
  }
  assert.ok(
    lengths.length === 3 &&
      // A duration may be rounded up.
      lengths[0]! <= 202 &&
      lengths[1]! > 202 &&
      lengths[2]! > 400 &&
      lengths[2]! <= 502,
    String(lengths),
  );
  service.answers = {};
  assert.equal((await call(url)).status, 200);
  assert.deepEqual([...gateway.context.state.board.entries("cooldown")], []);

  function rests(): boolean {
    const [, text = "{}"] = [...gateway.context.state.board.entries("cooldown")][0] ?? [];
    return ((JSON.parse(text) as { until?: number }).until ?? 0) > Date.now();
  }
});

deferTest(
  "a key rests for a model as long as a 429 asks; with all at their limits, the client is told",
  async (defer) => {
    const limited = { status: 429, headers: { "retry-after": "40" } };
    const service = await startService({ a: limited });
    defer(service.close);
    const { url, close } = await startWatched({
      upstreams: [upstream(service)],
      plugins: [{ retry: { attempts: 2 } }],
    });
    defer(close);
    for (let i = 0; i < 4; i++) assert.equal((await call(url)).status, 200);
    assert.deepEqual(
      service.keys().filter((key) => key === "a"),
      ["a"],
    );
    // The other model has its own limits.
    for (let i = 0; i < 2; i++) assert.equal((await call(url, "n")).status, 200);
    assert.deepEqual(
      service.keys().filter((key) => key === "a"),
      ["a", "a"],
    );

    service.answers["b"] = limited;
    assert.equal((await call(url)).status, 429);
    const before = service.requests.length;
    const refused = await call(url);
    assert.deepEqual([refused.status, service.requests.length], [429, before]);
    const wait = Number(refused.headers.get("retry-after"));
    assert.ok(wait > 30 && wait <= 40, String(wait));
    assert.match(await refused.text(), /upstream_limit/);
  },
);

deferTest("headers that say that nothing is left rest a key before it is refused", async (defer) => {
  const headers = { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m0s" };
  const service = await startService({ a: { status: 200, headers } });
  defer(service.close);
  const { url, close } = await startWatched({ upstreams: [upstream(service)] });
  defer(close);
  for (let i = 0; i < 5; i++) assert.equal((await call(url)).status, 200);
  assert.deepEqual(service.keys(), ["a", "b", "b", "b", "b"]);
});

deferTest("what a service says to a caller's own key does not rest ours", async (defer) => {
  const service = await startService({ own: { status: 401 } });
  defer(service.close);
  const { url, gateway, close } = await startGateway({
    upstreams: [upstream(service, { prefix: "/up", keys: ["sk-a"] })],
    plugins: [{ auth: { anonymous: true, passUnknownKeys: true } }],
  });
  defer(close);
  const answer = await fetch(`${url}/up/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer sk-own" },
    body: JSON.stringify({ model: "m", messages: [] }),
  });
  assert.equal(answer.status, 401);
  await answer.arrayBuffer();
  assert.deepEqual([...gateway.context.state.board.entries("cooldown")], []);
});

redisTest(
  "processes that share a Redis keep away from what one of them was told of",
  async ({ url: redis }, defer) => {
    const service = await startService({
      a: { status: 429, headers: { "retry-after": "40" } },
      b: { status: 403 },
    });
    defer(service.close);
    const config = {
      // On a machine that is overloaded Redis may be slow without being away.
      state: { driver: "redis", url: redis, commandTimeout: "5s" },
      upstreams: [upstream(service, { keys: ["sk-a", "sk-b", "sk-c"] })],
    };
    const [one, other] = await Promise.all([startWatched(config), startWatched(config)]);
    defer(one.close);
    defer(other.close);
    for (let i = 0; i < 3; i++) assert.equal((await call(one.url)).status, 200);
    const seen = service.keys();
    assert.deepEqual([...new Set(seen)].toSorted(), ["a", "b", "c"]);
    await until(() => [...other.gateway.context.state.board.entries("cooldown")].length === 2);
    const before = service.requests.length;
    for (let i = 0; i < 6; i++) assert.equal((await call(other.url)).status, 200);
    assert.deepEqual(service.keys().slice(before), Array<string>(6).fill("c"));

    // One that starts later knows it from its first call on, and so does who only looks.
    const late = await startWatched(config);
    defer(late.close);
    const { candidates } = await late.gateway.explain({ model: "m" });
    const kinds = candidates.map(({ obstacle }) => obstacle?.kind ?? "none");
    assert.deepEqual(kinds.toSorted(), ["limit", "none", "rest"]);
  },
);
