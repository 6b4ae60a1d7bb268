import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { request } from "undici";
import { startWatched } from "../../_calls.ts";
import { deferTest } from "../../_defer.ts";
import { chatAnswer, sendJson, startUpstream, until } from "../../_gateway.ts";
import type { WatchedGateway } from "../../_calls.ts";
import type { Defer } from "../../_defer.ts";
import type { TestUpstream } from "../../_gateway.ts";

interface SetUp {
  routing: object;
  strategies?: object;
  upstreams: object[];
  answer?: (res: ServerResponse, index: number) => void;
}

/** A gateway before some upstreams, `A`, `B`, `C`, … */
async function setUp(
  defer: Defer,
  { routing, strategies = {}, upstreams, answer }: SetUp,
): Promise<{ gateway: WatchedGateway; servers: TestUpstream[] }> {
  const servers: TestUpstream[] = [];
  for (const index of upstreams.keys()) {
    const server = await startUpstream((_req, res) =>
      answer ? answer(res, index) : sendJson(res, 200, chatAnswer()),
    );
    defer(server.close);
    servers.push(server);
  }
  const gateway = await startWatched({
    upstreams: upstreams.map((one, index) => ({
      name: "ABCDEFGHIJ"[index],
      provider: "openai",
      baseURL: `${servers[index]!.url}/v1`,
      models: ["gpt-4o"],
      ...one,
    })),
    // Nothing rests: what is tried is the strategy's choice alone.
    plugins: [
      { strategies },
      { breaker: false },
      { cooldown: false },
      { routing },
      { retry: { backoff: { base: 1 } } },
    ],
  });
  defer(gateway.close);
  return { gateway, servers };
}

async function ask(gateway: WatchedGateway, messages: object[], parts: object = {}): Promise<number> {
  const response = await request(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o", messages, ...parts }),
  });
  await response.body.text();
  return response.statusCode;
}

const user = (content: string): object => ({ role: "user", content });
const assistant = (content: string): object => ({ role: "assistant", content });

/** Who answered the calls, in their order. */
function answeredBy({ calls }: WatchedGateway): string {
  return calls.map(({ attempts }) => attempts.at(-1)?.target.upstream.name ?? "-").join("");
}

for (const [strategy, weights, calls, expected] of [
  ["weighted", [5, 3, 2], 20, "ABCAABACBAABCAABACBA"],
  ["weighted-runs", [1, 2], 9, "ABBABBABB"],
  ["round-robin", [5, 1, 1], 6, "ABCABC"],
  ["order", [1, 9], 3, "AAA"],
] as const) {
  deferTest(`${strategy} over ${weights.join(":")} calls ${expected}`, async (defer) => {
    const upstreams = weights.map((weight) => ({ weight }));
    const { gateway } = await setUp(defer, { routing: { strategy }, upstreams });
    for (let count = 0; count < calls; count++) assert.equal(await ask(gateway, [user("Hi")]), 200);
    assert.equal(answeredBy(gateway), expected);
  });
}

deferTest("an upstream's keys take turns by its keyStrategy, over all models", async (defer) => {
  const keys = [
    { key: "sk-1", weight: 3 },
    { key: "sk-2", weight: 1 },
  ];
  const { gateway, servers } = await setUp(defer, {
    routing: {},
    upstreams: [{ keys, keyStrategy: "weighted", models: ["gpt-4o", "gpt-5"] }],
  });
  for (const model of ["gpt-4o", "gpt-5", "gpt-5", "gpt-4o", "gpt-5", "gpt-4o", "gpt-4o", "gpt-4o"]) {
    await ask(gateway, [user("Hi")], { model });
  }
  const used = servers[0]!.requests.map(({ headers }) => headers.authorization?.slice(-1));
  assert.equal(used.join(""), "11211121");
});

deferTest(
  "affinity: the turns of a conversation go to one upstream and key; others elsewhere",
  async (defer) => {
    const upstreams = [1, 2, 3].map((place) => ({ keys: [`sk-${place}a`, `sk-${place}b`, `sk-${place}c`] }));
    const { gateway } = await setUp(defer, {
      routing: { strategy: "affinity" },
      upstreams,
    });
    const used: string[][] = [];
    for (let conversation = 0; conversation < 60; conversation++) {
      const messages = [{ role: "system", content: "Be brief." }, user(`Question ${conversation}`)];
      for (let turn = 0; turn < 3; turn++) {
        assert.equal(await ask(gateway, messages), 200);
        messages.push(assistant("So it is."), user(`And ${turn}?`));
      }
      used.push(gateway.calls.splice(0).map(({ target }) => target?.id ?? "-"));
    }
    for (const turns of used) assert.deepEqual(turns, [turns[0], turns[0], turns[0]]);
    assert.equal(new Set(used.flat()).size, 9);
  },
);

deferTest(
  "affinity: where an upstream is down, its conversations go to others and the rest stay",
  async (defer) => {
    const down = new Set<number>();
    const { gateway } = await setUp(defer, {
      routing: { strategy: "affinity" },
      upstreams: [{}, {}, {}, {}],
      answer: (res, index) => sendJson(res, down.has(index) ? 503 : 200, chatAnswer()),
    });
    const round = async (): Promise<string> => {
      for (let session = 0; session < 40; session++) {
        assert.equal(await ask(gateway, [user("Hi")], { prompt_cache_key: `session ${session}` }), 200);
      }
      const served = answeredBy(gateway);
      gateway.calls.length = 0;
      return served;
    };
    const before = await round();
    down.add(1);
    const during = await round();
    assert.equal(await round(), during);
    assert.ok(!during.includes("B"));
    assert.equal(new Set([...during].filter((_name, session) => before[session] === "B")).size, 3);
    const stayed = [...during].every((name, session) => before[session] === "B" || name === before[session]);
    assert.ok(stayed, `${before} ${during}`);
    down.clear();
    assert.equal(await round(), before);
  },
);

deferTest("least-busy: calls go where the fewest are in flight", async (defer) => {
  const held: ServerResponse[] = [];
  const { gateway, servers } = await setUp(defer, {
    routing: { strategy: "least-busy" },
    upstreams: [{ weight: 2 }, {}],
    answer: (res, index) => void (index === 0 ? held.push(res) : sendJson(res, 200, chatAnswer())),
  });
  // The first stays with A; while it does, B has the better part.
  const first = ask(gateway, [user("Hi")]);
  await until(() => held.length === 1);
  for (let count = 0; count < 5; count++) assert.equal(await ask(gateway, [user("Hi")]), 200);
  assert.deepEqual(
    servers.map(({ requests }) => requests.length),
    [1, 5],
  );
  sendJson(held[0]!, 200, chatAnswer());
  assert.equal(await first, 200);
  const report = gateway.gateway.context.gates.map(({ name, describe }) => [
    name,
    gateway.calls[0]?.target && describe?.(gateway.calls[0].target, 0),
  ]);
  assert.deepEqual(
    report.filter(([name]) => name === "least-busy"),
    [["least-busy", { attempts: 0 }]],
  );
});

deferTest("lowest-latency: calls leave an upstream that fails at once", async (defer) => {
  const { gateway } = await setUp(defer, {
    routing: { strategy: "lowest-latency" },
    strategies: { "lowest-latency": { explore: 0 } },
    upstreams: [{}, {}],
    answer: (res, index) => sendJson(res, index === 0 ? 500 : 200, chatAnswer()),
  });
  for (let count = 0; count < 20; count++) assert.equal(await ask(gateway, [user("Hi")]), 200);
  const tried = gateway.calls.flatMap(({ attempts }) => attempts.map(({ target }) => target.upstream.name));
  assert.deepEqual([tried.filter((name) => name === "A").length, tried.length], [1, 21]);
});

deferTest("a strategy's gate watches only where it is used", async (defer) => {
  const { gateway } = await setUp(defer, { routing: {}, upstreams: [{}, {}] });
  await ask(gateway, [user("Hi")]);
  const own = new Set(["least-busy", "lowest-latency", "error-rate"]);
  assert.deepEqual(
    gateway.gateway.context.gates.filter(({ name }) => own.has(name)),
    [],
  );
});
