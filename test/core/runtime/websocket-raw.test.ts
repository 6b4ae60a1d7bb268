import assert from "node:assert/strict";
import { test } from "node:test";
import type { Socket } from "node:net";
import { until } from "../../_gateway.ts";
import { rawClient, startRawUpstream } from "../../_raw.ts";
import { endings, gatewayBefore, key, onDeno, open, startSocketUpstream } from "./_sockets.ts";

const MB = 1024 * 1024;
const handshake = {
  host: "gateway",
  authorization: `Bearer ${key}`,
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-version": "13",
};
const accepted =
  "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ";

function requestOf(headers: object, line = "GET /p/x HTTP/1.1"): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `${[line, ...lines].join("\r\n")}\r\n\r\n`;
}

/** A text frame as a client sends it; the mask of zeros leaves the text as it is. */
function frame(text: string): string {
  return `\u0081${String.fromCharCode(0x80 | text.length)}\0\0\0\0${text}`;
}

/** The `sec-websocket-accept` for the key that an upstream was sent. */
async function acceptFor(head: string): Promise<string> {
  const sent = /sec-websocket-key: (.*)\r\n/i.exec(head)?.[1] ?? "";
  const bytes = new TextEncoder().encode(`${sent}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  return Buffer.from(await crypto.subtle.digest("SHA-1", bytes)).toString("base64");
}

test("a handshake that is none is refused with a status that says so", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await gatewayBefore(upstream.url);
  const { "sec-websocket-key": _key, ...keyless } = handshake;
  const { "sec-websocket-version": _version, ...versionless } = handshake;
  const cases: [string, number][] = [
    [requestOf(keyless), 400],
    [requestOf({ ...handshake, "sec-websocket-key": "short" }), 400],
    [requestOf({ ...handshake, "content-length": "5" }) + "hello", 400],
    [requestOf(versionless), 426],
    [requestOf({ ...handshake, "sec-websocket-version": "8" }), 426],
    [requestOf({ ...handshake, connection: "keep-alive" }), 400],
    [requestOf({ ...handshake, "sec-websocket-protocol": "a b" }), 400],
    [requestOf(handshake, "GET /p/../x HTTP/1.1"), 400],
  ];
  for (const [bytes, status] of cases) {
    const client = rawClient(gateway.url, bytes);
    await until(() => client.text().includes("\r\n\r\n"));
    assert.equal(Number(client.text().split(" ")[1]), status, bytes);
    assert.equal(/sec-websocket-version: 13/i.test(client.text()), status === 426);
    client.socket.destroy();
  }
  await gateway.close();
  await upstream.close();
});

test("a request to switch to anything else is answered as if it did not ask", async () => {
  const upstream = await startRawUpstream(({ send }) =>
    send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi"),
  );
  const gateway = await gatewayBefore(upstream.url);
  // Deno's own server refuses a handshake that is no GET.
  const posted = onDeno ? [] : [requestOf({ ...handshake, "content-length": "0" }, "POST /p/x HTTP/1.1")];
  for (const asking of [requestOf({ ...handshake, upgrade: "h2c" }), ...posted]) {
    const client = rawClient(gateway.url, asking);
    const answers = (): string[] => client.text().match(/HTTP\/1.1 200 OK/g) ?? [];
    for (let i = 1; i < 5; i++) {
      await until(() => client.text().endsWith("hi") && answers().length === i);
      client.socket.write(asking);
    }
    await until(() => answers().length === 5);
    client.socket.destroy();
  }
  for (const { text } of upstream.requests) assert.doesNotMatch(text(), /^upgrade:/im);
  await gateway.close();
  await upstream.close();
});

test("frames that come together with a handshake are not lost, on either side", async () => {
  const upstream = await startRawUpstream(async (request) => {
    request.send(`${accepted}${await acceptFor(request.text())}\r\nx-own: 1\r\n\r\n\u0081\u0005first`);
  });
  const gateway = await gatewayBefore(upstream.url);
  const client = rawClient(gateway.url, requestOf(handshake) + frame("early"));
  await until(() => client.text().endsWith("\u0081\u0005first"));
  assert.match(client.text(), /^HTTP\/1\.1 101 /);
  assert.match(client.text(), /\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i);
  assert.match(client.text(), /\r\nx-own: 1\r\n/i);
  assert.match(client.text(), /\r\nvia: 1.1 sluice\r\n/i);
  assert.match(client.text(), /\r\nx-sluice-id: [\da-f-]{36}\r\n/i);
  const [request] = upstream.requests;
  await until(() => unmasked(request?.text() ?? "") === "early");
  client.socket.destroy();
  await until(() => request?.closedAt !== undefined);
  await gateway.close();
  await upstream.close();
});

/** The text of the one short frame behind a request's head. */
function unmasked(text: string): string {
  const bytes = Buffer.from(text.slice(text.indexOf("\r\n\r\n") + 4), "latin1");
  return Buffer.from(bytes.subarray(6).map((byte, i) => byte ^ (bytes[2 + (i % 4)] ?? 0))).toString();
}

test("an upstream cut in the middle of a frame is a break, and one that ends with a Close frame is none", async () => {
  for (const [frames, result] of [
    ["\u0081\u0005fir", "broken"],
    ["\u0081\u0005first", "broken"],
    ["\u0081\u0005first\u0088\u0002\u0003\u00e8", "complete"],
  ] as const) {
    const upstream = await startRawUpstream(async ({ socket, text, send }) => {
      send(`${accepted}${await acceptFor(text())}\r\n\r\n${frames}`);
      setTimeout(() => socket.end(), 20);
    });
    const gateway = await gatewayBefore(upstream.url);
    const ended = endings(gateway);
    const client = await open(gateway);
    assert.equal((await client.closed).code === 1000, result === "complete", frames);
    const { outcome } = await ended.next();
    assert.deepEqual([outcome.status, outcome.result], [101, result], frames);
    await gateway.close();
    await upstream.close();
  }
});

/** Resolves once the value has stayed the same for a while. */
async function settled(value: () => number): Promise<number> {
  let last = -1;
  for (let same = 0; same < 15; same++) {
    if (value() !== last) same = 0;
    last = value();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return last;
}

test("a client that reads slowly slows its upstream down, and gets everything", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await gatewayBefore(upstream.url);
  const client = await open(gateway);
  const server = await upstream.accept();
  const connection = (client.socket as unknown as { _socket: Socket })._socket;
  connection.pause();
  for (let i = 0; i < 64; i++) server.socket.send(Buffer.alloc(MB, i));
  const held = await settled(() => server.socket.bufferedAmount);
  assert(held > 32 * MB, `${held / MB} MB wait at the upstream`);
  connection.resume();
  for (let i = 0; i < 64; i++) assert.equal(((await client.next()) as Buffer)[MB - 1], i);
  client.socket.terminate();
  await gateway.close();
  await upstream.close();
});

test("an upstream that reads slowly slows its client down, or ends the socket before much waits", async () => {
  const upstream = await startSocketUpstream();
  const gateway = await gatewayBefore(upstream.url);
  const ended = endings(gateway);
  const client = await open(gateway);
  const server = await upstream.accept();
  server.socket.pause();
  for (let i = 0; i < 64; i++) client.socket.send(Buffer.alloc(MB, i));
  if (onDeno) {
    // A connection that is closed while its client still writes may be reset before the code is read.
    assert([1013, 1006].includes((await client.closed).code));
    assert.equal((await ended.next()).outcome.error?.code, "websocket_backlog");
  } else {
    const held = await settled(() => client.socket.bufferedAmount);
    assert(held > 32 * MB, `${held / MB} MB wait at the client`);
    server.socket.resume();
    for (let i = 0; i < 64; i++) assert.equal(((await server.next()) as Buffer)[MB - 1], i);
  }
  client.socket.terminate();
  await gateway.close();
  await upstream.close();
});

test("connections that are cut at any moment leave nothing behind", async () => {
  const upstream = await startSocketUpstream();
  let cuts = 0;
  upstream.onSocket = ({ socket }) => {
    socket.send("x".repeat(MB));
    // Spread over 20 ms, out of step with the clients' cuts.
    setTimeout(() => socket.terminate(), (cuts++ * 7) % 20);
  };
  const gateway = await gatewayBefore(upstream.url);
  const clients = Array.from({ length: 60 }, (_, i) => {
    const client = rawClient(gateway.url, requestOf(handshake) + frame("hello"));
    const cut = (): void => void (i % 2 ? client.socket.destroy() : client.socket.resetAndDestroy());
    setTimeout(cut, i / 2);
    return client.over;
  });
  await Promise.all(clients);
  await until(() => gateway.gateway.inFlight === 0, 15_000);
  upstream.onSocket = undefined;
  const client = await open(gateway);
  client.socket.terminate();
  assert.deepEqual(
    gateway.messages.filter(({ level }) => level === "error"),
    [],
  );
  await gateway.close();
  await upstream.close();
});
