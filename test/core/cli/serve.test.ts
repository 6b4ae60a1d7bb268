import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { test } from "node:test";
import { startServer } from "#serve";
import { listenFailure, serverURL } from "../../../core/cli/serve.ts";
import type { Log } from "../../../core/context.ts";
import type { Fetch } from "../../../core/cli/serve.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const start = (fetch: Fetch, port = 0) => startServer(fetch, { host: "127.0.0.1", port }, silent);

/** Ten pieces, of which all but the first wait for leave. */
function slowly(leave: Promise<void>): Response {
  let piece = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (piece === 10) return controller.close();
      if (piece++ > 0) await leave;
      controller.enqueue(new TextEncoder().encode("piece\n"));
    },
  });
  return new Response(body);
}

/** One piece, and no end. */
function endless(): Response {
  return new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) }));
}

/** Sends bytes as they are; yields all that comes back until the connection closes. */
function exchange(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(Number(new URL(url).port), "127.0.0.1", () => void socket.write(text));
    let answer = "";
    socket.setEncoding("utf8");
    socket.on("data", (piece) => (answer += String(piece)));
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

test("answers, with the peer's address on the request", async () => {
  const server = await start(async (request) =>
    Response.json([request.method, new URL(request.url).pathname, (request as { ip?: string }).ip]),
  );
  const answer = await fetch(`${server.url}/a/b`, { method: "PUT" });
  assert.deepEqual(await answer.json(), ["PUT", "/a/b", "127.0.0.1"]);
  await server.close(0);
});

test("a port in use is an error that says so, and another one is not taken", async () => {
  const server = await start(async () => new Response("first"));
  const port = Number(new URL(server.url).port);
  await assert.rejects(
    start(async () => new Response("second"), port),
    {
      name: "StartError",
      message: `port ${port} on 127.0.0.1 is in use: stop what listens there, or choose another with --port`,
    },
  );
  assert.equal(await (await fetch(server.url)).text(), "first");
  await server.close(0);
});

test("a stop refuses connections and lets answers end", async () => {
  let goOn = (): void => {};
  const leave = new Promise<void>((resolve) => (goOn = resolve));
  const server = await start(async () => slowly(leave));
  const answer = await fetch(server.url);
  server.stop();
  await assert.rejects(fetch(server.url));
  const closed = server.close(10_000);
  goOn();
  assert.equal(await answer.text(), "piece\n".repeat(10));
  await closed;
});

test("a close does not wait longer than its grace", async () => {
  const server = await start(async () => endless());
  const leave = new AbortController();
  await fetch(server.url, { signal: leave.signal });
  const began = performance.now();
  await server.close(50);
  assert.ok(performance.now() - began < 10_000);
  leave.abort();
});

test("what is no HTTP is answered 400 and closed", async () => {
  const server = await start(async () => new Response());
  assert.match(await exchange(server.url, "hello\r\n\r\n"), /^HTTP\/1\.1 400 Bad Request\r\n/);
  await server.close(0);
});

test("addresses are shown as a client can use them", () => {
  assert.equal(serverURL("http", "127.0.0.1", 8787), "http://127.0.0.1:8787");
  assert.equal(serverURL("https", "::1", 1), "https://[::1]:1");
  for (const host of ["", "0.0.0.0", "::"]) assert.equal(serverURL("http", host, 80), "http://127.0.0.1:80");
});

test("what is in the way of listening is said with what to do", () => {
  assert.match(
    listenFailure("EACCES", "", 80),
    /^not allowed to listen on all addresses, port 80: .*--port$/,
  );
  assert.match(
    listenFailure("EADDRNOTAVAIL", "203.0.113.1", 80),
    /no interface of this machine has that address/,
  );
  assert.equal(listenFailure("EMFILE", "h", 1), "cannot listen on h, port 1 (EMFILE)");
});

if (!("Deno" in globalThis)) {
  const echo: Fetch = async (request) =>
    new Response(new URL(request.url).pathname + new URL(request.url).search);
  const get = (target: string): string => `GET ${target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`;

  test("a target that is a whole URL is taken by its path; other targets are refused", async () => {
    const server = await start(echo);
    assert.match(await exchange(server.url, get("http://elsewhere.test:99/x?y")), /\/x\?y/);
    assert.match(await exchange(server.url, get("http://elsewhere.test")), /\r\n\/\r\n/);
    for (const target of ["ftp://a/b", "*", "a:443"]) {
      assert.match(await exchange(server.url, get(target)), /^HTTP\/1\.1 400 /, target);
    }
    await server.close(0);
  });

  test("a close cuts what outlasts its grace", async () => {
    const server = await start(async () => endless());
    const answer = await fetch(server.url);
    await server.close(50);
    await assert.rejects(answer.text());
  });

  test("headers that are too large are answered 431", async () => {
    const server = await start(echo);
    const answer = await exchange(
      server.url,
      `GET / HTTP/1.1\r\nhost: a\r\nx-long: ${"a".repeat(17_000)}\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 431 /);
    assert.equal(JSON.parse(answer.split("\r\n\r\n")[1] ?? "").error.code, "headers_too_large");
    await server.close(0);
  });
}
