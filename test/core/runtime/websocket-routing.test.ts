import assert from "node:assert/strict";
import { test } from "node:test";
import { createServer } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { closedAddress, closeServer, listenOn, startGateway } from "../../_gateway.ts";
import { endings, gatewayBefore, key, open, refused, startSocketUpstream } from "./_sockets.ts";

const keys = [
  { key, name: "client" },
  { key: "sk-small-0123456789", name: "small", models: ["small*"] },
];
const small = { headers: { authorization: "Bearer sk-small-0123456789" } };

/** Answers a handshake with a refusal. */
function answerWith(status: string, body = "", headers = ""): (req: unknown, socket: Duplex) => boolean {
  return (_req, socket) => {
    socket.end(`HTTP/1.1 ${status}\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`);
    return true;
  };
}

test("/v1/realtime goes to the upstream that offers the model, by the upstream's name for it", async () => {
  const upstream = await startSocketUpstream();
  const base = { provider: "openai", keys: ["up-secret"] };
  const gateway = await startGateway({
    upstreams: [
      { ...base, name: "other", baseURL: "http://127.0.0.1:9", models: ["other"] },
      { ...base, name: "up", baseURL: `${upstream.url}/v1`, models: ["gpt-realtime", { "big-2025": "big" }] },
    ],
    aliases: { live: "gpt-realtime" },
    keys,
  });
  for (const query of ["model=gpt-realtime&x=%20", "x=1&model=live", `model=big&key=${key}`]) {
    const client = await open(gateway, `/v1/realtime?${query}`);
    await upstream.accept();
    client.socket.terminate();
  }
  assert.deepEqual(
    upstream.handshakes.map(({ url }) => url),
    [
      "/v1/realtime?model=gpt-realtime&x=%20",
      "/v1/realtime?x=1&model=gpt-realtime",
      "/v1/realtime?model=big-2025",
    ],
  );
  assert.equal((await refused(gateway, "/v1/realtime?model=nobodys")).status, 404);
  assert.equal((await refused(gateway, "/v1/realtime?model=big&model=other")).status, 400);
  await gateway.close();
  await upstream.close();
});

test("a key's rule on models holds for WebSockets, also where the path hides the model", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await startGateway({
    upstreams: [
      {
        provider: "openai",
        baseURL: `${upstream.url}/v1`,
        forwardURL: upstream.url,
        models: ["*"],
        prefix: "/p",
      },
    ],
    keys,
  });
  for (const path of ["/v1/realtime?model=small-1", "/p/v1/realtime?model=small-1"]) {
    (await open(gateway, path, small)).socket.terminate();
  }
  for (const path of [
    "/v1/realtime?model=large",
    "/p/v1/realtime?model=large",
    "/p//v1/realtime?model=large",
    "/p/v1/responses",
  ]) {
    assert.equal((await refused(gateway, path, small)).status, 403, path);
  }
  assert.equal(upstream.handshakes.length, 2);
  await gateway.close();
  await upstream.close();
});

test("who may not is refused before the upstream hears of it, in the client's protocol", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await gatewayBefore(upstream.url, { plugins: [{ "rate-limit": { perKey: "2/min" } }] });
  const none = await refused(gateway, "/p/x", { headers: {} });
  assert.equal(none.status, 401);
  assert.equal((JSON.parse(none.body) as { error: { code: string } }).error.code, "missing_api_key");
  assert.equal((await refused(gateway, "/p/x?key=wrong", { headers: {} })).status, 401);
  assert.equal((await refused(gateway, "/nothing/x")).status, 404);
  (await open(gateway, "/p/x")).socket.terminate();
  assert.equal((await refused(gateway, "/p/x")).status, 429);
  assert.equal(upstream.handshakes.length, 1);
  await gateway.close();
  await upstream.close();
});

test("a refusal by the upstream reaches the client as it is", async () => {
  const body = '{"error":{"message":"no such model"}}';
  const upstream = await startSocketUpstream({}, answerWith("404 Not Found", body, "x-request-id: r1\r\n"));
  const gateway = await gatewayBefore(upstream.url);
  const ended = endings(gateway);
  assert.deepEqual(await refused(gateway), { status: 404, body });
  const { call, outcome } = await ended.next();
  assert.equal(outcome.status, 404);
  assert.equal(outcome.bytes, body.length);
  assert.equal(call.answer?.status, 404);
  await gateway.close();
  await upstream.close();
});

test("before the socket is open, the next upstream is tried", async () => {
  const denying = await startSocketUpstream({}, answerWith("401 Unauthorized", "no"));
  const busy = await startSocketUpstream({}, answerWith("503 Service Unavailable"));
  const upstream = await startSocketUpstream();
  const urls = [closedAddress, denying.url, busy.url, upstream.url];
  const gateway = await startGateway({
    upstreams: urls.map((baseURL, i) => ({
      provider: "openai",
      baseURL,
      keys: ["k"],
      prefix: "/p",
      priority: -i,
    })),
    keys,
    plugins: [{ retry: { attempts: 4 } }],
  });
  const ended = endings(gateway);
  const client = await open(gateway, "/p/x");
  const server = await upstream.accept();
  client.socket.send("hi");
  assert.equal(await server.next(), "hi");
  client.socket.close(1000);
  const { call } = await ended.next();
  assert.deepEqual(
    call.attempts.map(({ status, error }) => error ?? status),
    ["upstream_connect_failed", 401, 503, 101],
  );
  await gateway.close();
  for (const one of [denying, busy, upstream]) await one.close();
});

test("the last upstream's 401 reaches the client", async () => {
  const upstream = await startSocketUpstream({}, answerWith("401 Unauthorized", "no"));
  const gateway = await gatewayBefore(upstream.url);
  assert.deepEqual(await refused(gateway), { status: 401, body: "no" });
  await gateway.close();
  await upstream.close();
});

test("an upstream that cannot be reached, or that answers nothing of use, is a 502", async () => {
  const plugins = [{ retry: { attempts: 1 } }];
  const gateway = await gatewayBefore(closedAddress, { plugins });
  assert.equal((await refused(gateway)).status, 502);
  await gateway.close();
  for (const answer of [
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: foo\r\nconnection: upgrade\r\n\r\n",
    "nonsense\r\n\r\n",
    "HTTP/1.1 999 No\r\ncontent-length: 0\r\n\r\n",
    "",
  ]) {
    const upstream = await startSocketUpstream({}, (_req, socket) => {
      socket.end(answer);
      return true;
    });
    const before = await gatewayBefore(upstream.url, { plugins });
    assert.equal((await refused(before)).status, 502, JSON.stringify(answer));
    await before.close();
    await upstream.close();
  }
});

test("an upstream that is reached through a proxy is reached through it by WebSockets too", async () => {
  const asked: unknown[] = [];
  const proxy = createServer();
  proxy.on("connect", ({ url = "", headers }, socket) => {
    asked.push([url, headers["proxy-authorization"]]);
    socket.on("error", () => {});
    if (url.endsWith(":9")) {
      socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    const through = connect(Number(url.split(":")[1]), "127.0.0.1", () =>
      socket.write("HTTP/1.1 200 OK\r\n\r\n"),
    );
    through.on("error", () => {}).on("close", () => socket.destroy());
    socket
      .on("close", () => through.destroy())
      .pipe(through)
      .pipe(socket);
  });
  const proxyURL = (await listenOn(proxy)).replace("//", "//user:p%40ss@");
  const upstream = await startSocketUpstream();
  const base = { provider: "openai", keys: ["k"], proxy: proxyURL };
  const gateway = await startGateway({
    upstreams: [
      { ...base, baseURL: upstream.url, prefix: "/p" },
      { ...base, name: "denied", baseURL: "http://127.0.0.1:9", prefix: "/denied" },
    ],
    keys,
    plugins: [{ retry: { attempts: 1 } }],
  });
  const client = await open(gateway, "/p/x");
  const server = await upstream.accept();
  server.socket.send("through");
  assert.equal(await client.next(), "through");
  assert.equal((await refused(gateway, "/denied/x")).status, 502);
  const credentials = `Basic ${Buffer.from("user:p@ss").toString("base64")}`;
  assert.deepEqual(asked, [
    [new URL(upstream.url).host, credentials],
    ["127.0.0.1:9", credentials],
  ]);
  client.socket.close();
  await server.closed;
  await gateway.close();
  await upstream.close();
  await closeServer(proxy);
});

test("an upstream that does not answer the handshake is a 504", async () => {
  const upstream = await startSocketUpstream({}, () => true);
  const gateway = await startGateway({
    upstreams: [
      { provider: "openai", baseURL: upstream.url, keys: ["k"], prefix: "/p", timeouts: { connect: 200 } },
    ],
    keys,
    plugins: [{ retry: { attempts: 1 } }],
  });
  assert.equal((await refused(gateway)).status, 504);
  await gateway.close();
  await upstream.close();
});
