import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer, request } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { deferTest } from "../_defer.ts";
import type { Defer } from "../_defer.ts";
import { closeServer, listenOn, until } from "../_gateway.ts";
import { startGatewayProcess } from "../_gateway-process.ts";
import type { GatewayProcess } from "../_gateway-process.ts";

const mega = 1024 * 1024;
/** Sent over and over: no two neighbouring pieces alike, so that a piece lost, doubled or moved changes the hash. */
const block = randomBytes(mega + 13);
const allowed = 64 * mega;

/** A gateway in a process of its own before an upstream in this one. */
async function setUp(
  defer: Defer,
  handler: (req: IncomingMessage, res: ServerResponse) => void,
): Promise<GatewayProcess> {
  const server = createServer(handler);
  const url = await listenOn(server);
  defer(() => closeServer(server));
  const gateway = await startGatewayProcess({
    upstreams: [{ provider: "generic", baseURL: url, prefix: "/p" }],
  });
  defer(gateway.close);
  return gateway;
}

/** Writes `size` bytes of the block over and over, as fast as they are taken. */
async function pour(
  target: NodeJS.WritableStream,
  size: number,
  onTaken = (_size: number): void => {},
): Promise<void> {
  for (let at = 0; at < size;) {
    const from = at % block.length;
    const piece = block.subarray(from, Math.min(from + 65_536, from + size - at, block.length));
    at += piece.length;
    if (!target.write(piece)) await new Promise((resolve) => target.once("drain", resolve));
    onTaken(piece.length);
  }
  target.end();
}

function hashOf(size: number): string {
  const hash = createHash("sha256");
  for (let at = 0; at < size; at += block.length) hash.update(block.subarray(0, size - at));
  return hash.digest("hex");
}

async function hashOfStream(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of stream) hash.update(piece);
  return hash.digest("hex");
}

/** Sends a body of this size; yields the hash of what came back. */
function exchange(url: string, size: number, headers: Record<string, string | number>): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: size > 0 ? "POST" : "GET", headers, agent: false }, (answer) => {
      hashOfStream(answer).then(resolve, reject);
    });
    sent.on("error", reject);
    pour(sent, size).catch(reject);
  });
}

deferTest("20 MB up and 200 MB down pass whole through a prefix, in under 64 MB", async (defer) => {
  const up = 20 * mega;
  const down = 200 * mega;
  const received: string[] = [];
  const gateway = await setUp(defer, (req, res) => {
    void hashOfStream(req).then((hash) => {
      received.push(`${req.headers["content-length"] ?? req.headers["transfer-encoding"]} ${hash}`);
      const size = Number(req.headers["x-down"]);
      if (req.headers["x-with-length"]) res.setHeader("content-length", size);
      return pour(res, size);
    });
  });
  const url = `${gateway.url}/p/x`;
  const chunked = (size: number): Promise<string> =>
    exchange(url, up, { "transfer-encoding": "chunked", "x-down": size });
  // Once before, as runtimes let some tens of MB of pieces lie that have gone on, until they collect them.
  const first = await chunked(down / 2);
  const before = gateway.memory();
  const second = await exchange(url, up, { "content-length": up, "x-down": down, "x-with-length": 1 });
  const third = await chunked(mega);
  const growth = gateway.peakMemory() - before;
  const sent = hashOf(up);
  assert.deepEqual(received, [`chunked ${sent}`, `${up} ${sent}`, `chunked ${sent}`]);
  assert.deepEqual([first, second, third], [hashOf(down / 2), hashOf(down), hashOf(mega)]);
  assert(growth < allowed, `it grew by ${growth / mega} MB`);
});

deferTest("a client that reads 10 kB/s slows the upstream, and fills no memory", async (defer) => {
  let taken = 0;
  const gateway = await setUp(defer, (_req, res) => void pour(res, 200 * mega, (more) => (taken += more)));
  const before = gateway.memory();
  const { answer, goFast } = await readSlowly(`${gateway.url}/p/x`, 10_000);
  defer(async () => void answer.destroy());
  await stalled(() => taken, 1500);
  const buffered = taken;
  // What the sockets of four ends hold between them.
  assert(buffered > 0 && buffered < 16 * mega, `the upstream could send ${buffered / mega} MB`);
  assert(gateway.peakMemory() - before < allowed);
  goFast();
  await until(() => taken > buffered + 20 * mega);
});

/** Reads a body at so many bytes a second, until `goFast`. */
function readSlowly(url: string, rate: number): Promise<{ answer: IncomingMessage; goFast(): void }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false }, (answer) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      let fast = false;
      answer.on("error", () => {});
      answer.on("data", (piece: Buffer) => {
        if (fast) return;
        answer.pause();
        timer = setTimeout(() => answer.resume(), (piece.length / rate) * 1000);
      });
      const goFast = (): void => {
        fast = true;
        clearTimeout(timer);
        answer.resume();
      };
      resolve({ answer, goFast });
    });
    sent.on("error", reject).end();
  });
}

/** Resolves when a count has not changed for `quiet` ms. */
async function stalled(count: () => number, quiet: number): Promise<void> {
  for (let before = -1; before !== count();) {
    before = count();
    await sleep(quiet);
  }
}
