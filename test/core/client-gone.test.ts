import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { startWatched, summary } from "../_calls.ts";
import type { WatchedGateway } from "../_calls.ts";
import { deferTest } from "../_defer.ts";
import type { Defer } from "../_defer.ts";
import { until } from "../_gateway.ts";
import { startTurnClock } from "../_patience.ts";
import { chunk, post, rawClient, startRawUpstream } from "../_raw.ts";
import type { RawRequest, RawUpstream } from "../_raw.ts";

const chat = { model: "gpt-4o", stream: true, messages: [{ role: "user", content: "Tell me." }] };
const chatPath = "/v1/chat/completions";
const sse =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
const withLength = (length: number): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;
const delta = (text: string): string =>
  chunk(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`);
const usageChunk = chunk(
  `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 300 } })}\n\n`,
);
const done = `${chunk("data: [DONE]\n\n")}0\r\n\r\n`;

interface Scene {
  name: string;
  /** What the client sends. */
  request: string;
  /** What the upstream answers before the client leaves. */
  answer?: string;
  /** What the client has seen when it leaves. Without it: the upstream has seen the request. */
  seen?: string;
  /** What the upstream has seen then. */
  arrived?: string;
}

const scenes: Scene[] = [
  { name: "that waits for a stream", request: post(chatPath, chat) },
  { name: "that waits for an answer", request: post(chatPath, { ...chat, stream: false }) },
  { name: "that waits under a prefix", request: "GET /p/x HTTP/1.1\r\nHost: x\r\n\r\n" },
  {
    name: "in the middle of a stream",
    request: post(chatPath, chat),
    answer: sse + delta("one"),
    seen: "one",
  },
  {
    name: "that waits for the first event of a stream",
    request: post("/p/chat/completions", chat),
    answer: sse,
  },
  {
    name: "in the middle of a chunked body",
    request: "GET /p/x HTTP/1.1\r\nHost: x\r\n\r\n",
    answer: chunked + chunk("half of it"),
    seen: "half of it",
  },
  {
    name: "in the middle of a long body",
    request: "GET /p/x HTTP/1.1\r\nHost: x\r\n\r\n",
    answer: `${withLength(5_000_000)}half of it`,
    seen: "half of it",
  },
  {
    name: "in the middle of a short body",
    request: post(chatPath, { ...chat, stream: false }),
    answer: `${withLength(500)}{"half":`,
  },
  {
    name: "in the middle of its own upload",
    request: "POST /p/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nhalf of it",
    arrived: "half of it",
  },
  {
    name: "in the middle of its own chunked upload",
    request: `POST /p/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk("half of it")}`,
    arrived: "half of it",
  },
];

/** A gateway before an upstream that does as the scene says, and a second one that is not to be asked. */
async function setUp(
  defer: Defer,
  server: object,
  handler: (request: RawRequest) => void,
): Promise<{ gateway: WatchedGateway; upstream: RawUpstream; spare: RawUpstream }> {
  const upstream = await startRawUpstream(handler);
  defer(upstream.close);
  const spare = await startRawUpstream(() => {});
  defer(spare.close);
  const both = { provider: "openai", models: ["gpt-4o"], prefix: "/p", key: "sk-up" };
  const gateway = await startWatched({
    server,
    upstreams: [
      { ...both, name: "first", baseURL: upstream.url, priority: 1 },
      { ...both, name: "spare", baseURL: spare.url },
    ],
  });
  defer(gateway.close);
  return { gateway, upstream, spare };
}

/** Plays a scene until the client leaves; yields when it left. */
async function leave(gateway: WatchedGateway, upstream: RawUpstream, scene: Scene): Promise<number> {
  const count = upstream.requests.length;
  const client = rawClient(gateway.url, scene.request);
  await until(() => upstream.requests.length > count);
  const request = upstream.requests[count];
  if (scene.seen) await until(() => client.text().includes(scene.seen as string));
  else await until(() => request?.text().includes(scene.arrived ?? "") === true);
  // What was just sent is on its way through the gateway.
  await sleep(10);
  client.socket.destroy();
  return performance.now();
}

/** The same, until the gateway knows. */
async function leaveKnown(gateway: WatchedGateway, upstream: RawUpstream, scene: Scene): Promise<number> {
  const leftAt = await leave(gateway, upstream, scene);
  await until(() => gateway.calls.at(-1)?.replayable === false);
  return leftAt;
}

for (const scene of scenes) {
  deferTest(`a client ${scene.name} that leaves aborts its upstream within 100 ms`, async (defer) => {
    const answer = (request: RawRequest): void => request.send(scene.answer ?? "");
    const { gateway, upstream, spare } = await setUp(defer, {}, answer);
    let took = Infinity;
    // Once within the time shows that nothing waits for more: others use the machine, too.
    for (let round = 1; round <= 10 && took >= 100; round++) {
      await leave(gateway, upstream, scene);
      const clock = startTurnClock();
      const request = upstream.requests.at(-1);
      await until(() => request?.closedAt !== undefined);
      took = clock.elapsed();
      clock.stop();
      const end = await gateway.ended(round);
      const attempts = [scene.seen === undefined ? "client_gone" : 200];
      assert.deepEqual(summary(end), { status: 499, result: "client-gone", attempts });
    }
    assert(took < 100, `${took} ms`);
    assert.equal(spare.requests.length, 0);
    assert.equal(gateway.gateway.inFlight, 0);
  });
}

const drain = { onClientGone: "drain" };

deferTest(
  "with drain, an upstream that a client left goes on to its end, and the usage is told",
  async (defer) => {
    const { gateway, upstream, spare } = await setUp(defer, drain, (request) =>
      request.send(sse + delta("one")),
    );
    await leaveKnown(gateway, upstream, scenes[3] as Scene);
    const [request] = upstream.requests;
    // Long enough for an abort to have come.
    await sleep(150);
    assert.equal(request?.closedAt, undefined);
    assert.equal(gateway.gateway.inFlight, 1);
    request?.send(delta("two") + usageChunk + done);
    const end = await gateway.ended(1);
    assert.deepEqual(summary(end), { status: 499, result: "client-gone", attempts: [200] });
    assert.deepEqual(end.outcome.usage, { inputTokens: 7, outputTokens: 300 });
    assert.equal(spare.requests.length, 0);
  },
);

deferTest(
  "with drain, an answer that begins after its client left is read to its end, too",
  async (defer) => {
    const { gateway, upstream } = await setUp(defer, drain, () => {});
    await leaveKnown(gateway, upstream, scenes[0] as Scene);
    upstream.requests[0]?.send(sse + delta("one") + usageChunk);
    assert.equal(upstream.requests[0]?.closedAt, undefined);
    upstream.requests[0]?.send(done);
    const stream = await gateway.ended(1);
    assert.deepEqual(summary(stream), { status: 499, result: "client-gone", attempts: [200] });
    assert.deepEqual(stream.outcome.usage, { inputTokens: 7, outputTokens: 300 });

    await leaveKnown(gateway, upstream, scenes[1] as Scene);
    const answer = JSON.stringify({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 8 } });
    const head = withLength(answer.length).replace("\r\n", "\r\nContent-Type: application/json\r\n");
    upstream.requests[1]?.send(head + answer);
    const whole = await gateway.ended(2);
    assert.deepEqual(summary(whole), { status: 499, result: "client-gone", attempts: [200] });
    assert.deepEqual(whole.outcome.usage, { inputTokens: 7, outputTokens: 8 });
  },
);

deferTest("with drain, a long body without a reader is read to its end", async (defer) => {
  const { gateway, upstream } = await setUp(defer, drain, (request) =>
    request.send(`${chunked}${chunk("half of it")}`),
  );
  await leaveKnown(gateway, upstream, scenes[5] as Scene);
  const piece = chunk("x".repeat(65_536));
  for (let i = 0; i < 100; i++) upstream.requests[0]?.send(piece);
  upstream.requests[0]?.send("0\r\n\r\n");
  const end = await gateway.ended(1);
  assert.deepEqual(summary(end), { status: 499, result: "client-gone", attempts: [200] });
  assert.equal(end.outcome.bytes, 10 + 100 * 65_536);
});

for (const at of [0, 3, 5]) {
  const scene = scenes[at] as Scene;
  deferTest(`with drain, a client ${scene.name} is forgotten after the drain time-out`, async (defer) => {
    const server = { ...drain, drainTimeout: "300ms" };
    const { gateway, upstream, spare } = await setUp(defer, server, (request) =>
      request.send(scene.answer ?? ""),
    );
    const leftAt = await leaveKnown(gateway, upstream, scene);
    const request = upstream.requests[0] as RawRequest;
    await until(() => request.closedAt !== undefined);
    const took = Number(request.closedAt) - leftAt;
    // Above: far less than the default of a minute.
    assert(took > 250 && took < 20_000, `${took} ms`);
    const end = await gateway.ended(1);
    const attempts = [scene.seen === undefined ? "client_gone" : 200];
    assert.deepEqual(summary(end), { status: 499, result: "client-gone", attempts });
    assert.equal(spare.requests.length, 0);
  });
}

deferTest(
  "with drain, a request that never came whole is given up, and no other upstream is tried",
  async (defer) => {
    const { gateway, upstream, spare } = await setUp(defer, drain, () => {});
    const leftAt = await leaveKnown(gateway, upstream, scenes[8] as Scene);
    const request = upstream.requests[0] as RawRequest;
    await until(() => request.closedAt !== undefined);
    // Far less than the drain time-out.
    assert(Number(request.closedAt) - leftAt < 20_000);
    const end = await gateway.ended(1);
    assert.deepEqual(summary(end), { status: 499, result: "client-gone", attempts: ["client_gone"] });
    // An upstream that fails while nobody waits any more is not made good elsewhere.
    await leaveKnown(gateway, upstream, scenes[0] as Scene);
    upstream.requests[1]?.send("HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    assert.deepEqual(summary(await gateway.ended(2)), {
      status: 499,
      result: "client-gone",
      attempts: [500],
    });
    await leaveKnown(gateway, upstream, scenes[0] as Scene);
    upstream.requests[2]?.socket.destroy();
    const lost = await gateway.ended(3);
    assert.deepEqual(summary(lost), {
      status: 499,
      result: "client-gone",
      attempts: ["upstream_connection_lost"],
    });
    assert.equal(spare.requests.length, 0);
  },
);

deferTest(
  "a kept connection that its client cuts takes only the call that is on it with it",
  async (defer) => {
    const { gateway, upstream } = await setUp(defer, {}, (request) => {
      if (request.text().startsWith("GET /first")) request.send(`${withLength(5)}whole`);
    });
    const client = rawClient(gateway.url, "GET /p/first HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(() => client.text().endsWith("whole"));
    assert.deepEqual(summary(await gateway.ended(1)), { status: 200, result: "complete", attempts: [200] });
    client.socket.write("GET /p/second HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(() => upstream.requests.some((request) => request.text().includes("/second")));
    client.socket.destroy();
    assert.deepEqual(summary(await gateway.ended(2)), {
      status: 499,
      result: "client-gone",
      attempts: ["client_gone"],
    });
    const other = rawClient(gateway.url, "GET /p/first HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert.match(await other.over, /whole$/);
  },
);

deferTest("a client that leaves while its body is read ends its call at once", async (defer) => {
  const { gateway, upstream } = await setUp(defer, {}, () => {});
  // A short body may be read in another way than a long one.
  for (const [i, length] of [200, 200_000].entries()) {
    const head = `POST ${chatPath} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n{"model":`;
    const client = rawClient(gateway.url, head);
    await until(() => gateway.calls.length === i + 1);
    await sleep(50);
    const clock = startTurnClock();
    client.socket.destroy();
    const end = await gateway.ended(i + 1);
    assert(clock.elapsed() < 500);
    clock.stop();
    assert.deepEqual(summary(end), { status: 499, result: "client-gone", attempts: [] });
  }
  assert.equal(upstream.requests.length, 0);
});
