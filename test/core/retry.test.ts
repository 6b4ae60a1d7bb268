import assert from "node:assert/strict";
import { request } from "undici";
import { startWatched, summary } from "../_calls.ts";
import type { WatchedGateway } from "../_calls.ts";
import { deferTest } from "../_defer.ts";
import type { Defer } from "../_defer.ts";
import { chatAnswer, closedAddress, until } from "../_gateway.ts";
import { chunk, isWhole, startRawUpstream } from "../_raw.ts";
import type { RawRequest, RawUpstream } from "../_raw.ts";

/** Not as JSON.stringify would write it: what is sent again must be these very bytes. */
const body = `{ "model":"gpt-4o",  "messages":[{"role":"user","content":"H\\u00e9 1.0"}], "temperature": 1.00 }`;
const chatPath = "/v1/chat/completions";

function answer(status: number, text: string, headers = ""): string {
  return `HTTP/1.1 ${status} X\r\nContent-Type: application/json\r\nConnection: close\r\n${headers}Content-Length: ${text.length}\r\n\r\n${text}`;
}

const good = answer(200, JSON.stringify(chatAnswer()));
const refusal = (status: number, headers = ""): string => answer(status, `{"error":"no ${status}"}`, headers);

/** An upstream that answers each request, once it is whole, with the next of these; undefined: not at all; "": with a reset. */
async function scripted(defer: Defer, script: (string | undefined)[]): Promise<RawUpstream> {
  const answerTo = ({ socket }: RawRequest, count: number): void => {
    const next = script[Math.min(count, script.length) - 1];
    if (next === "") socket.resetAndDestroy();
    else if (next !== undefined) socket.write(next);
  };
  const upstream = await startRawUpstream((asked, count) => {
    void until(() => isWhole(asked.text())).then(() => answerTo(asked, count));
  });
  defer(upstream.close);
  return upstream;
}

const nobody: Addressed = { url: closedAddress };

type Addressed = Pick<RawUpstream, "url">;

interface SetUp {
  retry?: object;
  keys?: string[];
  prefix?: string;
  /** Of each upstream in turn. */
  firstByte?: (string | undefined)[];
}

/** A gateway before these upstreams, which are tried in this order. */
async function setUp(
  defer: Defer,
  upstreams: Addressed[],
  { retry, keys = ["sk-up"], prefix, firstByte = [] }: SetUp = {},
): Promise<WatchedGateway> {
  const gateway = await startWatched({
    upstreams: upstreams.map(({ url }, i) => ({
      provider: "openai",
      baseURL: `${url}/v1`,
      keys,
      models: ["gpt-4o"],
      timeouts: { firstByte: firstByte[i] ?? "5m" },
      priority: -i,
      ...(prefix && { prefix }),
    })),
    plugins: [{ retry: { backoff: { base: 10 }, ...retry } }],
  });
  defer(gateway.close);
  return gateway;
}

function ask(gateway: WatchedGateway, path = chatPath) {
  const headers = { "content-type": "application/json" };
  return request(gateway.url + path, { method: "POST", headers, body });
}

const bodyOf = (asked: RawRequest): string => asked.text().split("\r\n\r\n")[1] ?? "";
const keyOf = (asked: RawRequest): string => /authorization: Bearer (\S+)/i.exec(asked.text())?.[1] ?? "";

/** What may go wrong once, and how the attempt is noted. */
const failures: { name: string; sent: string | undefined; noted: string | number }[] = [
  { name: "a reset", sent: "", noted: "upstream_connection_lost" },
  { name: "500", sent: refusal(500), noted: 500 },
  { name: "529", sent: refusal(529), noted: 529 },
  { name: "429 with Retry-After", sent: refusal(429, "Retry-After: 1\r\n"), noted: 429 },
  { name: "a first-byte time-out", sent: undefined, noted: "upstream_first_byte_timeout" },
];

for (const { name, sent, noted } of failures) {
  deferTest(`${name}: the only target is tried again, with the same bytes`, async (defer) => {
    const upstream = await scripted(defer, [sent, good]);
    // Longer than a busy machine holds up the answer that comes.
    const gateway = await setUp(defer, [upstream], {
      firstByte: [sent === undefined ? "2500ms" : undefined],
    });
    const began = performance.now();
    const { statusCode, body: answered } = await ask(gateway);
    const took = performance.now() - began;
    assert.equal(statusCode, 200);
    assert.deepEqual(await answered.json(), chatAnswer());
    assert.deepEqual(upstream.requests.map(bodyOf), [body, body]);
    const end = await gateway.ended(1);
    assert.deepEqual(summary(end), { status: 200, result: "complete", attempts: [noted, 200] });
    if (name.includes("Retry-After")) assert(took >= 990, `it did not wait: ${took} ms`);
  });

  deferTest(`${name}: another target is tried, at once and with the same bytes`, async (defer) => {
    const broken = await scripted(defer, [sent]);
    const healthy = await scripted(defer, [good]);
    const gateway = await setUp(defer, [broken, healthy], {
      retry: { backoff: { base: "30s", max: "30s" } },
      firstByte: [sent === undefined ? "300ms" : undefined],
    });
    const { statusCode, body: answered } = await ask(gateway);
    assert.equal(statusCode, 200);
    assert.deepEqual(await answered.json(), chatAnswer());
    assert.deepEqual([broken.requests.map(bodyOf), healthy.requests.map(bodyOf)], [[body], [body]]);
    const end = await gateway.ended(1);
    assert.deepEqual(summary(end), { status: 200, result: "complete", attempts: [noted, 200] });
    // Nothing of the failed attempt is kept open.
    await until(() => broken.requests.every(({ closedAt }) => closedAt !== undefined));
  });
}

deferTest("a refused connection: tried so often, then 502; another target at once", async (defer) => {
  const alone = await setUp(defer, [nobody]);
  const { statusCode, body: refused } = await ask(alone);
  assert.equal(statusCode, 502);
  assert.equal(((await refused.json()) as { error: { code: string } }).error.code, "upstream_connect_failed");
  const failed = "upstream_connect_failed";
  const end = await alone.ended(1);
  assert.deepEqual(summary(end), { status: 502, result: "complete", attempts: [failed, failed, failed] });

  const healthy = await scripted(defer, [good]);
  const gateway = await setUp(defer, [nobody, healthy]);
  assert.equal((await ask(gateway)).statusCode, 200);
  assert.deepEqual(healthy.requests.map(bodyOf), [body]);
});

deferTest("a target that fails on and on: the client gets its last answer", async (defer) => {
  const upstream = await scripted(defer, [refusal(500)]);
  const gateway = await setUp(defer, [upstream], { retry: { attempts: 4 } });
  const { statusCode, body: answered } = await ask(gateway);
  assert.deepEqual([statusCode, await answered.text()], [500, '{"error":"no 500"}']);
  assert.equal(upstream.requests.length, 4);
});

deferTest(
  "429 with a Retry-After beyond the bound goes to the client, which is told the wait",
  async (defer) => {
    const upstream = await scripted(defer, [refusal(429, "Retry-After: 60\r\n")]);
    const gateway = await setUp(defer, [upstream]);
    const { statusCode, headers } = await ask(gateway);
    assert.deepEqual([statusCode, headers["retry-after"], upstream.requests.length], [429, "60", 1]);
  },
);

deferTest("401 on one key: the other key is tried, the same never; another upstream, too", async (defer) => {
  const oneOfTwo = await scripted(defer, [refusal(401), good]);
  const twoKeys = await setUp(defer, [oneOfTwo], { keys: ["sk-a", "sk-b"] });
  assert.equal((await ask(twoKeys)).statusCode, 200);
  assert.deepEqual(oneOfTwo.requests.map(keyOf), ["sk-a", "sk-b"]);
  assert.deepEqual(oneOfTwo.requests.map(bodyOf), [body, body]);

  const bothBad = await scripted(defer, [refusal(401)]);
  const refusing = await setUp(defer, [bothBad], { keys: ["sk-a", "sk-b"], retry: { attempts: 5 } });
  assert.equal((await ask(refusing)).statusCode, 401);
  assert.deepEqual(bothBad.requests.map(keyOf), ["sk-a", "sk-b"]);

  const single = await scripted(defer, [refusal(401), good]);
  const oneKey = await setUp(defer, [single]);
  const { statusCode, body: answered } = await ask(oneKey);
  assert.deepEqual([statusCode, await answered.text()], [401, '{"error":"no 401"}']);
  assert.equal(single.requests.length, 1);

  const healthy = await scripted(defer, [good]);
  const elsewhere = await setUp(defer, [await scripted(defer, [refusal(401)]), healthy]);
  assert.equal((await ask(elsewhere)).statusCode, 200);
});

deferTest("what is wrong with the request itself is not tried again", async (defer) => {
  const upstream = await scripted(defer, [refusal(400), good]);
  const gateway = await setUp(defer, [upstream, upstream]);
  assert.equal((await ask(gateway)).statusCode, 400);
  assert.equal(upstream.requests.length, 1);
});

deferTest("after the first byte nothing is tried again", async (defer) => {
  const begun = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  const broken = await startRawUpstream(({ socket, text }) => {
    void until(() => isWhole(text())).then(() =>
      socket.write(begun + chunk("data: one\n\n"), () => socket.destroy()),
    );
  });
  defer(broken.close);
  const healthy = await scripted(defer, [good]);
  const gateway = await setUp(defer, [broken, healthy]);
  const { statusCode, body: answered } = await ask(gateway);
  assert.equal(statusCode, 200);
  await assert.rejects(answered.text());
  const end = await gateway.ended(1);
  assert.deepEqual(summary(end), { status: 200, result: "broken", attempts: [200] });
  assert.equal(healthy.requests.length, 0);
});

deferTest(
  "under a prefix, a body that went out is not tried again; one that is held, or never went, is",
  async (defer) => {
    const broken = await scripted(defer, [refusal(500)]);
    const healthy = await scripted(defer, [good]);
    const gateway = await setUp(defer, [broken, healthy], { prefix: "/p" });
    const { statusCode, body: answered } = await ask(gateway, "/p/v1/files");
    assert.deepEqual([statusCode, await answered.text()], [500, '{"error":"no 500"}']);
    assert.deepEqual([broken.requests.length, healthy.requests.length], [1, 0]);
    // Without a body, and where a protocol's endpoint was recognised.
    assert.equal((await request(`${gateway.url}/p/v1/files`)).statusCode, 200);
    assert.equal((await ask(gateway, "/p/v1/chat/completions")).statusCode, 200);
    assert.equal(healthy.requests.map(bodyOf).at(-1), body);

    const other = await setUp(defer, [nobody, healthy], { prefix: "/p" });
    const { statusCode: late } = await ask(other, "/p/v1/files");
    assert.equal(late, 200);
    assert.equal(healthy.requests.map(bodyOf).at(-1), body);
  },
);
