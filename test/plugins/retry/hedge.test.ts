import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { systemClock } from "../../../core/clock.ts";
import { Hedging } from "../../../plugins/retry/hedging.ts";
import { deferTest } from "../../_defer.ts";
import { chatAnswer, sendJson, until } from "../../_gateway.ts";
import { ask, gatewayBefore, refuse, upstream } from "./_retry.ts";
import type { Call, Gate } from "../../../core/index.ts";

const hedge = { after: "20ms", ratio: 1 };

/** Notes how attempts end, by upstream. */
function watcher(): { gate: Gate; ends: [string, string | undefined][] } {
  const ends: [string, string | undefined][] = [];
  const gate: Gate = {
    name: "watcher",
    enter: () => undefined,
    leave: ({ target, end }) => void ends.push([target.upstream.name, end]),
  };
  return { gate, ends };
}

deferTest("the first byte does not come: a second target answers, the first is given up", async (defer) => {
  let cut = false;
  const slow = await upstream(defer, (_req, res) => void res.on("close", () => (cut = true)));
  const fast = await upstream(defer, (_req, res) => sendJson(res, 200, chatAnswer("fast")));
  const gateway = await gatewayBefore(defer, [{ upstream: slow }, { upstream: fast }], { retry: { hedge } });
  const { gate, ends } = watcher();
  gateway.gateway.context.watch(gate);
  const { status, body } = await ask(gateway);
  assert.deepEqual([status, body], [200, chatAnswer("fast")]);
  await until(() => cut);
  const { call } = await gateway.ended(1);
  assert.equal(call.target?.upstream.name, "up2");
  assert.deepEqual(
    call.attempts.map(({ target, error, status: one }) => [target.upstream.name, error ?? one]),
    [
      ["up1", "outrun"],
      ["up2", 200],
    ],
  );
  await until(() => ends.length === 2);
  assert.deepEqual(ends.toSorted(), [
    ["up1", "cancelled"],
    ["up2", "complete"],
  ]);
  assert.deepEqual(call.notes.get("retry"), { hedged: 1 });
});

deferTest("the first wins after all: the second is given up, and the answer is whole", async (defer) => {
  const second = await upstream(defer, "hangs");
  const first = await upstream(defer, (_req, res) => {
    void until(() => second.requests.length === 1).then(() => sendJson(res, 200, chatAnswer("first")));
  });
  const gateway = await gatewayBefore(defer, [{ upstream: first }, { upstream: second }], {
    retry: { hedge },
  });
  const { status, body } = await ask(gateway);
  assert.deepEqual([status, body], [200, chatAnswer("first")]);
  const { call, outcome } = await gateway.ended(1);
  assert.equal(call.target?.upstream.name, "up1");
  assert.deepEqual([outcome.usage?.inputTokens, outcome.usage?.outputTokens], [10, 12]);
});

deferTest("a stream: what the client gets, and what is read of it, is the winner's alone", async (defer) => {
  const begin = (res: ServerResponse, text: string): void => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    const chunk = { id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-4o" };
    const usage = { prompt_tokens: 3, completion_tokens: text.length, total_tokens: 3 + text.length };
    const choices = [{ index: 0, delta: { content: text }, finish_reason: "stop" }];
    res.end(
      `data: ${JSON.stringify({ ...chunk, choices })}\n\ndata: ${JSON.stringify({ ...chunk, choices: [], usage })}\n\ndata: [DONE]\n\n`,
    );
  };
  const hanging = await upstream(defer, "hangs");
  const fast = await upstream(defer, (_req, res) => begin(res, "quick"));
  const gateway = await gatewayBefore(defer, [{ upstream: hanging }, { upstream: fast }], {
    retry: { hedge },
  });
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", stream: true, messages: [{ role: "user", content: "Hi" }] }),
  });
  const text = await answer.text();
  assert.equal(text.match(/"content":"quick"/g)?.length, 1);
  const { outcome } = await gateway.ended(1);
  assert.deepEqual([outcome.result, outcome.usage?.outputTokens], ["complete", 5]);
});

deferTest("one fails while the other goes on: nobody waits a second time", async (defer) => {
  const second = await upstream(defer, 500);
  const first = await upstream(defer, (_req, res) => {
    void until(() => second.requests.length === 1).then(() => sendJson(res, 200, chatAnswer("first")));
  });
  const gateway = await gatewayBefore(defer, [{ upstream: first }, { upstream: second }], {
    retry: { hedge },
  });
  const { body } = await ask(gateway);
  assert.deepEqual(body, chatAnswer("first"));
  assert.deepEqual([first.requests.length, second.requests.length], [1, 1]);
});

deferTest("both fail: retries go on with a third", async (defer) => {
  const broken = await upstream(defer, 500);
  const slowlyBroken = await upstream(defer, (_req, res) => {
    void until(() => broken.requests.length === 1).then(() => refuse(res, 503, "overloaded"));
  });
  const healthy = await upstream(defer, "answers");
  const served = [slowlyBroken, broken, healthy].map((one) => ({ upstream: one }));
  const gateway = await gatewayBefore(defer, served, { retry: { hedge } });
  assert.equal((await ask(gateway)).status, 200);
  const { call } = await gateway.ended(1);
  assert.equal(call.attempts.length, 3);
});

deferTest("the client leaves: all are given up, and none is to blame", async (defer) => {
  let cut = 0;
  const hang = (_req: unknown, res: ServerResponse): void => void res.on("close", () => cut++);
  const [first, second] = [await upstream(defer, hang), await upstream(defer, hang)];
  const gateway = await gatewayBefore(defer, [{ upstream: first }, { upstream: second }], {
    retry: { hedge },
  });
  const { gate, ends } = watcher();
  gateway.gateway.context.watch(gate);
  const leaving = new AbortController();
  const asking = fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", messages: [] }),
    signal: leaving.signal,
  }).catch(() => undefined);
  await until(() => second.requests.length === 1);
  leaving.abort();
  await asking;
  await until(() => cut === 2 && ends.length === 2);
  assert.deepEqual(
    ends.map(([, end]) => end),
    ["client-gone", "client-gone"],
  );
});

deferTest("never more than its share of the calls", async (defer) => {
  const slow = await upstream(defer, (_req, res) => {
    setTimeout(() => sendJson(res, 200, chatAnswer("slow")), 60);
  });
  const fast = await upstream(defer, "answers");
  const gateway = await gatewayBefore(defer, [{ upstream: slow }, { upstream: fast }], {
    retry: { hedge: { after: "5ms", ratio: 0.25 } },
  });
  for (let i = 0; i < 8; i++) assert.equal((await ask(gateway)).status, 200);
  const asked = gateway.calls.flatMap(({ attempts }) => attempts.map(({ target }) => target.upstream.name));
  // The first, and then one of four. What the slow one outran on its way may not have come.
  assert.equal(asked.filter((name) => name === "up2").length, 3);
  assert.ok(fast.requests.length <= 3, String(fast.requests.length));
  const noted = gateway.calls.map(({ notes }) => notes.get("retry")).filter(Boolean);
  assert.deepEqual(noted, [{ hedged: 1 }, { hedged: 1 }, { hedged: 1 }]);
});

test("p95: not before it is known, then of the same kind of call only", () => {
  const hedging = new Hedging({ after: "p95", max: 1, ratio: 0.05 }, systemClock);
  const call = { model: "a", operation: "chat", stream: false } as Call;
  for (let i = 1; i <= 19; i++) hedging.note(call, { duration: i });
  assert.equal(hedging.delay(call), undefined);
  hedging.note(call, { duration: 20 });
  assert.equal(hedging.delay(call), 19);
  assert.equal(hedging.delay({ ...call, stream: true }), undefined);
});
