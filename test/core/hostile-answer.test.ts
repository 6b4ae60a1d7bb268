import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { until } from "../_gateway.ts";
import { chunk, unchunk } from "../_raw.ts";
import { exchange, headLines, jsonOf, statuses, withServed } from "./_served.ts";

const config = (url: string) => ({
  plugins: [{ auth: { anonymous: true } }, { retry: false }],
  upstreams: [
    { name: "raw", provider: "generic", baseURL: url, prefix: "/p" },
    { name: "chat", provider: "openai", baseURL: url, keys: ["up-secret"], models: ["gpt-4o"] },
  ],
});

const json = "content-type: application/json\r\n";
const rest = `${json}content-length: 2\r\n\r\n{}`;
const fine = `HTTP/1.1 200 OK\r\n${rest}`;

function get(path: string, headers = "Connection: close\r\n", method = "GET"): string {
  return `${method} ${path} HTTP/1.1\r\nHost: gateway\r\n${headers}\r\n`;
}

/** Lets an upstream give each of these answers, by path, and then a normal one on the same server. */
function answers(
  table: Record<string, string>,
  judge: (name: string, text: string) => void,
  method = "GET",
): Promise<void> {
  const names = Object.keys(table);
  return withServed(
    config,
    async ({ port, gateway, messages }) => {
      for (const [at, name] of names.entries()) {
        // The second request is there to see that no byte of the first answer is left before its own.
        const both = get(`/p/${at}`, "", method) + get("/p/fine");
        const { text, closed } = await exchange(port, both);
        assert(closed, `${name}: the connection stays open`);
        judge(name, text);
        const next = await exchange(port, get("/p/fine"));
        assert.deepEqual(statuses(next.text), [200], `the call after ${name}`);
        await until(() => gateway.inFlight === 0);
      }
      // Deno's server tells of each body that it could not send whole.
      assert.deepEqual(
        messages.filter((message) => message !== "server: The upstream's answer was not valid HTTP."),
        [],
      );
    },
    ({ target }) => (target === "/fine" ? fine : (table[names[Number(target.slice(1))] ?? ""] ?? "")),
  );
}

test("an answer that is no HTTP, or more than one, is a 502 that names its reason", () =>
  answers(
    {
      "no HTTP": "hello\r\n\r\n",
      "a body only": "{}",
      "NUL in a value": `HTTP/1.1 200 OK\r\nx-a: b\0c\r\n${rest}`,
      "control character in a value": `HTTP/1.1 200 OK\r\nx-a: b\x01c\r\n${rest}`,
      "carriage return in a value": `HTTP/1.1 200 OK\r\nx-a: b\rset-cookie: evil=1\r\n${rest}`,
      "line feed in a value": `HTTP/1.1 200 OK\r\nx-a: b\nset-cookie: evil=1\r\n${rest}`,
      "folded header": `HTTP/1.1 200 OK\r\nx-a: b\r\n set-cookie: evil=1\r\n${rest}`,
      "space in a name": `HTTP/1.1 200 OK\r\nx a: b\r\n${rest}`,
      "carriage return in the status text": `HTTP/1.1 200 OK\rset-cookie: evil=1\r\n${rest}`,
      "a status of four digits": `HTTP/1.1 1000 High\r\n${rest}`,
      "status 600": `HTTP/1.1 600 High\r\n${rest}`,
      "status 999": `HTTP/1.1 999 High\r\n${rest}`,
      "status 99": `HTTP/1.1 099 Low\r\n${rest}`,
      "length and chunked": `HTTP/1.1 200 OK\r\n${json}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
      "two lengths": `HTTP/1.1 200 OK\r\ncontent-length: 5\r\n${rest}`,
      "length with a plus": `HTTP/1.1 200 OK\r\n${json}content-length: +2\r\n\r\n{}`,
      "length beyond all numbers": `HTTP/1.1 200 OK\r\n${json}content-length: 99999999999999999999999\r\n\r\n{}`,
      "a switch of protocols that nobody asked for":
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n{}",
      "a header of 1 MB": `HTTP/1.1 200 OK\r\nx: ${"y".repeat(1024 * 1024)}\r\n${rest}`,
      "100,000 headers": `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(100_000)}${rest}`,
    },
    (name, text) => {
      assert.deepEqual(statuses(text), [502, 200], name);
      assert.match(text, /"code":"upstream_(?:bad_answer|connection_lost)"/, name);
      assert.doesNotMatch(text, /evil/, name);
    },
  ));

test("what follows an answer on its connection is no answer to anybody", () =>
  answers({ more: `${fine}HTTP/1.1 200 OK\r\nx-evil: 1\r\ncontent-length: 4\r\n\r\nevil` }, (_name, text) => {
    assert.deepEqual(statuses(text), [200, 200]);
    assert.doesNotMatch(text, /evil/);
  }));

test("a body that breaks its framing is cut, so that nobody takes it for the whole", () =>
  answers(
    {
      "size beyond all numbers": `HTTP/1.1 200 OK\r\n${json}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\nfffffffffffffffff1\r\nx`,
      "a size that is none": `HTTP/1.1 200 OK\r\n${json}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\nZZ\r\n`,
    },
    (name, text) => {
      assert.deepEqual(statuses(text), [200], name);
      assert.equal(unchunk(text).whole, false, name);
    },
  ));

test("odd status texts and values pass, without what no Response takes", () =>
  answers(
    {
      "control character in the status text": `HTTP/1.1 200 O\x01K\r\n${rest}`,
      "latin1 in the status text": `HTTP/1.1 200 \xe9t\xe9\r\n${rest}`,
      "no status text": `HTTP/1.1 200\r\n${rest}`,
      "a header named __proto__": `HTTP/1.1 200 OK\r\n__proto__: x\r\nconstructor: y\r\n${rest}`,
    },
    (name, text) => {
      assert.deepEqual(statuses(text), [200, 200], name);
      assert.match(text, /^HTTP\/1\.1 200 (?:OK)?\r\n/, name);
    },
  ));

test("headers of one connection are not passed on, in either direction", () =>
  withServed(
    config,
    async ({ port }, upstream) => {
      const hops =
        "Connection: x-hop, KEEP-ALIVE,close\r\nConnection: X-Too\r\nX-Hop: 1\r\nX-Too: 1\r\nKeep-Alive: 9\r\nTE: gzip\r\nTrailer: x\r\nProxy-Authorization: x\r\nProxy-Connection: x\r\nHTTP2-Settings: x\r\n";
      const { text } = await exchange(port, get("/p/x", `${hops}X-Stay: 1\r\nX-Latin: \xe9\r\n`));
      const seen = upstream.requests[0]?.headers.map(([name]) => name).toSorted();
      assert.deepEqual(seen, [
        "connection",
        "host",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-latin",
        "x-stay",
      ]);
      assert.deepEqual(
        upstream.requests[0]?.headers.find(([name]) => name === "x-latin"),
        ["x-latin", "\xe9"],
      );
      const own = /^(?:date|vary|connection|x-sluice-id): /;
      const passed = headLines(text).filter((line) => !own.test(line));
      assert.deepEqual(passed.toSorted(), [
        "content-length: 2",
        "content-type: application/json",
        "set-cookie: a=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT",
        "set-cookie: a=3",
        "set-cookie: b=2",
        "via: 1.1 sluice",
        "x-latin: \xe9",
        "x-stay: 1",
      ]);
      assert.equal(
        headLines(text).filter((line) => line.startsWith("x-sluice-id: ") && !line.endsWith("fake")).length,
        1,
      );
    },
    () =>
      `HTTP/1.1 200 OK\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=99\r\nProxy-Authenticate: Basic\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nTrailer: x\r\nTE: x\r\nX-Stay: 1\r\nX-Latin: \xe9\r\nX-Sluice-Id: fake\r\nset-cookie: a=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT\r\nSet-Cookie: b=2\r\nset-cookie: a=3\r\n${rest}`,
  ));

test("interim answers are left out, the one that counts comes through", () =>
  answers(
    {
      "102 and 103": `HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${fine}`,
      "a thousand": "HTTP/1.1 102 Processing\r\n\r\n".repeat(1000) + fine,
    },
    (name, text) => {
      assert.deepEqual(statuses(text), [200, 200], name);
      assert.doesNotMatch(text, /link/, name);
    },
  ));

const bodiless = {
  "204 with a length": `HTTP/1.1 204 No Content\r\n${json}content-length: 2\r\n\r\n`,
  "204 with a body": `HTTP/1.1 204 No Content\r\n${rest}`,
  "204 in chunks": `HTTP/1.1 204 No Content\r\n${json}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  "205 with a body": `HTTP/1.1 205 Reset Content\r\n${rest}`,
  "304 with a length": `HTTP/1.1 304 Not Modified\r\netag: "a"\r\ncontent-length: 2\r\n\r\n`,
  "304 with a body": `HTTP/1.1 304 Not Modified\r\n${rest}`,
};

/** No byte stands between the first head and the second. */
function checkBodiless(name: string, text: string, status: number): void {
  assert.deepEqual(statuses(text), [status, 200], name);
  assert.match(text.slice(text.indexOf("\r\n\r\n") + 4), /^HTTP\/1\.1 200 /, name);
  const framing = headLines(text).filter((line) => /^(?:content-length|transfer-encoding): /.test(line));
  if (status === 204) assert.deepEqual(framing, [], name);
  // Deno leaves it out.
  if (status === 205) assert.deepEqual(framing, "Deno" in globalThis ? [] : ["content-length: 0"], name);
}

test("answers without a body have none, whatever the upstream sends", () =>
  answers(bodiless, (name, text) => checkBodiless(name, text, Number(name.slice(0, 3)))));

test("nor has any answer to HEAD", () =>
  answers(
    { ...bodiless, "200 with a body": fine },
    (name, text) => checkBodiless(name, text, Number(name.slice(0, 3))),
    "HEAD",
  ));

test("a line of 20 MB in an event stream comes through whole", () => {
  const event = `data: ${"x".repeat(1024 * 1024)}`;
  const stream = `${event.repeat(20)}\n\ndata: [DONE]\n\n`;
  return withServed(
    config,
    async ({ port, gateway, messages }) => {
      const body = '{"model":"gpt-4o","stream":true,"messages":[]}';
      const head = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n`;
      const { text } = await exchange(port, get("/v1/chat/completions", head, "POST") + body);
      assert.deepEqual(statuses(text.slice(0, 100)), [200]);
      const got = unchunk(text);
      assert(got.whole);
      assert.equal(hashOf(got.body), hashOf(stream));
      await until(() => gateway.inFlight === 0);
      assert.deepEqual(messages, []);
    },
    () =>
      `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n${chunk(stream)}0\r\n\r\n`,
  );
});

function hashOf(text: string): string {
  return createHash("sha256").update(text, "latin1").digest("hex");
}

test("an upstream that closes without an answer is a 502", () =>
  withServed(
    config,
    async ({ port, gateway }) => {
      const { text } = await exchange(port, get("/p/x"));
      assert.deepEqual(statuses(text), [502]);
      assert.equal((jsonOf(text) as { error: { type: string } }).error.type, "upstream_error");
      await until(() => gateway.inFlight === 0);
    },
    () => null,
  ));
