import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { request } from "undici";
import { sendJson, startGateway, startUpstream } from "../_gateway.ts";

const key = "sk-client-0123456789";
const keys = [{ key, name: "client" }];

test("a prefix passes method, path, query, headers and body untouched, with the upstream's key for ours", async () => {
  const upstream = await startUpstream((_req, res) => {
    res.writeHead(207, "Multi", {
      "x-upstream": "1",
      "set-cookie": ["a=1", "b=2"],
      connection: "x-hop",
      "x-hop": "gone",
    });
    res.end("done");
  });
  const gateway = await startGateway({
    upstreams: [{ provider: "generic", baseURL: `${upstream.url}/base`, keys: ["up-secret"], prefix: "/p" }],
    keys,
  });
  const answer = await request(`${gateway.url}/p/a%2Fb/c;d?x=1&x=%20&y`, {
    method: "PATCH",
    headers: [
      "Authorization",
      `Bearer ${key}`,
      "X-Custom",
      "é".normalize(),
      "TE",
      "trailers",
      "x-forwarded-for",
      "6.6.6.6",
      "Cookie",
      "c=1",
    ],
    body: Buffer.from([0, 1, 2, 255]),
  });
  const [seen] = upstream.requests;
  assert(seen);
  assert.equal(seen.method, "PATCH");
  assert.equal(seen.url, "/base/a%2Fb/c;d?x=1&x=%20&y");
  assert.deepEqual(seen.body, Buffer.from([0, 1, 2, 255]));
  const { host, connection, ...headers } = seen.headers;
  assert.equal(host, new URL(upstream.url).host);
  assert.equal(connection, "keep-alive");
  assert.deepEqual(headers, {
    "x-custom": "é",
    cookie: "c=1",
    via: "1.1 sluice",
    authorization: "Bearer up-secret",
    "content-length": "4",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-host": new URL(gateway.url).host,
    "x-forwarded-proto": "http",
  });
  assert.equal(answer.statusCode, 207);
  assert.equal(await answer.body.text(), "done");
  const {
    date,
    connection: _,
    "keep-alive": __,
    "x-sluice-id": id,
    "transfer-encoding": ___,
    ...answered
  } = answer.headers;
  assert.match(String(id), /^[\da-f-]{36}$/);
  assert(date);
  assert.deepEqual(answered, { "x-upstream": "1", "set-cookie": ["a=1", "b=2"], via: "1.1 sluice" });
  await gateway.close();
  await upstream.close();
});

test("the key goes in the header that the upstream wants", async () => {
  const upstream = await startUpstream((_req, res) => sendJson(res, 200, {}));
  const base = { baseURL: upstream.url, keys: ["up-secret"] };
  const gateway = await startGateway({
    upstreams: [
      { ...base, provider: "openai", prefix: "/openai" },
      { ...base, provider: "anthropic", prefix: "/anthropic" },
      { ...base, provider: "gemini", prefix: "/gemini" },
      { ...base, name: "own", provider: "generic", prefix: "/own", keyHeader: "Ocp-Key" },
      {
        ...base,
        name: "own2",
        provider: "generic",
        prefix: "/own2",
        keyHeader: { name: "authorization", prefix: "Token " },
      },
    ],
    keys,
  });
  const seen: Record<string, unknown> = {};
  for (const prefix of ["openai", "anthropic", "gemini", "own", "own2"]) {
    await fetch(`${gateway.url}/${prefix}/x?key=${key}&z=1`).then((answer) => answer.text());
    const last = upstream.requests.at(-1);
    const names = ["authorization", "x-api-key", "x-goog-api-key", "ocp-key"];
    seen[prefix] = [
      last?.url,
      Object.fromEntries(names.flatMap((name) => (last?.headers[name] ? [[name, last.headers[name]]] : []))),
    ];
  }
  assert.deepEqual(seen, {
    openai: ["/x?z=1", { authorization: "Bearer up-secret" }],
    anthropic: ["/x?z=1", { "x-api-key": "up-secret" }],
    gemini: ["/x?z=1", { "x-goog-api-key": "up-secret" }],
    own: ["/x?z=1", { "ocp-key": "up-secret" }],
    own2: ["/x?z=1", { authorization: "Token up-secret" }],
  });
  await gateway.close();
  await upstream.close();
});

test("compressed answers pass untouched", async () => {
  const packed = gzipSync(JSON.stringify({ text: "x".repeat(1000) }));
  const upstream = await startUpstream((_req, res) => {
    res.writeHead(200, {
      "content-type": "application/json",
      "content-encoding": "gzip",
      "content-length": packed.length,
    });
    res.end(packed);
  });
  const gateway = await startGateway({
    upstreams: [{ provider: "generic", baseURL: upstream.url, prefix: "/p" }],
    keys,
  });
  const headers = { authorization: `Bearer ${key}`, "accept-encoding": "gzip, zstd;q=0.5" };
  const answer = await request(`${gateway.url}/p/x`, { headers });
  assert.equal(answer.headers["content-encoding"], "gzip");
  assert.deepEqual(Buffer.from(await answer.body.arrayBuffer()), packed);
  assert.equal(upstream.requests[0]?.headers["accept-encoding"], "gzip, zstd;q=0.5");
  await gateway.close();
  await upstream.close();
});

test("multipart, chunked bodies and 100-continue go through; answers without a body stay without", async () => {
  const upstream = await startUpstream((req, res) => {
    if (req.method === "HEAD") res.writeHead(200, { "content-length": "12345" }).end();
    else if (req.url === "/none") res.writeHead(204).end();
    else res.end(`${req.headers["transfer-encoding"] ?? req.headers["content-length"]} ${req.body.length}`);
  });
  const gateway = await startGateway({
    upstreams: [{ provider: "generic", baseURL: upstream.url, prefix: "/p" }],
    keys,
  });
  const headers = { authorization: `Bearer ${key}` };
  const form = new FormData();
  form.append("file", new Blob(["abc".repeat(1000)]), "a.bin");
  form.append("model", "whisper-1");
  await fetch(`${gateway.url}/p/form`, { method: "POST", headers, body: form }).then((answer) =>
    answer.text(),
  );
  assert.match(String(upstream.requests[0]?.headers["content-type"]), /^multipart\/form-data; boundary=/);
  assert.match(
    String(upstream.requests[0]?.body),
    /name="file"; filename="a.bin"[^]*name="model"\r\n\r\nwhisper-1/,
  );
  const head = await fetch(`${gateway.url}/p/head`, { method: "HEAD", headers });
  assert.equal(head.headers.get("content-length"), "12345");
  assert.equal((await fetch(`${gateway.url}/p/none`, { headers })).status, 204);
  const raw = await rawExchange(
    gateway.url,
    `POST /p/c HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`,
    "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
  );
  assert.match(raw, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  assert.match(raw, /chunked 11/);
  assert.equal(upstream.requests.at(-1)?.headers["expect"], undefined);
  await gateway.close();
  await upstream.close();
});

test("a bad path is refused before anything else", async () => {
  const upstream = await startUpstream((_req, res) => sendJson(res, 200, {}));
  const gateway = await startGateway({
    upstreams: [{ provider: "generic", baseURL: upstream.url, prefix: "/p" }],
    keys,
  });
  for (const path of ["/p/../admin", "/p/%2e%2e/admin", "/p/..%2fadmin", "/p/x/..;/y", "/p/%2E%2E%5Cx"]) {
    const raw = await rawExchange(
      gateway.url,
      `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nConnection: close\r\n\r\n`,
    );
    assert.match(raw, /^HTTP\/1\.1 400 /, path);
    assert.match(raw, /"code":"invalid_path"/, path);
  }
  assert.equal(upstream.requests.length, 0);
  await gateway.close();
  await upstream.close();
});

test("a ring of gateways is cut", async () => {
  const gateway = await startGateway({
    upstreams: [{ provider: "generic", baseURL: "http://127.0.0.1:1", prefix: "/p" }],
    keys,
  });
  const headers = {
    authorization: `Bearer ${key}`,
    via: Array.from({ length: 9 }, () => "1.1 sluice").join(", "),
  };
  const answer = await fetch(`${gateway.url}/p/x`, { headers });
  assert.equal(answer.status, 508);
  assert.deepEqual(await answer.json(), {
    error: {
      message: "The call went round in a circle.",
      type: "server_error",
      param: null,
      code: "loop_detected",
    },
  });
  await gateway.close();
});

/** Speaks HTTP by hand: sends the head, then the body once something came back. */
function rawExchange(url: string, head: string, body = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(url);
    let text = "";
    let sent = body === "";
    const socket = connect(Number(port), "127.0.0.1", () => socket.write(head));
    const send = (): void => {
      if (!sent) socket.write(body);
      sent = true;
    };
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      send();
    });
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
}
