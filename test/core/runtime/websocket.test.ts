import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayBefore, key, onDeno, open, startSocketUpstream } from "./_sockets.ts";

const withProtocol = (name: string): string[] => [
  "realtime",
  `openai-insecure-api-key.${name}`,
  "openai-beta.v1",
];

test("messages pass both ways as they are: text, binary, empty, fragmented and of 5 MB", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await gatewayBefore(upstream.url);
  const client = await open(gateway);
  const server = await upstream.accept();
  const large = Buffer.alloc(5 * 1024 * 1024, "sluice ");
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.socket.send("hello, wörld");
    from.socket.send(Buffer.from([0, 1, 254, 255]));
    from.socket.send("");
    from.socket.send("in ", { fin: false });
    from.socket.send("three ", { fin: false });
    from.socket.send("pieces", { fin: true });
    from.socket.send(large);
    from.socket.send("x".repeat(70_000));
    assert.equal(await to.next(), "hello, wörld");
    assert.deepEqual(await to.next(), Buffer.from([0, 1, 254, 255]));
    assert.equal(await to.next(), "");
    assert.equal(await to.next(), "in three pieces");
    assert(large.equals((await to.next()) as Buffer));
    assert.equal(await to.next(), "x".repeat(70_000));
  }
  client.socket.close();
  await gateway.close();
  await upstream.close();
});

test("the key is taken from where it stands, and the upstream gets its own in the header that it wants", async () => {
  const upstream = await startSocketUpstream();
  const base = { baseURL: `${upstream.url}/base`, keys: ["up-secret"] };
  const gateway = await gatewayBefore(upstream.url, {
    upstreams: [
      { ...base, provider: "openai", prefix: "/openai" },
      { ...base, provider: "gemini", prefix: "/gemini" },
      { ...base, name: "own", provider: "generic", prefix: "/own", keyHeader: "api-key" },
    ],
  });
  const seen: unknown[] = [];
  for (const [path, options] of [
    ["/openai/v1/realtime?model=m&x=%20", {}],
    [`/gemini/ws/a.b.C?alt=x&key=${key}`, { headers: {} }],
    [`/own/realtime?key=${key}`, { headers: {} }],
    ["/openai/v1/realtime?model=m", { headers: {}, protocols: withProtocol(key) }],
  ] as const) {
    const client = await open(gateway, path, {
      ...options,
      protocols: [...("protocols" in options ? options.protocols : [])],
    });
    const server = await upstream.accept();
    const { url, headers } = upstream.handshakes.at(-1) ?? {};
    const keys = ["authorization", "x-goog-api-key", "api-key"].filter((name) => headers?.[name]);
    seen.push([
      url,
      keys.map((name) => `${name}: ${String(headers?.[name])}`),
      server.socket.protocol,
      client.socket.protocol,
    ]);
    assert(!JSON.stringify([url, upstream.handshakes.at(-1)?.rawHeaders]).includes(key));
    client.socket.close();
    await server.closed;
  }
  const bearer = ["authorization: Bearer up-secret"];
  assert.deepEqual(seen, [
    ["/base/v1/realtime?model=m&x=%20", bearer, "", ""],
    ["/base/ws/a.b.C?alt=x", ["x-goog-api-key: up-secret"], "", ""],
    ["/base/realtime", ["api-key: up-secret"], "", ""],
    ["/base/v1/realtime?model=m", bearer, "realtime", "realtime"],
  ]);
  await gateway.close();
  await upstream.close();
});

test("headers that belong to the call pass, those of the hop do not", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await gatewayBefore(upstream.url);
  const headers = {
    authorization: `Bearer ${key}`,
    "openai-beta": "realtime=v1",
    origin: "https://app.example",
  };
  const client = await open(gateway, "/p/v1/realtime?model=m", { headers });
  await upstream.accept();
  const seen = upstream.handshakes[0]?.headers ?? {};
  assert.equal(seen.host, new URL(upstream.url).host);
  assert.equal(seen["openai-beta"], "realtime=v1");
  assert.equal(seen.origin, "https://app.example");
  assert.equal(seen.via, "1.1 sluice");
  assert.equal(seen["x-forwarded-for"], "127.0.0.1");
  assert.equal(seen["x-forwarded-host"], new URL(gateway.url).host);
  client.socket.terminate();
  await gateway.close();
  await upstream.close();
});

test("the subprotocol is what the upstream chooses; one that only held the key is confirmed to a browser", async () => {
  const upstream = await startSocketUpstream({
    handleProtocols: (offered) => (offered.has("b") ? "b" : false),
  });
  const gateway = await gatewayBefore(upstream.url);
  const chosen = await open(gateway, "/p/x", { protocols: ["a", "b"] });
  assert.equal(chosen.socket.protocol, "b");
  assert.equal(upstream.handshakes[0]?.headers["sec-websocket-protocol"]?.replaceAll(" ", ""), "a,b");
  const protocols = [`openai-insecure-api-key.${key}`];
  const keyOnly = await open(gateway, "/p/x", { protocols, headers: {} });
  assert.equal(keyOnly.socket.protocol, protocols[0]);
  assert.equal(upstream.handshakes[1]?.headers["sec-websocket-protocol"], undefined);
  for (const { socket } of [chosen, keyOnly]) socket.terminate();
  await gateway.close();
  await upstream.close();
});

test("compression is between the client and the upstream, or is not used at all", async () => {
  const upstream = await startSocketUpstream({ perMessageDeflate: { threshold: 0 } });
  const gateway = await gatewayBefore(upstream.url);
  const client = await open(gateway, "/p/x", { perMessageDeflate: { threshold: 0 } });
  const server = await upstream.accept();
  assert.equal(client.socket.extensions, onDeno ? "" : "permessage-deflate");
  const text = "compressible ".repeat(10_000);
  client.socket.send(text);
  assert.equal(await server.next(), text);
  server.socket.send(text);
  assert.equal(await client.next(), text);
  client.socket.terminate();
  await gateway.close();
  await upstream.close();
});

test("a ping is answered, with what it held", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await gatewayBefore(upstream.url);
  const client = await open(gateway);
  const server = await upstream.accept();
  for (const { socket } of [client, server]) {
    const pong = new Promise<string>((resolve) => socket.once("pong", (data) => resolve(data.toString())));
    socket.ping("are you there");
    assert.equal(await pong, "are you there");
  }
  client.socket.terminate();
  await gateway.close();
  await upstream.close();
});

test("the code and reason of a close pass both ways", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await gatewayBefore(upstream.url);
  for (const code of [1000, 1001, 1008, 1011, 3000, 4321]) {
    for (const side of ["client", "server"] as const) {
      const client = await open(gateway);
      const server = await upstream.accept();
      const [from, to] = side === "client" ? [client, server] : [server, client];
      from.socket.close(code, "because");
      assert.deepEqual(await to.closed, { code, reason: "because" }, `${side} closes with ${code}`);
      assert.equal((await from.closed).code, code);
    }
  }
  const client = await open(gateway);
  const server = await upstream.accept();
  client.socket.close();
  assert.deepEqual(await server.closed, { code: 1005, reason: "" });
  await gateway.close();
  await upstream.close();
});
