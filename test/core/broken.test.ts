import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { startWatched, summary } from "../_calls.ts";
import type { WatchedGateway } from "../_calls.ts";
import { deferTest } from "../_defer.ts";
import type { Defer } from "../_defer.ts";
import { chatAnswer, sendJson, startUpstream, until } from "../_gateway.ts";
import { chunk, get, isWhole, post, rawClient, startRawUpstream, unchunk } from "../_raw.ts";
import type { RawRequest, RawUpstream } from "../_raw.ts";

const head = (rest: string): string => `HTTP/1.1 200 OK\r\n${rest}\r\n\r\n`;
const sse = head("Content-Type: text/event-stream\r\nTransfer-Encoding: chunked");
const messages = [{ role: "user", content: "Tell me." }];
const lost = "The upstream closed the connection before its answer was complete.";
const openaiError = `data: {"error":{"message":"${lost}","type":"upstream_error","param":null,"code":"upstream_connection_lost"}}\n\n`;

/** A stream of each protocol: where it is asked for, how it begins, and how it must end when it breaks. */
const streams = [
  {
    name: "openai-chat",
    paths: ["/v1/chat/completions", "/openai/v1/chat/completions", "/openai/v1/unknown"],
    request: { model: "gpt-4o", stream: true, messages },
    event: `data: {"choices":[{"index":0,"delta":{"content":"one"}}]}\n\n`,
    error: openaiError,
  },
  {
    name: "anthropic",
    paths: ["/v1/messages", "/anthropic/v1/messages", "/anthropic/v1/unknown"],
    request: { model: "claude", stream: true, max_tokens: 10, messages },
    event: `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"one"}}\n\n`,
    error: `event: error\ndata: {"type":"error","error":{"type":"api_error","message":"${lost}"}}\n\n`,
  },
  {
    name: "gemini",
    paths: [
      "/v1beta/models/gemini:streamGenerateContent?alt=sse",
      "/gemini/v1beta/models/gemini:streamGenerateContent?alt=sse",
      "/gemini/v1beta/unknown",
    ],
    request: { contents: [{ role: "user", parts: [{ text: "Tell me." }] }] },
    event: `data: {"candidates":[{"content":{"parts":[{"text":"one"}]}}]}\n\n`,
    // Google ends its lines so.
    error: `data: {"error":{"code":502,"message":"${lost}","status":"INTERNAL"}}\r\n\r\n`,
  },
  {
    name: "a prefix without a protocol",
    paths: ["/plain/events"],
    request: {},
    event: "data: one\n\n",
    error: `event: error\n${openaiError}`,
  },
];

/** A gateway before one upstream, which all providers share. */
async function setUp(
  defer: Defer,
  handler: (request: RawRequest, count: number) => void,
  more: object = {},
): Promise<{ gateway: WatchedGateway; upstream: RawUpstream }> {
  const upstream = await startRawUpstream(handler);
  defer(upstream.close);
  const one = { baseURL: upstream.url, key: "sk-up", ...more };
  const gateway = await startWatched({
    upstreams: [
      { ...one, provider: "openai", models: ["gpt-4o"], prefix: "/openai" },
      { ...one, provider: "anthropic", models: ["claude"], prefix: "/anthropic" },
      { ...one, provider: "gemini", models: ["gemini"], prefix: "/gemini" },
      { ...one, provider: "generic", prefix: "/plain" },
    ],
    plugins: [{ retry: { attempts: 1 } }],
  });
  defer(gateway.close);
  return { gateway, upstream };
}

/** Sends text once the request is there, then cuts the connection as soon as that is out. */
async function sendAndCut({ socket, text: request }: RawRequest, text: string): Promise<void> {
  await until(() => isWhole(request()));
  socket.write(Buffer.from(text, "latin1"), () => socket.destroy());
}

for (const { name, paths, request, event, error } of streams) {
  deferTest(`a stream that breaks tells so and is cut: ${name}`, async (defer) => {
    const { gateway } = await setUp(defer, (asked) => void sendAndCut(asked, sse + chunk(event)));
    for (const [i, path] of paths.entries()) {
      const answer = await rawClient(gateway.url, post(path, request)).over;
      assert.match(answer, /^HTTP\/1\.1 200 /, path);
      const { body, whole } = unchunk(answer);
      assert.equal(body, `${event}\n\n${error}`, path);
      assert.equal(whole, false, path);
      const end = await gateway.ended(2 * i + 1);
      assert.deepEqual(summary(end), { status: 200, result: "broken", attempts: [200] });
      assert.equal(end.outcome.error?.code, "upstream_connection_lost");
      // As a client of HTTP sees it.
      const sent = { method: "POST", body: JSON.stringify(request) };
      const fetched = await fetch(gateway.url + path, {
        ...sent,
        headers: { "content-type": "application/json" },
      });
      await assert.rejects(fetched.text(), path);
      await gateway.ended(2 * i + 2);
    }
  });
}

const cuts: { name: string; upstream: string; timeouts?: object; code: string }[] = [
  {
    name: "chunks without an end",
    upstream: head("Transfer-Encoding: chunked") + chunk("half of it"),
    code: "connection_lost",
  },
  {
    name: "a cut in the middle of a chunk",
    upstream: `${head("Transfer-Encoding: chunked")}ff\r\nhalf of it`,
    code: "connection_lost",
  },
  {
    name: "a chunk that is none",
    upstream: `${head("Transfer-Encoding: chunked")}${chunk("half of it")}zz\r\n`,
    code: "bad_answer",
  },
  {
    name: "less than its length",
    upstream: `${head("Content-Length: 2000000")}half of it`,
    code: "connection_lost",
  },
];

for (const { name, upstream: sent, code } of cuts) {
  deferTest(`a plain body that breaks does not end as if it were whole: ${name}`, async (defer) => {
    const { gateway } = await setUp(defer, (asked) => void sendAndCut(asked, sent));
    const answer = await rawClient(gateway.url, get("/plain/x")).over;
    assert.match(answer, /^HTTP\/1\.1 200 /);
    const length = /content-length: (\d+)/i.exec(answer)?.[1];
    assert.equal(length, name.includes("length") ? "2000000" : undefined);
    if (length === undefined) assert.deepEqual(unchunk(answer), { body: "half of it", whole: false });
    else assert.match(answer, /\r\n\r\nhalf of it$/);
    const end = await gateway.ended(1);
    assert.deepEqual(summary(end), { status: 200, result: "broken", attempts: [200] });
    assert.equal(end.outcome.error?.code, `upstream_${code}`);
    await assert.rejects(fetch(`${gateway.url}/plain/x`).then((fetched) => fetched.text()));
    await gateway.ended(2);
  });
}

deferTest("an upstream that falls silent in the middle breaks the answer", async (defer) => {
  const [{ event, paths, request }] = streams as [(typeof streams)[0]];
  const { gateway, upstream } = await setUp(
    defer,
    (asked, count) =>
      asked.send(count === 1 ? sse + chunk(event) : head("Transfer-Encoding: chunked") + chunk("half of it")),
    { timeouts: { silence: "300ms" } },
  );
  const stream = unchunk(await rawClient(gateway.url, post(paths[0] ?? "", request)).over);
  assert.match(stream.body, /"code":"upstream_silence_timeout"\}\}\n\n$/);
  assert.equal(stream.whole, false);
  const plain = unchunk(await rawClient(gateway.url, get("/plain/x")).over);
  assert.deepEqual(plain, { body: "half of it", whole: false });
  assert.equal((await gateway.ended(2)).outcome.error?.code, "upstream_silence_timeout");
  // The upstream is let go, too.
  await until(() => upstream.requests.every(({ closedAt }) => closedAt !== undefined));
});

deferTest("a compressed stream that breaks is cut, with no text in it", async (defer) => {
  const packed = gzipSync("data: one\n\n").toString("latin1");
  const packedHead = sse.replace("\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n");
  const { gateway } = await setUp(defer, (asked) => void sendAndCut(asked, packedHead + chunk(packed)));
  const answer = await rawClient(gateway.url, get("/openai/x")).over;
  const { body, whole } = unchunk(answer);
  assert.deepEqual([Buffer.from(body, "latin1"), whole], [Buffer.from(packed, "latin1"), false]);
});

// Deno's server closes such a connection in order, whatever became of the answer.
if (!("Deno" in globalThis)) {
  deferTest("a client of HTTP/1.0, which knows no chunks, sees a break as a reset", async (defer) => {
    const { gateway } = await setUp(
      defer,
      (asked) => void sendAndCut(asked, head("Transfer-Encoding: chunked") + chunk("half of it")),
    );
    const client = rawClient(gateway.url, "GET /plain/x HTTP/1.0\r\nHost: x\r\n\r\n");
    let error: NodeJS.ErrnoException | undefined;
    client.socket.on("error", (reset) => (error = reset));
    const answer = await client.over;
    assert.match(answer, /^HTTP\/1\.1 200 [^]*half of it$/);
    assert.equal(error?.code, "ECONNRESET");
  });
}

/** Ways in which an answer breaks before its first piece. */
const early = [
  { name: "no answer", sent: "" },
  { name: "half a head", sent: "HTTP/1.1 200 OK\r\nContent-Ty" },
  { name: "a head of a stream", sent: sse },
  {
    name: "a head of a chunked answer",
    sent: head("Content-Type: application/json\r\nTransfer-Encoding: chunked"),
  },
  {
    name: "a head of a long answer",
    sent: head("Content-Type: application/json\r\nContent-Length: 2000000"),
  },
  {
    name: "half of a short answer",
    sent: `${head("Content-Type: application/json\r\nContent-Length: 100")}{"half":`,
  },
];

for (const { name, sent } of early) {
  deferTest(
    `what breaks before the first piece is tried elsewhere, else answered with 502: ${name}`,
    async (defer) => {
      const broken = await startRawUpstream((asked) => void sendAndCut(asked, sent));
      defer(broken.close);
      const good = await startUpstream((_req, res) => sendJson(res, 200, chatAnswer()));
      defer(good.close);
      const one = { provider: "openai", prefix: "/p", key: "sk-up" };
      const gateway = await startWatched({
        upstreams: [
          { ...one, baseURL: broken.url, models: ["gpt-4o", "lonely"], priority: 1 },
          { ...one, baseURL: good.url, models: ["gpt-4o"], prefix: undefined },
        ].map(({ prefix, ...rest }) => (prefix ? { ...rest, prefix } : rest)),
        plugins: [{ retry: { attempts: 2, backoff: { base: 1 } } }],
      });
      defer(gateway.close);
      const retried = await rawClient(
        gateway.url,
        post("/v1/chat/completions", { model: "gpt-4o", messages }, "Connection: close\r\n"),
      ).over;
      assert.match(retried, /^HTTP\/1\.1 200 [^]*"Hello!"/);
      assert.equal(good.requests.length, 1);
      const alone = await rawClient(
        gateway.url,
        post("/v1/chat/completions", { model: "lonely", messages }, "Connection: close\r\n"),
      ).over;
      assert.match(alone, /^HTTP\/1\.1 502 [^]*"code":"upstream_connection_lost"\}\}$/);
      assert.equal(broken.requests.length, 3);
      assert.equal((await gateway.ended(2)).outcome.result, "complete");
    },
  );
}
