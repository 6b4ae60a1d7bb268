import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { chatAnswer, sendJson, startGateway, startUpstream, until } from "../../_gateway.ts";
import type { TestGateway, TestUpstream } from "../../_gateway.ts";

type Handler = Parameters<typeof startUpstream>[0];

interface Running {
  gateway: TestGateway;
  upstream: TestUpstream;
}

/** Each answer differs from the one before. */
function counting(): Handler {
  let count = 0;
  return (_, res) =>
    sendJson(res, 200, chatAnswer(`answer ${++count}`), {
      "content-type": "application/json; charset=utf-8",
      "x-request-id": "req-1",
      "set-cookie": "a=b",
      "x-ratelimit-remaining-requests": "9",
      date: "Sat, 21 Nov 2026 00:00:00 GMT",
    });
}

interface Setup {
  options?: object;
  handler?: Handler;
  config?: object;
}

async function withCache(
  { options = {}, handler = counting(), config = {} }: Setup,
  work: (running: Running) => Promise<void>,
): Promise<void> {
  const upstream = await startUpstream(handler);
  const gateway = await startGateway(configOf(upstream, options, config));
  watchStorage(gateway);
  try {
    await work({ gateway, upstream });
  } finally {
    await gateway.close();
    await upstream.close();
  }
}

function configOf(upstream: TestUpstream, options: object, config: object = {}): object {
  return {
    upstreams: [
      {
        name: "one",
        provider: "openai",
        baseURL: `${upstream.url}/v1`,
        forwardURL: upstream.url,
        models: ["gpt-4o"],
        keys: ["sk-up"],
        prefix: "/openai",
      },
    ],
    keys: [
      { key: "sk-a", name: "team-a" },
      { key: "sk-b", name: "team-b" },
    ],
    plugins: [{ cache: options }, { retry: { attempts: 1 } }],
    ...config,
  };
}

/** What a call is made of; all else is a field of its body. */
interface CallInit {
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  /** The client leaves once the first bytes are here; the call rejects. */
  leaves?: boolean;
  [field: string]: unknown;
}

interface Answered {
  status: number;
  cache: string | undefined;
  headers: NodeJS.Dict<string | string[]>;
  body: Buffer;
}

/** A call over a plain socket: nothing is decoded, no header is added. */
function call(
  { url }: TestGateway,
  { path = "/v1/chat/completions", method = "POST", headers = {}, leaves, ...fields }: CallInit = {},
): Promise<Answered> {
  const body = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "hi" }], ...fields });
  const all = {
    authorization: "Bearer sk-a",
    ...(method === "POST" && { "content-type": "application/json" }),
  };
  return new Promise((resolve, reject) => {
    const request = httpRequest(url + path, { method, headers: { ...all, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      if (leaves) response.once("data", () => response.destroy(new Error("left")));
      response.on("end", () => {
        const cache = response.headers["x-sluice-cache"] as string | undefined;
        const { statusCode: status = 0, headers } = response;
        resolve({ status, cache, headers, body: Buffer.concat(chunks) });
      });
    });
    request.on("error", reject);
    request.end(method === "POST" ? body : undefined);
  });
}

/** How much a gateway's storage is at. */
const storageWork = new WeakMap<TestGateway, { count: number }>();

function watchStorage(started: TestGateway): void {
  const { storage } = started.gateway.context.state;
  const work = { count: 0 };
  storageWork.set(started, work);
  for (const name of ["getKeys", "getMeta", "getItemRaw", "setItemRaw", "removeItem"] as const) {
    const run = storage[name].bind(storage) as (...args: unknown[]) => Promise<unknown>;
    const counted = (...args: unknown[]): Promise<unknown> => {
      work.count++;
      return run(...args).finally(() => work.count--);
    };
    Object.assign(storage, { [name]: counted });
  }
}

/** The answer is stored after its last byte: wait for the calls to have settled. */
async function settled(started: TestGateway): Promise<void> {
  await until(() => started.gateway.inFlight === 0);
  // From one piece of the storage's work to the next there are only promises: after a turn it is done, or it is counted.
  await new Promise((resolve) => setTimeout(resolve, 5));
  await until(() => storageWork.get(started)?.count === 0);
}

async function miss(gateway: TestGateway, what: Parameters<typeof call>[1] = {}): Promise<Answered> {
  const answered = await call(gateway, what);
  assert.equal(answered.cache, "miss");
  await settled(gateway);
  return answered;
}

async function hit(gateway: TestGateway, what: Parameters<typeof call>[1] = {}): Promise<Answered> {
  const answered = await call(gateway, what);
  assert.equal(answered.cache, "hit");
  return answered;
}

for (const driver of ["memory", "fs"] as const) {
  test(`an equal call gets the same bytes from ${driver} state, without the upstream`, async () => {
    const path = await mkdtemp(join(tmpdir(), "sluice-cache-"));
    const config = { state: driver === "fs" ? { driver, path } : { driver } };
    await withCache({ config }, async ({ gateway, upstream }) => {
      const first = await miss(gateway);
      assert.equal(first.headers["x-request-id"], "req-1");
      const second = await hit(gateway);
      assert.equal(second.status, 200);
      assert.deepEqual(second.body, first.body);
      assert.equal(second.headers["content-type"], "application/json; charset=utf-8");
      assert.equal(second.headers["content-length"], first.headers["content-length"]);
      assert.match(String(second.headers["age"]), /^\d$/);
      for (const name of ["x-request-id", "set-cookie", "x-ratelimit-remaining-requests"]) {
        assert.equal(second.headers[name], undefined);
      }
      assert.notEqual(second.headers["x-sluice-id"], first.headers["x-sluice-id"]);
      assert.equal(upstream.requests.length, 1);
    });
    await rm(path, { recursive: true });
  });
}

test("fs state keeps answers over a restart, and its bounds", async () => {
  const path = await mkdtemp(join(tmpdir(), "sluice-cache-"));
  const state = { driver: "fs", path };
  await withCache({ config: { state } }, async ({ gateway }) => {
    for (const seed of [1, 2, 3]) await miss(gateway, { seed });
  });
  await withCache({ config: { state }, options: { maxEntries: 2 } }, async ({ gateway }) => {
    await hit(gateway, { seed: 1 });
    await miss(gateway, { seed: 4 });
    await hit(gateway, { seed: 4 });
    await hit(gateway, { seed: 3 });
    assert.equal((await gateway.gateway.context.state.storage.getKeys("cache:")).length, 2);
  });
  await rm(path, { recursive: true });
});

test("what differs is told apart", () =>
  withCache({}, async ({ gateway }) => {
    const calls: CallInit[] = [
      {},
      { seed: 1 },
      { path: "/v1/chat/completions?a=1" },
      { path: "/openai/v1/chat/completions" },
      { headers: { authorization: "Bearer sk-b" } },
      { headers: { "accept-encoding": "gzip" } },
      { headers: { "openai-beta": "x" } },
    ];
    for (const what of calls) await miss(gateway, what);
    for (const what of calls) await hit(gateway, what);
    // The order in which a client names its codings makes no difference.
    await miss(gateway, { headers: { "accept-encoding": "br, gzip;q=0.5, deflate;q=0" } });
    await hit(gateway, { headers: { "accept-encoding": "gzip,br" } });
  }));

test("key and shared say what is told apart", async () => {
  const other = { headers: { authorization: "Bearer sk-b" } };
  await withCache({ options: { shared: true } }, async ({ gateway }) => {
    await miss(gateway);
    await hit(gateway, other);
  });
  await withCache({ options: { key: ["path", "body"] } }, async ({ gateway }) => {
    await miss(gateway);
    await hit(gateway, { ...other, path: "/v1/chat/completions?a=1" });
    await miss(gateway, { seed: 1 });
  });
});

test("a shared answer does not go to a caller who may not use its upstream", () =>
  withCache(
    {
      options: { shared: true },
      config: { keys: [{ key: "sk-a" }, { key: "sk-b", upstreams: ["!one"] }] },
    },
    async ({ gateway }) => {
      await miss(gateway);
      assert.notEqual((await call(gateway, { headers: { authorization: "Bearer sk-b" } })).cache, "hit");
      await hit(gateway);
    },
  ));

test("an answer is served until its time is over, and tells its age", () =>
  withCache({ options: { ttl: "1h" } }, async ({ gateway, upstream }) => {
    const minute = 60_000;
    const { now } = Date;
    try {
      await miss(gateway);
      Date.now = () => now() + 30 * minute;
      const age = Number((await hit(gateway)).headers["age"]);
      assert.ok(age >= 30 * 60 && age < 31 * 60, `age ${age}`);
      Date.now = () => now() + 61 * minute;
      await miss(gateway);
      assert.equal(upstream.requests.length, 2);
      // Stored again, with a time of its own.
      await hit(gateway);
    } finally {
      Date.now = now;
    }
  }));

test("no-store neither reads nor stores, no-cache does not read and stores", () =>
  withCache({}, async ({ gateway }) => {
    const noStore = { headers: { "cache-control": "no-store" } };
    const noCache = { headers: { "cache-control": "max-age=0, no-cache" } };
    assert.equal((await call(gateway, noStore)).cache, "bypass");
    await settled(gateway);
    const first = await miss(gateway);
    assert.equal((await call(gateway, noStore)).cache, "bypass");
    assert.deepEqual((await hit(gateway)).body, first.body);
    const newer = await miss(gateway, noCache);
    assert.notDeepEqual(newer.body, first.body);
    assert.deepEqual((await hit(gateway)).body, newer.body);
  }));

const delta = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;

function streaming(...pieces: string[]): Handler {
  return (_, res) => {
    res.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    for (const piece of pieces) res.write(piece);
    res.end();
  };
}

test("a stream is replayed as a stream, byte for byte", () =>
  withCache(
    { handler: streaming(delta("Hel"), delta("lo, 世"), "data: [DONE]\n\n") },
    async ({ gateway, upstream }) => {
      const first = await miss(gateway, { stream: true });
      const second = await hit(gateway, { stream: true });
      assert.deepEqual(second.body, first.body);
      assert.equal(second.headers["content-type"], "text/event-stream; charset=utf-8");
      assert.equal(second.headers["content-length"], undefined);
      assert.equal(upstream.requests.length, 1);
    },
  ));

const unsound: [name: string, handler: Handler][] = [
  ["an error", (_, res) => sendJson(res, 500, { error: { message: "x" } })],
  ["a 201", (_, res) => sendJson(res, 201, {})],
  ["an error with status 200", (_, res) => sendJson(res, 200, { error: { message: "x" } })],
  ["a stream that ends early", streaming(delta("Hel"))],
  [
    "a stream with an error in it",
    streaming(delta("Hel"), 'data: {"error":{"message":"x"}}\n\n', "data: [DONE]\n\n"),
  ],
];

for (const [name, handler] of unsound) {
  test(`${name} is not stored`, () =>
    withCache({ handler }, async ({ gateway }) => {
      await miss(gateway);
      await miss(gateway);
    }));
}

test("a stream that breaks is not stored", () =>
  withCache(
    {
      handler(_, res) {
        res.writeHead(200, { "content-type": "text/event-stream" });
        res.write(`${delta("Hel")}data: [DONE]\n\n`, () => setTimeout(() => res.destroy(), 20));
      },
    },
    async ({ gateway, upstream }) => {
      await assert.rejects(call(gateway));
      await settled(gateway);
      await assert.rejects(call(gateway));
      assert.equal(upstream.requests.length, 2);
    },
  ));

test("a client that leaves stores nothing", () => {
  let calls = 0;
  const handler: Handler = (_, res) => {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write(`${delta("Hel")}data: [DONE]\n\n`);
    // The first goes on until the gateway gives it up: its client leaves before the end, however late it does.
    if (++calls > 1) res.end();
  };
  return withCache({ handler }, async ({ gateway, upstream }) => {
    await assert.rejects(call(gateway, { leaves: true }), /left/);
    await settled(gateway);
    await miss(gateway);
    assert.equal(upstream.requests.length, 2);
    await hit(gateway);
  });
});

test("a coded answer comes back with its coding, to those who take it", () => {
  const coded = gzipSync(JSON.stringify(chatAnswer()));
  const handler: Handler = (_, res) => {
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    res.writeHead(200, { ...headers, "content-length": coded.byteLength });
    res.end(coded);
  };
  return withCache({ handler }, async ({ gateway }) => {
    const headers = { "accept-encoding": "gzip" };
    const first = await miss(gateway, { headers });
    const second = await hit(gateway, { headers });
    assert.deepEqual(second.body, first.body);
    assert.equal(second.headers["content-encoding"], first.headers["content-encoding"]);
    assert.equal((await call(gateway)).cache, "miss");
  });
});

test("answers over maxSize are not stored; the oldest make room", async () => {
  const big: Handler = (req, res) => {
    const { size = 10 } = JSON.parse(req.body.toString()) as { size?: number };
    sendJson(res, 200, chatAnswer("x".repeat(size)));
  };
  await withCache({ handler: big, options: { maxSize: "1KiB" } }, async ({ gateway }) => {
    await miss(gateway, { size: 2000 });
    await miss(gateway, { size: 2000 });
    await miss(gateway);
    await hit(gateway);
  });
  await withCache({ options: { maxEntries: 2 } }, async ({ gateway }) => {
    for (const seed of [1, 2, 3]) await miss(gateway, { seed });
    await hit(gateway, { seed: 3 });
    await hit(gateway, { seed: 2 });
    await miss(gateway, { seed: 1 });
  });
  await withCache({ handler: big, options: { maxTotal: "3KB" } }, async ({ gateway }) => {
    for (const seed of [1, 2, 3]) await miss(gateway, { seed, size: 800 });
    await hit(gateway, { seed: 3, size: 800 });
    await miss(gateway, { seed: 1, size: 800 });
  });
});

test("operations and paths choose what is cached", async () => {
  await withCache({ options: { operations: ["embeddings"] } }, async ({ gateway }) => {
    assert.equal((await call(gateway)).cache, undefined);
    await miss(gateway, { path: "/v1/embeddings", input: "a" });
    await hit(gateway, { path: "/v1/embeddings", input: "a" });
  });
  await withCache({ options: { paths: ["/openai/*"] } }, async ({ gateway }) => {
    assert.equal((await call(gateway)).cache, undefined);
    await miss(gateway, { method: "GET", path: "/openai/v1/files" });
    await hit(gateway, { method: "GET", path: "/openai/v1/files" });
    // A body that nobody reads cannot be part of the key.
    assert.equal((await call(gateway, { path: "/openai/v1/unknown" })).cache, "bypass");
    assert.equal((await call(gateway, { method: "DELETE", path: "/openai/v1/files" })).cache, undefined);
  });
});

test("the body field decides, and does not go to the upstream", () =>
  withCache({ options: { bodyField: "caching", default: false } }, async ({ gateway, upstream }) => {
    assert.equal((await call(gateway)).cache, "bypass");
    await miss(gateway, { caching: true });
    await hit(gateway, { caching: true });
    assert.equal((await call(gateway, { caching: false })).cache, "bypass");
    const sent = upstream.requests.map(({ body }) => body.toString());
    const without = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "hi" }] });
    assert.deepEqual(sent, [without, without, without]);
    // Also where nothing is cached.
    await call(gateway, { path: "/v1/images/generations", caching: true, prompt: "a" });
    assert.doesNotMatch(upstream.requests.at(-1)?.body.toString() ?? "", /caching/);
    const refused = await call(gateway, { caching: "yes" });
    assert.equal(refused.status, 400);
    assert.match(refused.body.toString(), /caching must be a boolean/);
  }));

test("a caller's own key tells its answers apart, and is never shared", async () => {
  const config = { keys: [] };
  const auth = { auth: { passUnknownKeys: true } };
  const one = { headers: { authorization: "Bearer sk-one-0123456789" } };
  const two = { headers: { authorization: "Bearer sk-two-0123456789" } };
  const plugins = (options: object): object[] => [auth, { cache: options }, { retry: { attempts: 1 } }];
  await withCache({ config: { ...config, plugins: plugins({}) } }, async ({ gateway }) => {
    await miss(gateway, one);
    await hit(gateway, one);
    await miss(gateway, two);
    const { storage } = gateway.gateway.context.state;
    for (const key of await storage.getKeys("cache:")) {
      assert.match(key, /^cache:[0-9a-f]{64}$/);
      const bytes = (await storage.getItemRaw<Uint8Array>(key)) ?? new Uint8Array();
      assert.doesNotMatch(new TextDecoder().decode(bytes), /sk-/);
    }
  });
  for (const options of [{ shared: true }, { key: ["path", "body"] }]) {
    await withCache({ config: { ...config, plugins: plugins(options) } }, async ({ gateway }) => {
      assert.equal((await call(gateway, one)).cache, "bypass");
      assert.equal((await call(gateway, one)).cache, "bypass");
    });
  }
});

test("a state that fails costs hits, not calls, and is told of once", () =>
  withCache({}, async ({ gateway }) => {
    const { storage } = gateway.gateway.context.state;
    const fail = async (): Promise<never> => {
      throw new Error("disk on fire");
    };
    Object.assign(storage, { getItemRaw: fail, setItemRaw: fail });
    assert.equal((await miss(gateway)).status, 200);
    assert.equal((await miss(gateway)).status, 200);
    const warnings = gateway.messages.filter(({ level }) => level === "warn");
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]?.text ?? "", /disk on fire/);
  }));

test("a hit is noted for the log", () =>
  withCache({}, async ({ gateway }) => {
    const notes: unknown[] = [];
    gateway.gateway.context.hooks.hook("call:finish", (done) => void notes.push(done.notes.get("cache")));
    await miss(gateway);
    await hit(gateway);
    await settled(gateway);
    assert.deepEqual(notes, [undefined, "hit"]);
  }));

test("default: false without a bodyField would never cache: it is refused at the start", async () => {
  const upstream = await startUpstream(counting());
  await assert.rejects(startGateway(configOf(upstream, { default: false })), /default/);
  await upstream.close();
});
