import assert from "node:assert/strict";
import { test } from "node:test";
import { createRouter, isTreacherous } from "../../core/router.ts";
import type { Protocol, Provider, Upstream } from "../../core/index.ts";

const chat: Protocol = {
  name: "chat",
  endpoints: [
    { method: "POST", path: "/v1/chat/completions", operation: "chat" },
    { method: "GET", path: "/v1/models", operation: "models" },
  ],
  renderError: () => "",
};
const patterned: Protocol = {
  name: "patterned",
  endpoints: [{ method: "POST", path: "/v1beta/models/{model}:generateContent", operation: "chat" }],
  renderError: () => "",
};
const protocols = new Map([chat, patterned].map((protocol) => [protocol.name, protocol]));

function upstream(prefixes: string[], models: string[], spoken: Provider["protocols"]): Upstream {
  const provider: Provider = { name: "p", protocols: spoken, url: () => "", authenticate() {} };
  return { provider, prefixes, models: models.map((name) => ({ name })) } as unknown as Upstream;
}

function read(router: ReturnType<typeof createRouter>, method: string, path: string): unknown {
  const match = router(method, path);
  return (
    match && {
      prefix: match.prefix,
      rest: match.rest,
      operation: match.operation,
      protocol: match.protocol?.name,
    }
  );
}

test("the longest prefix wins, and prefixes end at a slash", () => {
  const router = createRouter([upstream(["/a", "/a/b"], [], {})], protocols);
  const forward = { operation: "forward", protocol: undefined };
  assert.deepEqual(read(router, "GET", "/a/b/c"), { prefix: "/a/b", rest: "/c", ...forward });
  assert.deepEqual(read(router, "PROPFIND", "/a"), { prefix: "/a", rest: "", ...forward });
  assert.equal(read(router, "GET", "/ab"), undefined);
  assert.equal(read(router, "GET", "/"), undefined);
});

test("an upstream with a prefix and no models opens no API of its own; the root prefix takes the rest", () => {
  const router = createRouter([upstream([""], [], { chat: "chat" })], protocols);
  const path = "/v1/chat/completions";
  assert.deepEqual(read(router, "POST", path), {
    prefix: "",
    rest: path,
    operation: "chat",
    protocol: "chat",
  });
  assert.deepEqual(read(router, "GET", "/x"), {
    prefix: "",
    rest: "/x",
    operation: "forward",
    protocol: "chat",
  });
});

test("endpoints of all protocols where models are offered, before the root prefix", () => {
  const router = createRouter([upstream([""], ["m"], { chat: "chat" })], protocols);
  const path = "/v1beta/models/tuned/x:generateContent";
  assert.deepEqual(read(router, "POST", path), {
    prefix: undefined,
    rest: path,
    operation: "chat",
    protocol: "patterned",
  });
  assert.equal(router("POST", "/v1/chat/completions")?.prefix, undefined);
  assert.equal(router("GET", "/v1/chat/completions")?.prefix, "");
});

test("under a prefix an endpoint is known with its version in the path or in the base URL", () => {
  const router = createRouter([upstream(["/o"], [], { chat: "chat" })], protocols);
  for (const rest of ["/v1/chat/completions", "/chat/completions", "/v4/chat/completions"]) {
    assert.deepEqual(read(router, "POST", `/o${rest}`), {
      prefix: "/o",
      rest,
      operation: "chat",
      protocol: "chat",
    });
  }
});

test("paths that could mean another place are treacherous", () => {
  const bad = [
    "/a/../b",
    "/a/%2e%2e/b",
    "/a/%2E./b",
    "/a/..%2fb",
    "/a%2f..%2fb",
    "/..",
    "/a/./b",
    "/a/..;/b",
    "/a\\..\\b",
    "/a%00",
    "/a%5c..%5cb",
    "/a\nb",
    "/a/%252e%252e/b",
    "/a/%25252e./b",
    "/a/..%252fb",
    "/a/..%255cb",
    "/a/..%3bx/b",
    "/a/%c0%ae%c0%ae/b",
    "/a/..%c0%afb",
    "/a/%u002e%u002e/b",
  ];
  for (const path of bad) assert.equal(isTreacherous(path), true, path);
  const good = [
    "/a/b",
    "/a/..b",
    "/a/b..",
    "/v1.5/x",
    "/a/...",
    "/a/%252ex",
    "/a/%2525",
    "/%E4%BD%A0",
    "/models/a.b:c",
  ];
  for (const path of good) assert.equal(isTreacherous(path), false, path);
});

test("of several endpoints with one path, the one whose header the request has; else the first that asks for none", () => {
  const marked: Protocol = {
    name: "marked",
    endpoints: [
      { method: "GET", path: "/v1/models", operation: "models", header: "x-mark" },
      { method: "GET", path: "/v1/models/{model}", operation: "models", header: "x-mark" },
    ],
    renderError: () => "",
  };
  const router = createRouter([upstream([], ["m"], {})], new Map([...protocols, ["marked", marked]]));
  const protocolOf = (path: string, headers?: Headers): string | undefined =>
    router("GET", path, headers)?.protocol?.name;
  const mark = new Headers({ "X-Mark": "1" });
  assert.equal(protocolOf("/v1/models"), "chat");
  assert.equal(protocolOf("/v1/models", new Headers()), "chat");
  assert.equal(protocolOf("/v1/models", mark), "marked");
  assert.equal(protocolOf("/v1/models/a:b/c", mark), "marked");
  assert.equal(protocolOf("/v1/models/a:b/c"), undefined);
});
