import assert from "node:assert/strict";
import { createServer } from "node:http";
import { connect } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { AccessTokens, GatewayError } from "../../core/index.ts";
import type { AccessTokenOptions, State } from "../../core/index.ts";
import { createState } from "../../core/state/index.ts";
import {
  chatAnswer,
  closeServer,
  listenOn,
  sendJson,
  startGateway,
  startUpstream,
  until,
} from "../_gateway.ts";
import type { TestUpstream } from "../_gateway.ts";
import { redisTest } from "../_redis.ts";

let issuer: TestUpstream;
/** What the token endpoint answers, by how often it was asked. */
let answer: (count: number) => { status: number; body: object };
const granted = (count: number, life: unknown = 3600) => ({
  status: 200,
  body: { access_token: `token-${count}`, expires_in: life },
});

before(async () => {
  issuer = await startUpstream((_req, res) => {
    const { status, body } = answer(issuer.requests.length);
    sendJson(res, status, body);
  });
});
afterEach(() => {
  issuer.requests.length = 0;
});
after(() => issuer.close());

const secret = "hush-0815";

function keeper(options: Partial<AccessTokenOptions> = {}): AccessTokens {
  const form = () => ({ grant_type: "client_credentials", client_secret: secret });
  return new AccessTokens({ issuer: "Somebody", url: issuer.url, form, identity: "a", ...options });
}

/** Runs with the clock some ms further. */
async function later<R>(ms: number, run: () => Promise<R>): Promise<R> {
  const { now } = Date;
  Date.now = () => now() + ms;
  try {
    return await run();
  } finally {
    Date.now = now;
  }
}

const minute = 60_000;

test("one request for all that wait; then the token is there at once", async () => {
  answer = granted;
  const tokens = keeper();
  const waiting = Array.from({ length: 5 }, () => tokens.token());
  assert.deepEqual(await Promise.all(waiting), Array(5).fill("token-1"));
  assert.equal(tokens.token(), "token-1");
  const [{ method, headers, body } = assert.fail()] = issuer.requests;
  assert.deepEqual(
    [method, headers["content-type"]?.split(";")[0], body.toString()],
    ["POST", "application/x-www-form-urlencoded", `grant_type=client_credentials&client_secret=${secret}`],
  );
  assert.equal(issuer.requests.length, 1);
});

test("it is renewed five minutes before its end, while calls go on with the old one", async () => {
  answer = (count) => granted(count, "3600");
  const tokens = keeper();
  await tokens.token();
  await later(54 * minute, async () => assert.equal(tokens.token(), "token-1"));
  assert.equal(issuer.requests.length, 1);
  await later(56 * minute, async () => {
    assert.equal(tokens.token(), "token-1");
    assert.equal(tokens.token(), "token-1");
    await until(() => tokens.token() === "token-2");
  });
  assert.equal(issuer.requests.length, 2);
});

test("a renewal that fails is felt once the old token does not hold, and is not asked for with every call", async () => {
  answer = (count) => (count === 1 ? granted(1, 120) : { status: 400, body: { error: "invalid_grant" } });
  let asked = 0;
  const tokens = keeper({ form: () => ({ count: String(++asked) }) });
  await tokens.token();
  // Half of its life where that is shorter.
  await later(61_000, async () => {
    assert.equal(tokens.token(), "token-1");
    await until(() => issuer.requests.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 30));
    for (let i = 0; i < 5; i++) assert.equal(tokens.token(), "token-1");
    await new Promise((resolve) => setTimeout(resolve));
  });
  assert.equal(asked, 2);
  await later(115_000, async () => {
    const fails = (): Promise<void> => assert.rejects(async () => tokens.token(), GatewayError);
    await fails();
    // What failed may still have been the renewal above.
    if (asked === 2) await fails();
  });
  assert.equal(asked, 3);
  answer = granted;
  await later(115_000, async () => assert.equal(await tokens.token(), "token-4"));
});

test("what is wrong is told by status and OAuth's word, without secrets", async () => {
  const told = async (tokens: AccessTokens) => {
    const error = await Promise.resolve(tokens.token()).then(assert.fail, (reason: unknown) => reason);
    assert.ok(error instanceof GatewayError);
    const { status, code, retryable, message, cause } = error;
    assert.ok(cause instanceof Error && cause.cause === undefined);
    assert.ok(!`${message}${cause.stack}${JSON.stringify(cause)}`.includes(secret));
    return { status, code, retryable, message, reason: cause.message };
  };
  const message = "Somebody gave no access token for this upstream.";
  const facts = { status: 502, code: "upstream_authentication", retryable: true, message };
  answer = () => ({ status: 400, body: { error: "invalid_client", error_description: `no: ${secret}` } });
  assert.deepEqual(await told(keeper()), { ...facts, reason: "status 400 (invalid_client)" });
  answer = () => ({ status: 403, body: { error: { message: secret } } });
  assert.deepEqual(await told(keeper()), { ...facts, reason: "status 403" });
  answer = () => ({ status: 200, body: { token: secret } });
  assert.deepEqual(await told(keeper()), { ...facts, reason: "no token in the answer" });
  const nowhere = keeper({ url: "http://127.0.0.1:1/token" });
  assert.deepEqual(await told(nowhere), { ...facts, reason: "it cannot be reached" });
  const form = () => Promise.reject(new Error("no such key"));
  assert.deepEqual(await told(keeper({ form })), { ...facts, reason: "no such key" });
});

test("the token is asked for through the upstream's proxy", async () => {
  answer = granted;
  const asked: string[] = [];
  const proxy = createServer().on("connect", (req, socket) => {
    asked.push(req.url ?? "");
    const [host = "", port] = (req.url ?? "").split(":");
    const there = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      there.pipe(socket).pipe(there);
    });
    there.on("error", () => socket.destroy());
    socket.on("error", () => there.destroy());
  });
  const url = await listenOn(proxy);
  assert.equal(await keeper({ proxy: url }).token(), "token-1");
  assert.deepEqual(asked, [new URL(issuer.url).host]);
  await closeServer(proxy);
});

async function keysIn({ storage }: State): Promise<string[]> {
  return await storage.getKeys("access-token:");
}

/** Resolves when a token was left; callers do not wait for that. */
async function written(state: State): Promise<void> {
  await until(async () => (await keysIn(state)).length > 0);
}

test("over one state a token is shared by those who would ask with the same, and found after a reload", async () => {
  answer = granted;
  const state = await createState();
  assert.equal(await keeper({ state }).token(), "token-1");
  await written(state);
  assert.equal(await keeper({ state }).token(), "token-1");
  assert.equal(await keeper({ state, identity: "b" }).token(), "token-2");
  // One that is to be renewed is nobody's any more.
  await later(56 * minute, async () => assert.equal(await keeper({ state }).token(), "token-3"));
  await state.close();
});

test("a token is not written into a directory", async () => {
  answer = granted;
  const path = await mkdtemp(join(tmpdir(), "sluice-token-"));
  const state = await createState({ driver: "fs", path });
  await keeper({ state }).token();
  assert.equal(await keeper({ state }).token(), "token-2");
  assert.deepEqual(await state.storage.getKeys(), []);
  await state.close();
  await rm(path, { recursive: true, force: true });
});

test("a state that fails, or holds something else, costs a request and no call", async () => {
  answer = granted;
  const state = await createState();
  state.storage.getItem = () => Promise.reject(new Error("away"));
  state.storage.setItem = () => Promise.reject(new Error("away"));
  assert.equal(await keeper({ state }).token(), "token-1");
  state.storage.getItem = () => Promise.resolve({ expires: 1e15, value: { value: 7 } } as never);
  assert.equal(await keeper({ state }).token(), "token-2");
  await state.close();
});

const azure = (service: TestUpstream, state: object) => ({
  state,
  keys: ["sk-caller-0001"],
  upstreams: [
    {
      provider: "azure",
      baseURL: service.url,
      models: ["gpt-4o"],
      options: { entra: { tenant: "t", clientId: "id", clientSecret: secret, tokenURL: issuer.url } },
    },
  ],
});

redisTest("redis: two gateways use one token, and both go on when Redis is away", async (redis, defer) => {
  answer = granted;
  const service = await startUpstream((_req, res) => sendJson(res, 200, chatAnswer()));
  defer(service.close);
  // A busy machine is no outage.
  const where = { driver: "redis", url: redis.url, commandTimeout: 10_000 } as const;
  const config = azure(service, where);
  const gateways = [await startGateway(config), await startGateway(config), await startGateway(config)];
  for (const { close } of gateways) defer(close);
  const post = async (gateway: number): Promise<unknown> => {
    const { status } = await fetch(`${gateways[gateway]?.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer sk-caller-0001", "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hi" }] }),
    }).then(async (response) => (await response.text(), response));
    return [status, service.requests.at(-1)?.headers["authorization"]];
  };
  const observer = await createState(where);
  defer(observer.close);
  assert.deepEqual(await post(0), [200, "Bearer token-1"]);
  await written(observer);
  assert.deepEqual(await post(1), [200, "Bearer token-1"]);
  assert.equal(issuer.requests.length, 1);
  const [key = ""] = await keysIn(observer);
  assert.match(key, /^access-token:[0-9a-f]{64}$/);
  await redis.kill();
  assert.deepEqual(await post(1), [200, "Bearer token-1"]);
  assert.deepEqual(await post(2), [200, "Bearer token-2"]);
});

redisTest("redis: two gateways that ask at once both get a token", async (redis, defer) => {
  answer = granted;
  const states = [
    await createState({ driver: "redis", url: redis.url }),
    await createState({ driver: "redis", url: redis.url }),
  ];
  for (const { close } of states) defer(close);
  const found = await Promise.all(states.map((state) => keeper({ state }).token()));
  for (const token of found) assert.match(token, /^token-[12]$/);
});
