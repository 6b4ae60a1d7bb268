import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, test } from "node:test";
import { fakeClock } from "../_fake-clock.ts";
import { chatAnswer, sendJson, startGateway, startUpstream, until, type TestGateway } from "../_gateway.ts";
import { pace, paceBody } from "../../plugins/rate-limit/pace.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A source that counts how often it was asked, and what became of it. */
function sourceOf(pieces: Iterable<string>, end: "close" | Error = "close") {
  const state = { asked: 0, cancelled: undefined as unknown };
  const iterator = pieces[Symbol.iterator]();
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        state.asked++;
        const { done, value } = iterator.next();
        if (!done) controller.enqueue(encoder.encode(value));
        else if (end === "close") controller.close();
        else controller.error(end);
      },
      cancel(reason) {
        state.cancelled = reason;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, state };
}

/** Every piece and when it came, in ms from the call on. */
async function readAll(stream: ReadableStream<Uint8Array>): Promise<{ text: string; at: number }[]> {
  const pieces: { text: string; at: number }[] = [];
  const start = performance.now();
  for await (const piece of stream) {
    pieces.push({ text: decoder.decode(piece), at: performance.now() - start });
  }
  return pieces;
}

test("events go out one by one at the rate, the first at once", async () => {
  const { stream } = sourceOf(["data: 1\n\ndata: 2\n\ndata: 3\n\n", "data: 4\n\ndata: 5\n\n"]);
  const pieces = await readAll(paceBody(stream, 40));
  assert.deepEqual(
    pieces.map(({ text }) => text),
    ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n", "data: 4\n\n", "data: 5\n\n"],
  );
  // Timers may come a little early, never much; how late they come is the machine's affair.
  for (const [i, { at }] of pieces.entries())
    assert.ok(at >= i * 40 - 5 && at < i * 40 + 20_000, `${i} at ${at}`);
});

test("an event that comes in parts waits with its last part only", async () => {
  const { stream } = sourceOf(["data: 1\n\nda", "ta: 2", "\n", "\ndata: 3\n\n"]);
  const clock = fakeClock();
  const reader = paceBody(stream, 500, false, clock).getReader();
  const read = async (): Promise<string> => decoder.decode((await reader.read()).value);
  // The clock stands still: none of these waits.
  for (const part of ["data: 1\n\n", "da", "ta: 2", "\n"]) assert.equal(await read(), part);
  for (const part of ["\n", "data: 3\n\n"]) {
    const last = read();
    await until(() => clock.timers === 1);
    clock.pass(499);
    assert.equal(clock.timers, 1, "the end did not wait");
    clock.pass(1);
    assert.equal(await last, part);
  }
});

test("bytes stay what they are, however lines end and pieces are cut", async () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = [": ping", "", "event: a", "data: ä 漢", "", "", "data: 2", "", "data: no end"].join(end);
    const bytes = encoder.encode(text);
    const events = 4;
    for (let size = 1; size <= bytes.length; size++) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
      const source = new ReadableStream<Uint8Array>({
        start(controller) {
          for (const piece of pieces) controller.enqueue(piece);
          controller.close();
        },
      });
      const out: Uint8Array[] = [];
      for await (const piece of paceBody(source, 0.001)) out.push(piece);
      assert.equal(Buffer.concat(out).toString(), text);
      if (size === bytes.length) assert.equal(out.length, events + 1, JSON.stringify(end));
    }
  }
});

test("the source is asked no faster than the reader reads", async () => {
  const { stream, state } = sourceOf(Array.from({ length: 100 }, (_, i) => `data: ${i}\n\n`));
  const reader = paceBody(stream, 1).getReader();
  assert.equal(state.asked, 0);
  for (let i = 1; i <= 5; i++) {
    await reader.read();
    await sleep(5);
    assert.ok(state.asked <= i + 1, `asked ${state.asked} times for ${i}`);
  }
  await reader.cancel();
});

test("a reader that leaves while an event waits cancels the source at once", async () => {
  const { stream, state } = sourceOf(["data: 1\n\n", "data: 2\n\n"]);
  const reader = paceBody(stream, 60_000).getReader();
  await reader.read();
  const waiting = reader.read();
  await sleep(20);
  const start = performance.now();
  await reader.cancel("gone");
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.equal(state.cancelled, "gone");
  assert.ok(performance.now() - start < 30_000);
});

test("a source that breaks breaks the answer, after what came before", async () => {
  const { stream } = sourceOf(["data: 1\n\ndata: 2\n\n"], new Error("cut"));
  const reader = paceBody(stream, 5).getReader();
  assert.equal(decoder.decode((await reader.read()).value), "data: 1\n\n");
  assert.equal(decoder.decode((await reader.read()).value), "data: 2\n\n");
  await assert.rejects(reader.read(), /cut/);
});

test("only streams of events are paced; status and headers stay", async () => {
  const whole = Response.json({ ok: true });
  assert.equal(pace(whole, 1000), whole);
  const headers = { "content-type": "text/event-stream; charset=utf-8", "x-request-id": "1" };
  const stream = pace(new Response("data: 1\n\n", { status: 203, headers }), 1);
  assert.equal(stream.status, 203);
  assert.deepEqual(Object.fromEntries(stream.headers), headers);
  assert.equal(await stream.text(), "data: 1\n\n");
});

test("where events cannot be seen each piece is one", async () => {
  const { stream } = sourceOf(["abc", "def", "ghi"]);
  const headers = { "content-type": "text/event-stream", "content-encoding": "gzip" };
  const pieces = await readAll(pace(new Response(stream, { headers }), 40).body!);
  assert.equal(pieces.length, 3);
  assert.ok((pieces[2]?.at ?? 0) >= 75);
});

/** Streams that the upstream is writing. */
const open = new Set<ServerResponse>();
let cutAfter = Infinity;
/** Cuts the stream that ends after `cutAfter` events. */
let cut = (): void => {};

const upstream = await startUpstream((req, res) => {
  if (!String(req.body).includes('"stream":true')) return sendJson(res, 200, chatAnswer());
  open.add(res);
  res.on("close", () => open.delete(res));
  res.writeHead(200, { "content-type": "text/event-stream", "x-request-id": "up-1" });
  for (let i = 0; i < Math.min(6, cutAfter); i++)
    res.write(`data: {"choices":[{"index":0,"delta":{"content":"${i}"}}]}\n\n`);
  if (cutAfter < 6) cut = () => void res.destroy();
  else res.end("data: [DONE]\n\n");
});
after(() => upstream.close());

async function withPace(
  paces: object[],
  run: (
    gateway: TestGateway,
    ask: (stream: boolean, init?: RequestInit) => Promise<Response>,
  ) => Promise<void>,
): Promise<void> {
  const gateway = await startGateway({
    extends: [],
    upstreams: [
      {
        provider: "openai",
        baseURL: `${upstream.url}/v1`,
        keys: ["sk-upstream"],
        models: ["gpt-4o"],
        prefix: "/openai",
      },
    ],
    keys: [{ key: "sk-a", name: "a" }],
    plugins: ["protocols/openai-chat", "auth", { "rate-limit": { pace: paces } }, "routing"],
  });
  const ask = (stream: boolean, init: RequestInit = {}): Promise<Response> =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer sk-a", "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-4o", messages: [], stream }),
      ...init,
    });
  try {
    await run(gateway, ask);
  } finally {
    await gateway.close();
  }
}

test("a stream comes to the client at the slowest rate that fits, an answer in one piece at once", async () => {
  const paces = [
    { rate: "1000/second" },
    { rate: "20/second", models: ["gpt-*"] },
    { rate: "1/minute", paths: ["/openai/*"] },
    { rate: "1/minute", keys: ["b"] },
  ];
  await withPace(paces, async (_gateway, ask) => {
    const start = performance.now();
    const whole = await ask(false);
    await whole.text();
    assert.ok(performance.now() - start < 20_000);
    const asked = performance.now();
    const response = await ask(true);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.equal(response.headers.get("x-request-id"), "up-1");
    assert.equal(response.headers.get("x-ratelimit-limit-requests"), null);
    const pieces = await readAll(response.body!);
    const text = pieces.map((piece) => piece.text).join("");
    assert.equal(text.match(/^data: /gm)?.length, 7);
    assert.ok(text.endsWith("data: [DONE]\n\n"));
    // Six waits of 50 ms; at 1 a minute they would take minutes.
    const took = performance.now() - asked;
    assert.ok(took >= 6 * 50 - 40 && took < 20_000, `took ${took}`);
  });
});

test("a client that leaves a paced stream ends it, without waiting for its turn", async () => {
  await withPace([{ rate: "1/minute" }], async ({ gateway }, ask) => {
    const leaving = new AbortController();
    const response = await ask(true, { signal: leaving.signal });
    const reader = response.body!.getReader();
    await reader.read();
    assert.equal(gateway.inFlight, 1);
    leaving.abort();
    await until(() => gateway.inFlight === 0);
  });
});

test("a paced stream that breaks at the upstream is broken at the client", async () => {
  cutAfter = 2;
  try {
    await withPace([{ rate: "50/second" }], async ({ gateway }, ask) => {
      const results: string[] = [];
      gateway.context.hooks.hook("call:finish", (_call, { result }) => void results.push(result));
      const response = await ask(true);
      let text = "";
      const reading = (async () => {
        for await (const piece of response.body!) {
          text += decoder.decode(piece);
          // Not before all of it has come: bytes that wait may be lost with their connection.
          if (text.includes('"content":"1"')) cut();
        }
      })();
      await reading.catch(() => {});
      assert.ok(!text.includes("[DONE]"));
      assert.match(text, /"content":"1"/);
      await until(() => results.length === 1);
      assert.deepEqual(results, ["broken"]);
    });
  } finally {
    cutAfter = Infinity;
  }
});

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
