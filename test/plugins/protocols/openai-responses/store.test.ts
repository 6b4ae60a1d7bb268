import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createState } from "../../../../core/state/index.ts";
import type { GatewayContext, State, StateOptions } from "../../../../core/index.ts";
import { openResponses } from "../../../../plugins/protocols/openai-responses/keep/store.ts";
import type { Kept } from "../../../../plugins/protocols/openai-responses/keep/store.ts";
import { until } from "../../../_gateway.ts";
import { redisTest } from "../../../_redis.ts";

const id = (digit: string): string => `resp_${digit.repeat(32)}`;
const kept = (text: string): Kept => ({ caller: "a", response: { id: "r", text }, input: [], chain: [] });

type Options = Partial<{ ttl: number; maxSize: number; maxTotal: number }>;

function storeOver(state: State, options: Options = {}, warnings: string[] = []) {
  const parts = { state, log: { warn: (text: string) => warnings.push(text) } } as unknown as GatewayContext;
  return openResponses(parts, { ttl: 60_000, maxSize: 10_000, maxTotal: 100_000, ...options });
}

async function openStore(options: Options, where: StateOptions = { driver: "memory" }) {
  const state = await createState(where);
  const warnings: string[] = [];
  return { state, warnings, store: storeOver(state, options, warnings) };
}

test("the store forgets what is too old, and the oldest when there is too much", async () => {
  const { store, state } = await openStore({ maxTotal: 3000 });
  for (const digit of ["1", "2", "3", "4"]) await store.set(id(digit), kept("x".repeat(1000)));
  assert.equal(await store.get(id("1"), "a"), undefined);
  assert.equal(await store.get(id("2"), "a"), undefined);
  assert.deepEqual((await store.get(id("4"), "a"))?.response, { id: "r", text: "x".repeat(1000) });
  assert.deepEqual((await state.storage.getKeys("responses:")).length, 2);
  const short = await openStore({ ttl: 200 });
  await short.store.set(id("1"), kept("x"));
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.equal(await short.store.get(id("1"), "a"), undefined);
  // The next one stays for longer than this test may take.
  await storeOver(short.state).set(id("2"), kept("x"));
  assert.deepEqual(await short.state.storage.getKeys("responses:"), ["responses:" + id("2")]);
});

test("the store takes nothing that is too long, and no id that is not its own", async () => {
  const { store, state } = await openStore({ maxSize: 100 });
  await store.set(id("1"), kept("x".repeat(1000)));
  await store.set("resp_../../etc", kept("x"));
  assert.deepEqual(await state.storage.getKeys(), []);
  assert.equal(await store.get("resp_../../etc", "a"), undefined);
});

test("a state that fails costs no answer", async () => {
  const { store, state, warnings } = await openStore({});
  state.storage.setItem = () => Promise.reject(new Error("disk full"));
  await store.set(id("1"), kept("x"));
  assert.match(warnings.join(), /disk full/);
  assert.equal(await store.get(id("1"), "a"), undefined);
});

test("fs: what an earlier process kept is found, and counts as the oldest", async () => {
  const path = await mkdtemp(join(tmpdir(), "sluice-responses-"));
  try {
    const first = await openStore({}, { driver: "fs", path });
    await first.store.set(id("1"), kept("x".repeat(1000)));
    await first.state.close();
    const second = await openStore({ maxTotal: 3000 }, { driver: "fs", path });
    assert.equal((await second.store.get(id("1"), "a"))?.response["text"], "x".repeat(1000));
    assert.equal(await second.store.get(id("1"), "b"), undefined);
    for (const digit of ["2", "3"]) await second.store.set(id(digit), kept("y".repeat(1000)));
    assert.equal(await second.store.get(id("1"), "a"), undefined);
    assert.ok(await second.store.get(id("3"), "a"));
    await second.state.close();
  } finally {
    await rm(path, { recursive: true, force: true });
  }
});

redisTest(
  "redis: another process finds what was kept, and Redis forgets it by itself",
  async ({ url }, defer) => {
    const where: StateOptions = { driver: "redis", url, commandTimeout: 5000 };
    const one = await openStore({}, where);
    defer(() => one.state.close());
    const two = await openStore({}, where);
    defer(() => two.state.close());
    await one.store.set(id("1"), kept("x"));
    assert.equal((await two.store.get(id("1"), "a"))?.response["text"], "x");
    assert.equal(await two.store.get(id("1"), "b"), undefined);
    const warnings: string[] = [];
    await storeOver(one.state, { ttl: 1000 }, warnings).set(id("2"), kept("x"));
    assert.deepEqual(warnings, []);
    let keys: string[] = [];
    await until(async () => {
      keys = await two.state.storage.getKeys("responses:");
      return keys.length === 1;
    }, 30_000);
    assert.deepEqual(keys, ["responses:" + id("1")]);
  },
);
