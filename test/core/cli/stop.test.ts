import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { freePort } from "../../_redis.ts";
import { call, chat, configFor, open, startSlowUpstream } from "./_call.ts";
import { eventually, onDeno, processTest, within } from "./_sluice.ts";
import type { Bench, Sluice } from "./_sluice.ts";

/** A gateway with a stream in it that has begun and waits for the upstream. */
async function withStream({ write, start, defer }: Bench, ...flags: string[]) {
  const upstream = await startSlowUpstream();
  defer(upstream.close);
  await write({ "sluice.json": configFor(upstream.url) });
  const sluice = await start(...flags);
  const stream = await open(`${sluice.url}/v1/chat/completions`, { body: chat("m", true) });
  await eventually("the first piece", () => stream.body().includes("first"));
  return { upstream, sluice, stream };
}

/** A connection that arrives in the very moment of the stop may be left without an answer: that is no refusal. */
function refuses(url: string): Promise<boolean> {
  const refused = call(`${url}/healthz`).then(
    () => false,
    () => true,
  );
  return Promise.race([refused, new Promise<boolean>((resolve) => setTimeout(resolve, 500, false))]);
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  processTest(
    `${signal}: no new connections, the stream finishes, its log line is there, status 0`,
    async (bench) => {
      const { upstream, sluice, stream } = await withStream(bench);
      sluice.signal(signal);
      await sluice.says(new RegExp(`${signal}: no new calls are taken`));
      await eventually("refused connections", () => refuses(sluice.url));
      upstream.finish();
      const { body, broken } = await within("the stream's end", stream.ended);
      assert.match(body, /last[^]*data: \[DONE\]/);
      assert.equal(broken, false);
      assert.equal(await within("the end of the process", sluice.ended), 0);
      const lines = sluice.out().trim().split("\n");
      assert.equal(lines.length, 1, sluice.out());
      const { status, result, model, upstream: name } = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
      assert.deepEqual(
        { status, result, model, name },
        { status: 200, result: "complete", model: "m", name: "up" },
      );
    },
  );
}

processTest(
  "a stream that outlasts the shutdown time-out is cut, and is told of in the log",
  async (bench) => {
    const { sluice, stream } = await withStream(bench, "--shutdown-timeout", "300ms");
    const began = performance.now();
    sluice.signal("SIGTERM");
    const { body, broken } = await within("the stream's end", stream.ended);
    assert.ok(broken || body.includes('"error"'), `the client takes it for whole: ${body}`);
    assert.doesNotMatch(body, /\[DONE\]/);
    assert.equal(await within("the end of the process", sluice.ended), 0);
    const took = performance.now() - began;
    // Timers may be early by a ms.
    assert.ok(took > 290, `${took} ms`);
    assert.match(sluice.out(), /"status":200,"result":"broken"/);
  },
);

processTest("workers let their streams finish too", async (bench) => {
  const flags = ["--workers", "2", "--port", String(await freePort())];
  const { upstream, sluice, stream } = await withStream(bench, ...flags);
  sluice.signal("SIGTERM");
  await eventually("refused connections", () => refuses(sluice.url));
  upstream.finish();
  assert.match((await within("the stream's end", stream.ended)).body, /last[^]*data: \[DONE\]/);
  assert.equal(await within("the end of the processes", sluice.ended), 0);
  assert.match(sluice.out(), /"status":200,"result":"complete"/);
});

async function endsAtOnce(bench: Bench, signal: NodeJS.Signals): Promise<number | string> {
  const { sluice } = await withStream(bench);
  sluice.signal(signal);
  await sluice.says(/Once more ends them at once/);
  sluice.signal(signal);
  return within("the end of the process", sluice.ended);
}

processTest("a second SIGTERM ends it at once with status 143", async (bench) => {
  assert.equal(await endsAtOnce(bench, "SIGTERM"), 143);
});

processTest("a second SIGINT ends it at once with status 130", async (bench) => {
  assert.equal(await endsAtOnce(bench, "SIGINT"), 130);
});

processTest("without calls, a stop takes no time, whatever connections are kept alive", async ({ start }) => {
  const sluice = await start("--shutdown-timeout", "20s");
  const idle = createConnection(Number(new URL(sluice.url).port), "127.0.0.1");
  idle.on("error", () => {});
  const answered = new Promise((resolve) => idle.once("data", resolve));
  idle.write("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
  await within("the answer", answered);
  const began = performance.now();
  sluice.signal("SIGTERM");
  assert.equal(await within("the end of the process", sluice.ended), 0);
  assert.ok(performance.now() - began < 15_000);
  idle.destroy();
});

/** Sends half of a request's head, as a load balancer's kept-alive connection may; yields what sends the rest. */
async function askHalf({ url }: Sluice, path: string): Promise<() => Promise<string>> {
  const socket = createConnection(Number(new URL(url).port), "127.0.0.1");
  let answer = "";
  socket.setEncoding("utf8").on("data", (text) => (answer += String(text)));
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n`);
  return async () => {
    socket.write("connection: close\r\n\r\n");
    await within("the connection's end", closed);
    return answer;
  };
}

// Deno closes such connections without an answer.
if (!onDeno) {
  processTest("while it stops, it is alive and not ready, and takes no calls", async (bench) => {
    const { upstream, sluice, stream } = await withStream(bench);
    const paths = ["/readyz", "/healthz", "/v1/nothing"];
    const halves = await Promise.all(paths.map((path) => askHalf(sluice, path)));
    // By the time that later connections are answered, the halves are there too.
    for (let n = 0; n < 3; n++) await call(`${sluice.url}/healthz`);
    sluice.signal("SIGTERM");
    await eventually("refused connections", () => refuses(sluice.url));
    const [readyz = "", healthz = "", other = ""] = await Promise.all(halves.map((finish) => finish()));
    assert.match(readyz, /^HTTP\/1\.1 503 [^]*\{"status":"stopping","state":"ok"\}/);
    assert.match(healthz, /^HTTP\/1\.1 200 [^]*\{"status":"ok"\}/);
    assert.match(other, /^HTTP\/1\.1 503 [^]*"code":"stopping"/);
    upstream.finish();
    assert.match((await stream.ended).body, /\[DONE\]/);
    assert.equal(await within("the end of the process", sluice.ended), 0);
  });
}
