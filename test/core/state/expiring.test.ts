import assert from "node:assert/strict";
import { mkdtemp, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createState } from "../../../core/state/index.ts";
import { openExpiring } from "../../../core/index.ts";
import type { BytesFormat, ExpiringOptions, State, StateOptions } from "../../../core/index.ts";
import { redisTest } from "../../_redis.ts";
import { until } from "../../_gateway.ts";

const base = "things:";
const open = (state: State, options: Partial<ExpiringOptions<string>> = {}) =>
  openExpiring<string>(state, { base, ttl: 60_000, ...options });
const keysIn = async ({ storage }: State): Promise<string[]> => (await storage.getKeys(base)).toSorted();

/** Runs at a time, ms since the epoch: the clock stands still meanwhile. */
async function atTime<R>(time: number, run: () => Promise<R>): Promise<R> {
  const { now } = Date;
  Date.now = () => time;
  try {
    return await run();
  } finally {
    Date.now = now;
  }
}

async function inDirectory(run: (where: StateOptions, path: string) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), "sluice-expiring-"));
  try {
    await run({ driver: "fs", path }, join(path, "storage", "things"));
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

/** One byte for a letter, after eight for the end. */
const letters: BytesFormat<string> = {
  encode(value, expires) {
    const bytes = new Uint8Array(8 + value.length);
    new DataView(bytes.buffer).setFloat64(0, expires);
    new TextEncoder().encodeInto(value, bytes.subarray(8));
    return bytes;
  },
  decode(bytes) {
    if (bytes.byteLength < 8) return undefined;
    const expires = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);
    return { value: new TextDecoder().decode(bytes.subarray(8)), expires };
  },
};

for (const driver of ["memory", "fs"] as const) {
  const inState = (run: (state: State) => Promise<void>) =>
    inDirectory(async ({ path }) => {
      const state = await createState({ driver, path: path ?? "" });
      await run(state).finally(state.close);
    });

  test(`${driver}: the oldest go when there are too many; what is written again is new`, () =>
    inState(async (state) => {
      const store = open(state, { maxEntries: 2 });
      await store.set("a", "1");
      await store.set("b", "2");
      await store.set("a", "3");
      await store.set("c", "4");
      assert.deepEqual(await Promise.all(["a", "b", "c"].map(store.get, store)), ["3", undefined, "4"]);
      assert.deepEqual(await keysIn(state), ["things:a", "things:c"]);
    }));

  test(`${driver}: the oldest go when there are too many bytes, and one that is too long is not kept`, () =>
    inState(async (state) => {
      const store = open(state, { maxTotal: 50, maxSize: 40, format: letters });
      await store.set("a", "x".repeat(10));
      await store.set("b", "x".repeat(10));
      // Shorter than before: the sum knows.
      await store.set("b", "x");
      await store.set("c", "x".repeat(14));
      assert.deepEqual(await keysIn(state), ["things:a", "things:b", "things:c"]);
      await store.set("d", "x");
      assert.deepEqual(await keysIn(state), ["things:b", "things:c", "things:d"]);
      await store.set("c", "x".repeat(33));
      assert.deepEqual(await keysIn(state), ["things:b", "things:d"], "nor is the one before it");
    }));

  test(`${driver}: a value has its end, is not found after it, and makes room`, () =>
    inState(async (state) => {
      const store = open(state);
      const now = Date.now();
      await atTime(now, async () => {
        await store.set("short", "1", 1000);
        await store.set("long", "2");
        await store.set("over", "3", 0);
      });
      assert.equal(await atTime(now + 999, () => store.get("short")), "1");
      assert.equal(await atTime(now + 1000, () => store.get("short")), undefined);
      assert.equal(await atTime(now + 1000, () => store.get("long")), "2");
      await atTime(now + 1000, () => store.set("new", "4"));
      assert.deepEqual(await keysIn(state), ["things:long", "things:new"]);
      await atTime(now + 60_000, async () => assert.equal(await store.get("long"), undefined));
    }));

  test(`${driver}: two stores at once keep one account, each with its bound, and another base is another's`, () =>
    inState(async (state) => {
      const one = open(state, { maxEntries: 4 });
      const two = open(state, { maxEntries: 4 });
      const other = open(state, { base: "others:", maxEntries: 1 });
      const names = Array.from({ length: 10 }, (_, i) => String(i));
      await Promise.all(names.map((name, i) => (i % 2 ? one : two).set(name, name)));
      await other.set("a", "b");
      assert.equal((await keysIn(state)).length, 4);
      assert.equal(await other.get("a"), "b");
      const kept = await Promise.all(names.map((name) => one.get(name)));
      assert.equal(kept.filter((value) => value !== undefined).length, 4);
    }));

  test(`${driver}: what is deleted is gone and takes no room`, () =>
    inState(async (state) => {
      const store = open(state, { maxEntries: 2 });
      await store.set("a", "1");
      await store.set("b", "2");
      await store.delete("b");
      await store.delete("never");
      await store.set("c", "3");
      assert.deepEqual(await keysIn(state), ["things:a", "things:c"]);
    }));
}

test("fs: a key with empty parts is one, also after a restart", () =>
  inDirectory(async (where) => {
    const before = await createState(where);
    await open(before).set("::a", "1");
    await before.close();
    const after = await createState(where);
    const store = open(after, { maxEntries: 2 });
    await store.set("::a", "2");
    await store.set("b", "3");
    assert.equal(await store.get("::a"), "2");
    await after.close();
  }));

test("fs: an earlier process's values count by their age, and the first are not written after the last", () =>
  inDirectory(async (where, directory) => {
    const before = await createState(where);
    for (const name of ["a", "b", "c"]) await open(before).set(name, name);
    await before.close();
    // In another order than by name.
    const minute = 60_000;
    for (const [name, age] of Object.entries({ a: 1, b: 3, c: 2 })) {
      const at = new Date(Date.now() - (age * minute) / 10);
      await utimes(join(directory, name), at, at);
    }
    const after = await createState(where);
    const store = open(after, { maxEntries: 3 });
    await store.set("d", "d");
    assert.deepEqual(await keysIn(after), ["things:a", "things:c", "things:d"]);
    await store.set("e", "e");
    assert.deepEqual(await keysIn(after), ["things:a", "things:d", "things:e"]);
    assert.equal(await store.get("a"), "a");
    await after.close();
  }));

test("fs: an earlier process's values that are over make room", () =>
  inDirectory(async (where, directory) => {
    const before = await createState(where);
    for (const name of ["a", "b"]) await open(before).set(name, name);
    await before.close();
    const at = new Date(Date.now() - 61_000);
    await utimes(join(directory, "b"), at, at);
    const after = await createState(where);
    await open(after).set("c", "c");
    assert.deepEqual(await keysIn(after), ["things:a", "things:c"]);
    await after.close();
  }));

test("fs: two gateways in one directory by mistake do not break each other", () =>
  inDirectory(async (where) => {
    const states = [await createState(where), await createState(where)] as const;
    const [one, two] = [open(states[0], { maxEntries: 2 }), open(states[1], { maxEntries: 2 })];
    for (const name of ["a", "b", "c"]) {
      await one.set(name, name);
      await two.set(name, name);
    }
    assert.deepEqual(await keysIn(states[0]), ["things:b", "things:c"]);
    await one.delete("c");
    assert.equal(await two.get("c"), undefined);
    await two.set("d", "d");
    assert.equal(await one.get("d"), "d");
    for (const state of states) await state.close();
  }));

/** Runs with a storage whose next call of one function fails. */
async function failingOnce(
  { storage }: State,
  name: "getKeys" | "getItem" | "setItem" | "removeItem",
  run: () => Promise<unknown>,
): Promise<void> {
  const works = storage[name];
  storage[name] = () => {
    storage[name] = works as never;
    return Promise.reject(new Error(`${name} failed`));
  };
  await assert.rejects(run, new RegExp(`${name} failed`));
}

test("a storage that fails once works after that", async () => {
  const state = await createState();
  const store = open(state, { maxEntries: 1 });
  await failingOnce(state, "getKeys", () => store.set("a", "1"));
  await store.set("a", "1");
  await failingOnce(state, "setItem", () => store.set("a", "2"));
  await store.set("a", "3");
  await failingOnce(state, "getItem", () => store.get("a"));
  assert.equal(await store.get("a"), "3");
  // What could not be removed is not forgotten: it is removed with the next.
  await failingOnce(state, "removeItem", () => store.set("b", "4"));
  assert.deepEqual(await keysIn(state), ["things:a", "things:b"]);
  await store.set("c", "5");
  assert.deepEqual(await keysIn(state), ["things:c"]);
  await state.close();
});

test("a file half written is no value", async () => {
  const state = await createState();
  await state.storage.setItem("things:a", '{"expires":99999999999999,"val');
  assert.equal(await open(state).get("a"), undefined);
  await state.storage.setItemRaw("things:b", new Uint8Array(3));
  assert.equal(await open(state, { format: letters }).get("b"), undefined);
  await state.close();
});

redisTest("redis: two gateways find each other's values, and Redis forgets them", async ({ url }, defer) => {
  // A busy machine is no outage.
  const where = { driver: "redis", url, commandTimeout: 10_000 } as const;
  const [one, two] = [await createState(where), await createState(where)];
  defer(one.close);
  defer(two.close);
  await open(one).set("a", "1");
  await open(one, { format: letters }).set("bytes", "abc");
  await open(two).set("b", "2");
  assert.equal(await open(two).get("a"), "1");
  assert.equal(await open(two, { format: letters }).get("bytes"), "abc");
  assert.equal(await open(one).get("b"), "2");
  await open(one, { format: letters }).set("bytes", "abc", 1000);
  await open(two).set("b", "2", 1000);
  await until(async () => (await keysIn(one)).length === 1);
  assert.deepEqual(await keysIn(two), ["things:a"]);
  await open(two).delete("a");
  assert.equal(await open(one).get("a"), undefined);
});
