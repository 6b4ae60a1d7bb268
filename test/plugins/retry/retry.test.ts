import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { startWatched, summary } from "../../_calls.ts";
import { deferTest } from "../../_defer.ts";
import { chatAnswer, sendJson } from "../../_gateway.ts";
import { ask, codeOf, gatewayBefore, refuse, upstream } from "./_retry.ts";

const quick = { backoff: { base: 5 } };

deferTest("a chain of models: each has its attempts, and the client is told who answered", async (defer) => {
  const broken = await upstream(defer, 500);
  const also = await upstream(defer, 503);
  const healthy = await upstream(defer, "answers");
  const keys = ["sk-1", "sk-2", "sk-3", "sk-4", "sk-5"];
  const gateway = await gatewayBefore(
    defer,
    [
      { upstream: broken, keys },
      { upstream: also, models: ["gpt-4o-mini"] },
      { upstream: healthy, models: ["gpt-3.5"] },
    ],
    { routing: { fallbacks: { "gpt-4o": ["gpt-4o-mini", "gpt-3.5"] } }, retry: quick },
  );
  const { status, headers, body } = await ask(gateway);
  assert.deepEqual([status, headers.get("x-sluice-model")], [200, "gpt-3.5"]);
  assert.equal((body as { model: string }).model, "gpt-4o");
  assert.deepEqual([broken.requests.length, also.requests.length, healthy.requests.length], [3, 1, 1]);
  const { call } = await gateway.ended(1);
  assert.equal(call.model, "gpt-3.5");

  const direct = await ask(gateway, { model: "gpt-3.5" });
  assert.deepEqual([direct.status, direct.headers.get("x-sluice-model")], [200, null]);
});

deferTest("one attempt a model is enough for a chain", async (defer) => {
  const broken = await upstream(defer, 500);
  const healthy = await upstream(defer, "answers");
  const gateway = await gatewayBefore(
    defer,
    [
      { upstream: broken, keys: ["sk-1", "sk-2"] },
      { upstream: healthy, models: ["other"] },
    ],
    { routing: { fallbacks: { "gpt-*": ["other"] } }, retry: { attempts: 1 } },
  );
  assert.equal((await ask(gateway)).status, 200);
  assert.deepEqual([broken.requests.length, healthy.requests.length], [1, 1]);
});

deferTest(
  "when the whole chain failed, the client gets the last answer under its own model",
  async (defer) => {
    const first = await upstream(defer, 500);
    const second = await upstream(defer, (_req, res) => refuse(res, 503, "overloaded"));
    const gateway = await gatewayBefore(
      defer,
      [{ upstream: first }, { upstream: second, models: ["other"] }],
      { routing: { fallbacks: { "gpt-4o": ["other"] } }, retry: { ...quick, attempts: 2 } },
    );
    const answered = await ask(gateway);
    assert.deepEqual([answered.status, codeOf(answered)], [503, "overloaded"]);
  },
);

deferTest("too long for its model: the next model with a larger context, no other target", async (defer) => {
  const small = await upstream(defer, (_req, res) =>
    refuse(res, 400, "context_length_exceeded", "This model's maximum context length is 8192 tokens."),
  );
  const sister = await upstream(defer, "answers");
  const large = await upstream(defer, "answers");
  const gateway = await gatewayBefore(
    defer,
    [{ upstream: small }, { upstream: sister }, { upstream: large, models: ["gpt-large"] }],
    { routing: { contextFallbacks: { "gpt-4o": ["gpt-large"] } }, retry: quick },
  );
  const { status, headers } = await ask(gateway);
  assert.deepEqual([status, headers.get("x-sluice-model")], [200, "gpt-large"]);
  assert.deepEqual([sister.requests.length, large.requests.length], [0, 1]);
});

deferTest("a packed refusal says it as well", async (defer) => {
  const small = await upstream(defer, (_req, res) => {
    const body = gzipSync(JSON.stringify({ error: { message: "", code: "context_length_exceeded" } }));
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    res.writeHead(400, { ...headers, "content-length": body.length }).end(body);
  });
  const large = await upstream(defer, "answers");
  const served = [{ upstream: small }, { upstream: large, models: ["gpt-large"] }];
  const routing = { contextFallbacks: { "gpt-4o": ["gpt-large"] } };
  const gateway = await gatewayBefore(defer, served, { routing });
  assert.equal((await ask(gateway)).status, 200);
  const answered = await ask(await gatewayBefore(defer, [{ upstream: small }]));
  assert.deepEqual([answered.status, codeOf(answered)], [400, "context_length_exceeded"]);
});

deferTest("too long, and no model with a larger context: the client gets the 400", async (defer) => {
  const small = await upstream(defer, (_req, res) =>
    refuse(res, 400, "", "prompt is too long: 9000 tokens > 8192 maximum"),
  );
  const sister = await upstream(defer, "answers");
  const gateway = await gatewayBefore(defer, [{ upstream: small }, { upstream: sister }], { retry: quick });
  assert.equal((await ask(gateway)).status, 400);
  assert.equal(sister.requests.length, 0);
});

deferTest("an upstream of another protocol says it in its own words", async (defer) => {
  const message = "prompt is too long: 210000 tokens > 200000 maximum";
  const small = await upstream(defer, (_req, res) =>
    sendJson(res, 400, { type: "error", error: { type: "invalid_request_error", message } }),
  );
  const large = await upstream(defer, "answers");
  const gateway = await startWatched({
    upstreams: [
      { provider: "anthropic", baseURL: small.url, key: "sk-a", models: ["claude"] },
      { provider: "openai", baseURL: `${large.url}/v1`, key: "sk-o", models: ["gpt-large"] },
    ],
    plugins: [{ routing: { contextFallbacks: { claude: ["gpt-large"] } } }],
  });
  defer(gateway.close);
  const { status, headers } = await ask(gateway, { model: "claude" });
  assert.deepEqual([status, headers.get("x-sluice-model")], [200, "gpt-large"]);
});

deferTest("turned away at a gate: the next target, and no attempt is counted", async (defer) => {
  const closed = await upstream(defer, "answers");
  const broken = await upstream(defer, 500);
  const healthy = await upstream(defer, "answers");
  const served = [closed, broken, healthy].map((one) => ({ upstream: one }));
  const gateway = await gatewayBefore(defer, served, { retry: { attempts: 2 } });
  gateway.gateway.context.watch({
    name: "closed",
    enter: ({ target }) => (target.upstream.name === "up1" ? { kind: "rest", reason: "closed" } : undefined),
  });
  assert.equal((await ask(gateway)).status, 200);
  const { call } = await gateway.ended(1);
  assert.deepEqual(
    call.attempts.map(({ target, status }) => [target.upstream.name, status]),
    [
      ["up2", 500],
      ["up3", 200],
    ],
  );
});

deferTest(
  "a target that a gate keeps calls from meanwhile is left alone: the answer goes to the client",
  async (defer) => {
    const broken = await upstream(defer, 500);
    const gateway = await gatewayBefore(defer, [{ upstream: broken }], { retry: quick });
    let resting = false;
    gateway.gateway.context.watch({
      name: "breaker",
      check: (_target, now) =>
        resting ? { kind: "rest", reason: "it failed", until: now + 60_000 } : undefined,
      leave: () => void (resting = true),
    });
    assert.equal((await ask(gateway)).status, 500);
    assert.equal(broken.requests.length, 1);
  },
);

deferTest("all turned away: one refusal", async (defer) => {
  const never = await upstream(defer, "answers");
  const gateway = await gatewayBefore(defer, [{ upstream: never }, { upstream: never }], { retry: quick });
  gateway.gateway.context.watch({ name: "full", enter: () => ({ kind: "limit", reason: "full" }) });
  const answered = await ask(gateway);
  assert.deepEqual([answered.status, codeOf(answered), never.requests.length], [429, "upstream_limit", 0]);
});

deferTest("codes decide beside statuses", async (defer) => {
  const spent = await upstream(defer, (_req, res) => refuse(res, 429, "insufficient_quota"));
  const alone = await gatewayBefore(defer, [{ upstream: spent }], { retry: quick });
  assert.equal((await ask(alone)).status, 429);
  assert.equal(spent.requests.length, 1);

  const filtered = await upstream(defer, (_req, res) => refuse(res, 403, "content_filter"));
  const healthy = await upstream(defer, "answers");
  const gateway = await gatewayBefore(defer, [{ upstream: filtered }, { upstream: healthy }]);
  assert.equal((await ask(gateway)).status, 403);
  assert.equal(healthy.requests.length, 0);
});

deferTest("the deadline holds for all attempts together", async (defer) => {
  const hanging = await upstream(defer, "hangs");
  const gateway = await gatewayBefore(defer, [{ upstream: hanging }], { retry: { deadline: "100ms" } });
  const answered = await ask(gateway);
  assert.deepEqual([answered.status, codeOf(answered)], [504, "deadline_exceeded"]);
  const end = await gateway.ended(1);
  assert.deepEqual(summary(end), { status: 504, result: "complete", attempts: ["deadline_exceeded"] });
  assert.equal(end.call.attempts[0]?.end, "failed");
});

deferTest("a wait beyond the deadline is none: the client gets the answer at once", async (defer) => {
  const busy = await upstream(defer, (_req, res) => sendJson(res, 429, {}, { "retry-after": "9" }));
  const gateway = await gatewayBefore(defer, [{ upstream: busy }], { retry: { deadline: "8s" } });
  assert.equal((await ask(gateway)).status, 429);
  assert.equal(busy.requests.length, 1);
  const { outcome } = await gateway.ended(1);
  assert.equal(outcome.error, undefined);
});

deferTest("when everything is down, retries come to an end, and the log says why", async (defer) => {
  const down = [await upstream(defer, 500), await upstream(defer, 500)];
  const gateway = await gatewayBefore(
    defer,
    down.map((one) => ({ upstream: one })),
    { retry: { ...quick, attempts: 2, budget: { ratio: 0.1, minimum: 1 } } },
  );
  const calls = 100;
  for (let i = 0; i < calls; i++) assert.equal((await ask(gateway)).status, 500);
  const asked = down.reduce((sum, { requests }) => sum + requests.length, 0);
  // A tenth of the calls, and one a second over ten of them; all of this may take more than ten seconds elsewhere.
  assert.ok(asked >= calls + 10 && asked <= calls + 60, String(asked));
  await gateway.ended(calls);
  const stopped = gateway.calls.filter(({ attempts }) => attempts.length === 1);
  assert.ok(stopped.length >= calls - 60, String(stopped.length));
  for (const { notes } of stopped) assert.deepEqual(notes.get("retry"), { stopped: "budget" });
});

deferTest("one of three upstreams dead: no call fails, whatever the budget", async (defer) => {
  const dead = await upstream(defer, (_req, res) => void res.destroy());
  const healthy = [await upstream(defer, "answers"), await upstream(defer, "answers")];
  const gateway = await gatewayBefore(
    defer,
    [dead, ...healthy].map((one) => ({ upstream: one, priority: 0 })),
    { retry: { budget: { ratio: 0.2, minimum: 0.1 } }, breaker: {}, cooldown: {} },
  );
  const answers = await Promise.all(Array.from({ length: 300 }, () => ask(gateway)));
  assert.deepEqual(answers.filter(({ status }) => status !== 200).length, 0);
  assert.deepEqual(answers[0]?.body, chatAnswer());
});
