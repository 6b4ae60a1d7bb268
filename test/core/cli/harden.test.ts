import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import { createConnection } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { harden } from "../../../core/cli/harden.node.ts";
import { until } from "../../_gateway.ts";

const bounds = {
  headers: 60_000,
  check: 20,
  request: 60_000,
  idle: 60_000,
  linger: 100,
  headerSize: 1024,
  headerCount: 10,
};

async function withServer(
  handle: RequestListener,
  use: (connect: () => Socket, server: Server) => Promise<void>,
  headers = bounds.headers,
): Promise<void> {
  const server = createServer(handle);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  harden(server, { ...bounds, headers });
  const { port } = server.address() as AddressInfo;
  await use(() => createConnection(port, "127.0.0.1").setEncoding("utf8"), server);
  server.closeAllConnections();
  server.close();
}

/** All that comes until the connection closes, and how long that took. */
async function untilClosed(socket: Socket): Promise<{ answer: string; took: number }> {
  const began = performance.now();
  let answer = "";
  socket.on("data", (piece) => (answer += String(piece)));
  await once(socket, "close");
  return { answer, took: performance.now() - began };
}

// These are bounds of Node's server; Deno serves with its own.
if (!("Deno" in globalThis)) {
  test("headers that do not come to an end are cut close to their time, with a 408", () =>
    withServer(
      (_req, res) => res.end(),
      async (connect) => {
        const socket = connect();
        socket.write("GET / HTTP/1.1\r\nhos");
        const { answer, took } = await untilClosed(socket);
        assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/);
        assert.ok(took >= 180 && took < 15_000, `${took} ms`);
      },
      200,
    ));

  test("a body may take longer than headers may", () =>
    withServer(
      (req, res) => req.on("end", () => res.end("all there")).resume(),
      async (connect, server) => {
        const socket = connect();
        const here = once(server, "request");
        socket.write("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 8\r\n\r\n");
        const closed = untilClosed(socket);
        await here;
        // Not before: on a machine that stalls, the headers themselves would take too long.
        server.headersTimeout = 200;
        for (let i = 0; i < 8; i++) {
          await sleep(60);
          socket.write("x");
        }
        assert.match((await closed).answer, /all there/);
      },
    ));

  test("a body that goes on after the answer is cut", () =>
    withServer(
      (_req, res) => res.end("no"),
      async (connect) => {
        const socket = connect();
        socket.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nx");
        const { answer, took } = await untilClosed(socket);
        assert.match(answer, /^HTTP\/1\.1 200 /);
        assert.ok(took >= 80 && took < 15_000, `${took} ms`);
      },
    ));

  test("what is no HTTP does not end up inside of an answer that is on its way", () =>
    withServer(
      (_req, res) => void res.write("begun"),
      async (connect) => {
        const socket = connect();
        socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
        let came = "";
        socket.on("data", (piece) => (came += String(piece)));
        const closed = untilClosed(socket);
        await until(() => came.includes("begun"), 10_000);
        socket.write("no HTTP\r\n\r\n");
        const { answer } = await closed;
        assert.match(answer, /begun/);
        assert.doesNotMatch(answer, /400/);
      },
    ));
}
