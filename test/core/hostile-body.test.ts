import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../_gateway.ts";
import { exchange, jsonOf, statuses, withServed } from "./_served.ts";
import type { Patience, Served } from "./_served.ts";

const isDeno = "Deno" in globalThis;
const key = "sk-client-0123456789";
const credentials = `Host: gateway\r\nAuthorization: Bearer ${key}\r\n`;
const maxBody = 2 * 1024 * 1024;

const config = (url: string, requestTimeout = 60_000) => ({
  server: { requestTimeout, maxBody },
  upstreams: [
    { provider: "openai", baseURL: url, keys: ["up-secret"], models: ["gpt-4o"] },
    { provider: "anthropic", baseURL: url, keys: ["up-secret"], models: ["claude"] },
    { provider: "gemini", baseURL: url, keys: ["up-secret"], models: ["gemini"] },
    { name: "raw", provider: "generic", baseURL: url, prefix: "/raw" },
  ],
  keys: [{ key, name: "client" }],
});

/** A client that falls silent is given up soon; not so soon that a busy machine makes others seem silent. */
const impatient = (url: string) => config(url, 1500);

/** A client's protocol: where it sends a chat, one that is right, and how it is told of errors. */
const protocols = [
  {
    path: "/v1/chat/completions",
    right: '{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}',
    check(error: unknown, _status: number): void {
      const { error: told } = error as { error: Record<string, unknown> };
      assert.deepEqual(Object.keys(told).toSorted(), ["code", "message", "param", "type"]);
      assert.equal(told["type"], "invalid_request_error");
    },
  },
  {
    path: "/v1/messages",
    right: '{"model":"claude","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}',
    check(error: unknown, status: number): void {
      const { type, error: told } = error as { type: string; error: Record<string, unknown> };
      assert.equal(type, "error");
      assert.deepEqual(Object.keys(told).toSorted(), ["message", "type"]);
      assert.equal(told["type"], status === 413 ? "request_too_large" : "invalid_request_error");
    },
  },
  {
    path: "/v1beta/models/gemini:generateContent",
    right: '{"contents":[{"parts":[{"text":"hi"}]}]}',
    check(error: unknown, status: number): void {
      const { error: told } = error as { error: Record<string, unknown> };
      assert.deepEqual(Object.keys(told).toSorted(), ["code", "message", "status"]);
      assert.equal(told["code"], status);
    },
  },
];

function post(path: string, framing: string, body: string | Buffer): Buffer {
  const head = `POST ${path} HTTP/1.1\r\n${credentials}Content-Type: application/json\r\n${framing}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body)]);
}

function whole(path: string, body: string | Buffer): Buffer {
  return post(path, `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close`, body);
}

/** An answer with its body. Whether the connection closes then is the matter of other tests. */
const answered: Patience = { enough: (text) => /\r\n\r\n[^]*\}$/.test(text) };

/** Sends a bad body in each protocol; the refusal comes in that protocol's shape, and the next call goes through. */
async function refused(
  { port, gateway }: Served,
  what: string,
  status: number,
  bytes: (path: string) => Buffer,
) {
  const refuse = async ({ path, right, check }: (typeof protocols)[0]): Promise<void> => {
    const { text } = await exchange(port, bytes(path), answered);
    assert.deepEqual(statuses(text), [status], `${what}, ${path}: ${text.slice(0, 400)}`);
    check(jsonOf(text), status);
    assert.deepEqual(
      statuses((await exchange(port, whole(path, right))).text),
      [200],
      `after ${what}, ${path}`,
    );
  };
  await Promise.all(protocols.map(refuse));
  await until(() => gateway.inFlight === 0);
}

test("a body that is no JSON object is refused in the shape of the client's protocol", () =>
  withServed(config, async (served, upstream) => {
    const bodies: Record<string, string | Buffer> = {
      nothing: "",
      "white space": " \r\n ",
      "half an object": '{"model":"gpt-4o","messages":[',
      "a comma too many": '{"model":"gpt-4o",}',
      "two objects": '{"model":"gpt-4o"}{"model":"gpt-4o"}',
      "single quotes": "{'model':'gpt-4o'}",
      NaN: '{"model":"gpt-4o","n":NaN}',
      "a raw line feed in a string": '{"model":"gpt\n-4o"}',
      "an array": "[]",
      "a string": '"gpt-4o"',
      null: "null",
      "a number": "1e999",
      "a byte that is no UTF-8": Buffer.from('{"model":"gpt-4o","x":"\xff"}', "latin1"),
      "half a character": Buffer.concat([
        Buffer.from('{"model":"gpt-4o","x":"'),
        Buffer.from([0xe4, 0xbd]),
        Buffer.from('"}'),
      ]),
      "UTF-8 of needless length": Buffer.from('{"model":"gpt-4o","x":"\xc0\xaf"}', "latin1"),
      "UTF-16": Buffer.from('{"model":"gpt-4o"}', "utf16le"),
      "100,000 arrays": "[".repeat(100_000) + "]".repeat(100_000),
      "100,000 objects": '{"a":'.repeat(100_000) + "1" + "}".repeat(100_000),
      "100,000 arrays without an end": `{"model":"gpt-4o","x":${"[".repeat(100_000)}`,
    };
    for (const [what, body] of Object.entries(bodies)) {
      await refused(served, what, 400, (path) => whole(path, body));
    }
    for (const { body } of upstream.requests) assert.match(body, /"hi"/);
    assert.deepEqual(served.messages, []);
  }));

test("odd bodies that are JSON go on byte for byte", () =>
  withServed(config, async ({ port }, upstream) => {
    const bodies = [
      String.raw`{"model":"gpt-4o","x":"\ud800","__proto__":{"model":"y"},"constructor":1}`,
      '{"model":"gpt-4o","n":1e999,"m":-0,"big":123456789012345678901234567890}',
      '{"x":{"model":"no"},"model":"no","model":"gpt-4o"}',
      `{"model":"gpt-4o","x":${"[".repeat(500)}${"]".repeat(500)}}`,
      `{"model":"gpt-4o","x":"${"[{".repeat(100_000)}"}`,
      '\ufeff{"model":"gpt-4o"}',
    ];
    for (const body of bodies) {
      const { text } = await exchange(port, whole("/v1/chat/completions", body));
      assert.deepEqual(statuses(text), [200], body.slice(0, 60));
      assert.equal(Buffer.from(upstream.requests.at(-1)?.body ?? "", "latin1").toString(), body);
    }
  }));

test("a body of 1 GB is refused when it is announced, and when it comes without announcement", () =>
  withServed(config, async (served) => {
    await refused(served, "announced", 413, (path) => post(path, "Content-Length: 1073741824", ""));
    const chunk = `${(maxBody + 1).toString(16)}\r\n${" ".repeat(maxBody + 1)}\r\n`;
    await refused(served, "in chunks", 413, (path) => post(path, "Transfer-Encoding: chunked", chunk));
  }));

test("a body that stops coming is refused, and on Node its connection is closed", () =>
  withServed(impatient, async (served, upstream) => {
    await refused(served, "stalled", 408, (path) => post(path, "Content-Length: 100", "{"));
    await refused(served, "a stalled chunk", 408, (path) =>
      post(path, "Transfer-Encoding: chunked", "5\r\n{"),
    );
    const stalled = await exchange(
      served.port,
      post("/v1/messages", "Content-Length: 9", "{"),
      isDeno ? answered : {},
    );
    assert.equal(stalled.closed, !isDeno);
    assert(upstream.requests.length > 0);
  }));

test("a body that stops coming while it is passed on is the client's fault, not the upstream's", () =>
  withServed(impatient, async ({ port, gateway, messages }, upstream) => {
    const codes: (string | undefined)[] = [];
    gateway.context.hooks.hook("attempt:finish", (_call, { error }) => void codes.push(error));
    for (const framing of ["Content-Length: 1073741824", "Transfer-Encoding: chunked"]) {
      const { text } = await exchange(port, post("/raw/x", framing, "5\r\nhello"), answered);
      assert.deepEqual(statuses(text), [408]);
      assert.equal((jsonOf(text) as { error: { code: string } }).error.code, "request_timeout");
      assert.deepEqual(statuses((await exchange(port, whole("/raw/x", "{}"))).text), [200]);
    }
    assert.deepEqual(codes, ["request_timeout", undefined, "request_timeout", undefined]);
    assert.deepEqual(
      upstream.requests.map(({ body }) => body),
      ["{}", "{}"],
    );
    await until(() => gateway.inFlight === 0);
    assert.deepEqual(messages, []);
  }));

test("headers without number or measure are refused", () =>
  withServed(config, async ({ port }, upstream) => {
    const fields = (count: number) => Array.from({ length: count }, (_, i) => `x-${i}: ${i}\r\n`).join("");
    const heads: Record<string, string> = {
      "10,000 headers": fields(10_000),
      "10,000 headers of a letter": "a:\r\n".repeat(10_000),
      "300 headers": fields(300),
      "a header of 1 MB": `x: ${"y".repeat(1024 * 1024)}\r\n`,
      "a name of 1 MB": `${"y".repeat(1024 * 1024)}: x\r\n`,
    };
    for (const [what, head] of Object.entries(heads)) {
      const { text } = await exchange(
        port,
        `GET /raw/x HTTP/1.1\r\n${credentials}${head}Connection: close\r\n\r\n`,
      );
      assert.deepEqual(statuses(text), [isDeno ? 400 : 431], what);
    }
    const long = await exchange(port, `GET /raw/${"x".repeat(1024 * 1024)} HTTP/1.1\r\n${credentials}\r\n`);
    assert.match(long.text, isDeno ? /^HTTP\/1\.1 4\d\d / : /^HTTP\/1\.1 431 /);
    assert.deepEqual(upstream.requests, []);
    assert.deepEqual(statuses((await exchange(port, whole("/raw/x", "{}"))).text), [200]);
  }));
