import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { request } from "undici";
import { startWatched } from "../_calls.ts";
import type { WatchedGateway } from "../_calls.ts";
import { deferTest } from "../_defer.ts";
import type { Defer } from "../_defer.ts";
import { closeServer, listenOn } from "../_gateway.ts";
import { finishedCall, startGatewayProcess } from "../_gateway-process.ts";
import type { GatewayProcess } from "../_gateway-process.ts";
import { chunk, startRawUpstream } from "../_raw.ts";

const mega = 1024 * 1024;
const chatPath = "/v1/chat/completions";
const chat = JSON.stringify({
  model: "gpt-4o",
  stream: true,
  messages: [{ role: "user", content: "Tell me." }],
});

const openaiEvents = [
  { choices: [{ index: 0, delta: { role: "assistant", content: "Hé" } }] },
  { choices: [{ index: 0, delta: { content: "llo 🙂\n\ndata: no" } }] },
  {
    choices: [],
    usage: { prompt_tokens: 7, completion_tokens: 12, prompt_tokens_details: { cached_tokens: 3 } },
  },
];
const openaiStream = `${openaiEvents.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")}data: [DONE]\n\n`;

const anthropicEvents = [
  { type: "message_start", message: { usage: { input_tokens: 7, output_tokens: 1 } } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hé 🙂" } },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 12 } },
  { type: "message_stop" },
];
const anthropicStream = anthropicEvents
  .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  .join("");

const geminiEvents = [
  { candidates: [{ content: { parts: [{ text: "Hé 🙂" }] } }], usageMetadata: { promptTokenCount: 7 } },
  { candidates: [], usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 12 } },
];
const geminiStream = geminiEvents.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join("");

const used = { inputTokens: 7, outputTokens: 12 };

/** A gateway in a process of its own before an upstream that streams. */
async function setUpProcess(defer: Defer, stream: (res: ServerResponse) => void): Promise<GatewayProcess> {
  const server = createServer((req, res) => {
    req.resume();
    res.writeHead(200, { "content-type": "text/event-stream" });
    stream(res);
  });
  const url = await listenOn(server);
  defer(() => closeServer(server));
  const gateway = await startGatewayProcess({
    upstreams: [{ provider: "openai", baseURL: `${url}/v1`, key: "sk-up", models: ["gpt-4o"] }],
  });
  defer(gateway.close);
  return gateway;
}

/** Writes pieces as fast as they are taken; yields the hash of all of them. */
async function pour(res: ServerResponse, pieces: Iterable<string>): Promise<string> {
  const hash = createHash("sha256");
  for (const piece of pieces) {
    hash.update(piece);
    if (!res.write(piece)) await new Promise((resolve) => res.once("drain", resolve));
  }
  res.end();
  return hash.digest("hex");
}

async function ask(url: string): Promise<string> {
  const headers = { "content-type": "application/json" };
  const answer = await request(url + chatPath, { method: "POST", headers, body: chat });
  const hash = createHash("sha256");
  for await (const piece of answer.body) hash.update(piece as Uint8Array);
  return hash.digest("hex");
}

/** Four events a piece. */
function* numberedEvents(count: number): Generator<string> {
  const event = (i: number): string => `data: {"choices":[{"index":0,"delta":{"content":"${i}"}}]}\n\n`;
  for (let i = 0; i < count; i += 4) yield event(i) + event(i + 1) + event(i + 2) + event(i + 3);
  yield `data: ${JSON.stringify(openaiEvents[2])}\n\ndata: [DONE]\n\n`;
}

deferTest("a stream of 100,000 events passes whole and in order, in bounded memory", async (defer) => {
  let count = 1000;
  let sent = Promise.resolve("");
  const gateway = await setUpProcess(defer, (res) => void (sent = pour(res, numberedEvents(count))));
  await ask(gateway.url);
  const before = gateway.memory();
  count = 100_000;
  const received = await ask(gateway.url);
  assert.equal(received, await sent);
  const { usage, status, result } = await finishedCall(gateway, 2);
  assert.deepEqual(
    { usage, status, result },
    { usage: { ...used, cachedTokens: 3 }, status: 200, result: "complete" },
  );
  const growth = gateway.peakMemory() - before;
  assert(growth < 64 * mega, `it grew by ${growth / mega} MB`);
});

function* longLine(): Generator<string> {
  yield 'data: {"choices":[{"index":0,"delta":{"content":"';
  const piece = "0123456789abcde\u00e9".repeat(4096);
  for (let i = 0; i < 440; i++) yield piece;
  yield `"}}]}\n\n${openaiStream}`;
}

deferTest("an event of 30 MB without a line break passes untouched, in bounded memory", async (defer) => {
  let pieces: () => Iterable<string> = () => numberedEvents(1000);
  let sent = Promise.resolve("");
  const gateway = await setUpProcess(defer, (res) => void (sent = pour(res, pieces())));
  await ask(gateway.url);
  const before = gateway.memory();
  pieces = longLine;
  const received = await ask(gateway.url);
  assert.equal(received, await sent);
  const { usage, result } = await finishedCall(gateway, 2);
  assert.equal(result, "complete");
  // Too long to be read along: what came after it is not known, and the gateway says so.
  assert.equal(usage?.estimated, true);
  const growth = gateway.peakMemory() - before;
  assert(growth < 64 * mega, `it grew by ${growth / mega} MB`);
});

/** A gateway in this process before an upstream that answers each request with the same bytes. */
async function setUp(defer: Defer, answer: () => string): Promise<WatchedGateway> {
  const upstream = await startRawUpstream(({ socket }) => {
    socket.end(Buffer.from(`HTTP/1.1 200 OK\r\nConnection: close\r\n${answer()}`, "latin1"));
  });
  defer(upstream.close);
  const one = { baseURL: upstream.url, key: "sk-up" };
  const gateway = await startWatched({
    upstreams: [
      { ...one, provider: "openai", prefix: "/openai" },
      { ...one, provider: "anthropic", prefix: "/anthropic" },
      { ...one, provider: "gemini", prefix: "/gemini" },
    ],
  });
  defer(gateway.close);
  return gateway;
}

const streams = [
  { path: "/openai/v1/chat/completions", text: openaiStream, usage: { ...used, cachedTokens: 3 } },
  { path: "/anthropic/v1/messages", text: anthropicStream, usage: used },
  { path: "/gemini/v1beta/models/gemini:streamGenerateContent?alt=sse", text: geminiStream, usage: used },
];

for (const { path, text, usage } of streams) {
  const name = path.split("/")[1];
  deferTest(
    `usage is read from a stream that comes byte by byte, and from one cut anywhere: ${name}`,
    async (defer) => {
      const bytes = Buffer.from(text).toString("latin1");
      const head = "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
      let pieces: string[] = [];
      const gateway = await setUp(defer, () => `${head}${pieces.map(chunk).join("")}0\r\n\r\n`);
      // Every byte alone; the last event without its blank line; then cuts after a piece too long to be held back.
      const cuts = [[...bytes], [bytes.replace(/\s+$/, "")]];
      const comment = `:${"x".repeat(65_536)}\n\n`;
      for (let at = 1; at < bytes.length; at += 3) cuts.push([comment + bytes.slice(0, at), bytes.slice(at)]);
      for (const [i, cut] of cuts.entries()) {
        pieces = cut;
        const answer = await request(gateway.url + path, { method: "POST", body: chat });
        assert.equal(await answer.body.text(), Buffer.from(cut.join(""), "latin1").toString());
        assert.deepEqual((await gateway.ended(i + 1)).outcome.usage, usage, `cut ${i}`);
      }
    },
  );
}

const packers = {
  gzip: gzipSync,
  br: brotliCompressSync,
  deflate: deflateSync,
  "deflate, raw": deflateRawSync,
};

for (const [name, pack] of Object.entries(packers)) {
  deferTest(`a compressed answer passes untouched, and its usage is read: ${name}`, async (defer) => {
    let answer = "";
    const gateway = await setUp(defer, () => answer);
    const encoding = name.split(",")[0] ?? "";
    const whole = JSON.stringify({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 12 } });
    const bodies = [
      { type: "text/event-stream", text: openaiStream, usage: { ...used, cachedTokens: 3 } },
      { type: "application/json", text: whole, usage: used },
    ];
    for (const [i, { type, text, usage }] of bodies.entries()) {
      const packed = pack(text);
      const head = `Content-Type: ${type}\r\nContent-Encoding: ${encoding}\r\n`;
      const bytes = packed.toString("latin1");
      const forms = [
        `${head}Transfer-Encoding: chunked\r\n\r\n${[...bytes].map(chunk).join("")}0\r\n\r\n`,
        `${head}Content-Length: ${packed.length}\r\n\r\n${bytes}`,
      ];
      for (const [j, form] of forms.entries()) {
        answer = form;
        const { headers, body } = await request(gateway.url + streams[0]?.path, {
          method: "POST",
          body: chat,
        });
        assert.equal(headers["content-encoding"], encoding);
        assert.deepEqual(Buffer.from(await body.arrayBuffer()), packed);
        const { outcome } = await gateway.ended(2 * i + j + 1);
        assert.deepEqual([outcome.status, outcome.result, outcome.usage], [200, "complete", usage]);
      }
    }
  });
}

deferTest("an answer that is not packed as it says passes as it is", async (defer) => {
  const cut = gzipSync(openaiStream.repeat(50)).subarray(0, 60).toString("latin1");
  const bodies = ["no gzip at all", "\x1f\x8b\x08 begins like one", cut, ""];
  let answer = "";
  const gateway = await setUp(defer, () => answer);
  for (const [i, bytes] of bodies.entries()) {
    for (const [j, type] of ["text/event-stream", "application/json"].entries()) {
      answer = `Content-Type: ${type}\r\nContent-Encoding: gzip\r\nContent-Length: ${bytes.length}\r\n\r\n${bytes}`;
      const { body } = await request(gateway.url + streams[0]?.path, { method: "POST", body: chat });
      assert.equal(Buffer.from(await body.arrayBuffer()).toString("latin1"), bytes);
      const { outcome } = await gateway.ended(2 * i + j + 1);
      assert.deepEqual([outcome.status, outcome.result, outcome.error], [200, "complete", undefined]);
    }
  }
  assert.deepEqual(
    gateway.messages.filter(({ level }) => level === "error"),
    [],
  );
});
