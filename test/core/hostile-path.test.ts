import assert from "node:assert/strict";
import { test } from "node:test";
import { exchange, jsonOf, statuses, withServed } from "./_served.ts";

const isDeno = "Deno" in globalThis;
const key = "sk-client-0123456789";

/** An upstream behind a prefix and one with models, each with a path that must never be left. */
const config = (url: string) => ({
  upstreams: [
    {
      name: "inside",
      provider: "openai",
      baseURL: `${url}/inside/v1`,
      keys: ["up-secret"],
      prefix: "/openai",
    },
    { name: "own", provider: "openai", baseURL: `${url}/own/v1`, keys: ["up-secret"], models: ["gpt-4o"] },
  ],
  keys: [{ key, name: "client" }],
});

function request(line: string, headers = "Host: gateway\r\n"): string {
  return `${line} HTTP/1.1\r\n${headers}Authorization: Bearer ${key}\r\nConnection: close\r\n\r\n`;
}

test("a path that climbs out of its prefix is refused and reaches no upstream", () =>
  withServed(config, async ({ port, messages }, upstream) => {
    const paths = [
      "/openai/../admin",
      "/openai/..",
      "/openai/./../admin",
      "/openai/%2e%2e/admin",
      "/openai/%2E%2e/admin",
      "/openai/.%2e/admin",
      "/openai/..%2fadmin",
      "/openai/..%2Fadmin",
      "/openai/%2e%2e%2fadmin",
      "/openai%2f..%2fadmin",
      "/openai/..%5cadmin",
      "/openai/%5c..%5cadmin",
      "/openai/..\\admin",
      "/openai\\..\\admin",
      "/openai/%252e%252e/admin",
      "/openai/%252e%252e%252fadmin",
      "/openai/..%252fadmin",
      "/openai/..%255cadmin",
      "/openai/%25252e%25252e/admin",
      "/openai/..;/admin",
      "/openai/..;x=y/admin",
      "/openai/..%3bx/admin",
      "/openai/.;/..;/admin",
      "/openai/%c0%ae%c0%ae/admin",
      "/openai/..%c0%afadmin",
      "/openai/..%00/admin",
      "/openai/..%0d%0aHost:%20evil",
      "/openai/%u002e%u002e/admin",
      "/openai//../admin",
      "//openai/../admin",
      "/./openai/x",
      "/openai/../healthz",
      "/x/%2e%2e/healthz",
      "/openai/#/../admin",
      "http://gateway/openai/../admin",
    ];
    for (const path of paths) {
      const { text, closed } = await exchange(port, request(`GET ${path}`));
      assert(closed, path);
      assert.deepEqual(statuses(text), [400], path);
      assert.equal(upstream.requests.length, 0, path);
    }
    const { text } = await exchange(port, request("GET /openai/models"));
    assert.deepEqual(statuses(text), [200]);
    assert.deepEqual(messages, []);
  }));

test("empty segments stay where they are: under the prefix, or nowhere", () =>
  withServed(config, async ({ port }, upstream) => {
    for (const path of ["//openai/admin", "//evil.test/x", "///"]) {
      assert.deepEqual(statuses((await exchange(port, request(`GET ${path}`))).text), [404], path);
    }
    assert.equal(upstream.requests.length, 0);
    for (const path of ["//admin", "//evil.test/x", "/x//", "/@evil.test/", "/:80/"]) {
      assert.deepEqual(statuses((await exchange(port, request(`GET /openai${path}`))).text), [200], path);
      assert.equal(upstream.requests.at(-1)?.target, `/inside/v1${path}`);
    }
  }));

test("what stands in a path or a query goes on byte for byte", () =>
  withServed(config, async ({ port }, upstream) => {
    for (const rest of [
      "/a'b|c{d}[e]^`\"<f>",
      "/%41%e4%bd%a0%zz",
      "/a?q='x'&r={\"\"}&s=../..%2f&t=a\\b&&=",
      "/a?",
    ]) {
      const { text } = await exchange(port, request(`GET /openai${rest}`));
      if (statuses(text)[0] === 200) assert.equal(upstream.requests.at(-1)?.target, `/inside/v1${rest}`);
      else assert.deepEqual(statuses(text), [400], rest);
    }
    assert(upstream.requests.length >= 3);
  }));

test("bytes that no target may hold are refused, in the query too", () =>
  withServed(config, async ({ port }, upstream) => {
    for (const rest of [
      "/\xc3\xa9",
      "/a?q=\xe4\xbd\xa0",
      "/a?q=\xff",
      "/a?q=\x01",
      "/a?q=\x7f",
      "/a#b",
      "/a?b#c",
    ]) {
      const { text } = await exchange(port, request(`GET /openai${rest}`));
      assert.deepEqual(statuses(text), [400], JSON.stringify(rest));
    }
    assert.equal(upstream.requests.length, 0);
  }));

test("a whole URL as the target is taken by its path, wherever it points", () =>
  withServed(config, async ({ port }, upstream) => {
    for (const url of ["http://evil.test/openai/x?y", "HTTP://evil.test:1/openai/x?y"]) {
      assert.deepEqual(statuses((await exchange(port, request(`GET ${url}`))).text), [200], url);
      assert.equal(upstream.requests.at(-1)?.target, "/inside/v1/x?y");
    }
    const seen = upstream.requests.length;
    for (const url of [
      "http://evil.test",
      "http://evil.test?/openai/x",
      "http:///openai/x",
      "openai/x",
      "*",
    ]) {
      const [status] = statuses((await exchange(port, request(`GET ${url}`))).text);
      assert(status === 400 || status === 404, `${url}: ${status}`);
    }
    assert.equal(upstream.requests.length, seen);
  }));

test("a host that is none, or two, is refused; none of it ever becomes a part of the path", () =>
  withServed(config, async ({ port, messages }, upstream) => {
    const hosts = [
      "a\r\nHost: b",
      "",
      "a b",
      "a/openai/x?",
      "a?",
      "a#",
      "a@b",
      "user:secret@a",
      "a,b",
      "a:99999999",
      "a:b",
      "é",
    ];
    for (const host of hosts) {
      const { text } = await exchange(port, request("GET /openai/y", `Host: ${host}\r\n`));
      assert.deepEqual(statuses(text), [400], JSON.stringify(host));
    }
    assert.equal(upstream.requests.length, 0);
    for (const host of ["a", "A.b:80", "127.0.0.1:1", "[::1]:80", "a_b-c.d"]) {
      const { text } = await exchange(port, request("GET /openai/y", `Host: ${host}\r\n`));
      assert.deepEqual(statuses(text), [200], host);
    }
    // Deno cannot tell a request without one from one over HTTP/2, which has none.
    const { text } = await exchange(port, request("GET /openai/y", ""));
    assert.deepEqual(statuses(text), [isDeno ? 200 : 400]);
    for (const { target } of upstream.requests) assert.equal(target, "/inside/v1/y");
    assert.deepEqual(messages, []);
  }));

test("methods that would show the upstream's key or open a tunnel are refused", () =>
  withServed(config, async ({ port }, upstream) => {
    const trace = await exchange(port, request("TRACE /openai/x"));
    assert.deepEqual(statuses(trace.text), [405]);
    assert.equal((jsonOf(trace.text) as { error: { code: string } }).error.code, "method_not_allowed");
    // Node closes where nobody listens to CONNECT.
    const connect = await exchange(port, request("CONNECT evil.test:443"));
    assert(connect.closed);
    assert.deepEqual(statuses(connect.text), isDeno ? [405] : []);
    for (const version of ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/9", "ICY/1.0"]) {
      const { text, closed } = await exchange(
        port,
        `GET /openai/x ${version}\r\nHost: gateway\r\nAuthorization: Bearer ${key}\r\n\r\n`,
      );
      assert(closed, version);
      assert.match(text, /^(?:HTTP\/1\.1 (?:400|505) |$)/, version);
    }
    assert.equal(upstream.requests.length, 0);
  }));
