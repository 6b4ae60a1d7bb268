import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../_gateway.ts";
import { endings, gatewayBefore, onDeno, open, refused, startSocketUpstream } from "./_sockets.ts";

test("a socket that is closed in order ends its call as complete, with what passed", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await gatewayBefore(upstream.url);
  const ended = endings(gateway);
  const client = await open(gateway);
  const server = await upstream.accept();
  server.socket.send("x".repeat(1000));
  await client.next();
  assert.equal(gateway.gateway.inFlight, 1);
  client.socket.close(1000, "done");
  const { call, outcome } = await ended.next();
  assert.equal(outcome.status, 101);
  assert.equal(outcome.result, "complete");
  assert.equal(outcome.error, undefined);
  assert(outcome.bytes >= 1000 && outcome.bytes < 1020, String(outcome.bytes));
  assert(outcome.duration > 0);
  assert.equal(outcome.usage, undefined);
  assert.equal(call.operation, "realtime");
  assert.equal(call.caller?.name, "client");
  assert.equal(call.attempts[0]?.status, 101);
  await gateway.close();
  await upstream.close();
});

test("a client that vanishes takes its upstream's socket with it, within 100 ms", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await gatewayBefore(upstream.url);
  const ended = endings(gateway);
  const times: number[] = [];
  // A machine that is busy may be late a few times.
  while (!times.some((time) => time < 100) && times.length < 10) {
    const client = await open(gateway);
    const server = await upstream.accept();
    const start = performance.now();
    client.socket.terminate();
    assert.equal((await server.closed).code, 1006);
    times.push(performance.now() - start);
    const { outcome } = await ended.next();
    assert.deepEqual([outcome.status, outcome.result], [499, "client-gone"]);
  }
  assert(Math.min(...times) < 100, times.join());
  await gateway.close();
  await upstream.close();
});

test("a client that vanishes during the handshake ends it", async () => {
  let closed = false;
  const upstream = await startSocketUpstream({}, (_req, socket) => {
    socket
      .on("close", () => (closed = true))
      .on("end", () => socket.end())
      .resume();
    return true;
  });
  const gateway = await gatewayBefore(upstream.url);
  const ended = endings(gateway);
  const leave = new AbortController();
  const opening = open(gateway, "/p/x", { signal: leave.signal } as object);
  await until(() => upstream.handshakes.length === 1);
  const start = performance.now();
  leave.abort();
  await assert.rejects(opening);
  const { outcome } = await ended.next();
  assert.deepEqual([outcome.status, outcome.result], [499, "client-gone"]);
  await until(() => closed, 8000);
  // Which is 10 s.
  assert(performance.now() - start < 9000, "not by its time-out");
  await gateway.close();
  await upstream.close();
});

test("an upstream that breaks is no clean close for the client, which still gets what came before", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await gatewayBefore(upstream.url);
  const ended = endings(gateway);
  const client = await open(gateway);
  const server = await upstream.accept();
  await new Promise((resolve) => server.socket.send("last words", resolve));
  server.socket.terminate();
  assert.equal(await client.next(), "last words");
  assert.equal((await client.closed).code, onDeno ? 1011 : 1006);
  const { outcome } = await ended.next();
  assert.deepEqual([outcome.status, outcome.result], [101, "broken"]);
  assert.equal(outcome.error?.code, "upstream_connection_lost");
  await gateway.close();
  await upstream.close();
});

test("an upstream that closes at once is told as such", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await gatewayBefore(upstream.url);
  const opening = open(gateway);
  const server = await upstream.accept();
  server.socket.send("hello");
  server.socket.close(3000, "invalid_request_error");
  const client = await opening;
  assert.equal(await client.next(), "hello");
  assert.deepEqual(await client.closed, { code: 3000, reason: "invalid_request_error" });
  await gateway.close();
  await upstream.close();
});

test("a stop of the gateway ends what is open when its time is up, and lets nobody in", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await gatewayBefore(upstream.url);
  const ended = endings(gateway);
  const client = await open(gateway);
  const server = await upstream.accept();
  // Long enough for a machine that stalls.
  const stopped = gateway.gateway.close(3000);
  assert.equal((await refused(gateway)).status, 503);
  client.socket.send("still here");
  assert.equal(await server.next(), "still here");
  await stopped;
  assert.equal((await client.closed).code, onDeno ? 1001 : 1006);
  assert.equal((await server.closed).code, 1006);
  const results = [(await ended.next()).outcome.result, (await ended.next()).outcome.result];
  assert.deepEqual(results, ["complete", "broken"], "the refusal, then the socket");
  assert.equal(gateway.gateway.inFlight, 0);
  await gateway.close();
  await upstream.close();
});

test("a reload leaves open sockets alone", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await gatewayBefore(upstream.url);
  const client = await open(gateway);
  const server = await upstream.accept();
  await gateway.gateway.reload({ upstreams: [] } as never);
  client.socket.send("to");
  assert.equal(await server.next(), "to");
  server.socket.send("fro");
  assert.equal(await client.next(), "fro");
  client.socket.close(1000);
  assert.equal((await server.closed).code, 1000);
  await until(() => gateway.gateway.inFlight === 0);
  await gateway.close();
  await upstream.close();
});

test("the time that a call may take holds for sockets", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await gatewayBefore(upstream.url, { server: { timeouts: { total: 3000 } } });
  const ended = endings(gateway);
  const client = await open(gateway);
  const server = await upstream.accept();
  assert.equal((await client.closed).code, onDeno ? 1001 : 1006);
  assert.equal((await server.closed).code, 1006);
  assert.equal((await ended.next()).outcome.error?.code, "call_timeout");
  await gateway.close();
  await upstream.close();
});
