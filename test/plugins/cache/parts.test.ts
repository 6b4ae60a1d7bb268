import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutMember } from "../../../plugins/cache/body-field.ts";
import { decodeEntry, encodeEntry } from "../../../plugins/cache/entry.ts";
import { splitEvents } from "../../../plugins/cache/replay.ts";
import { openStore } from "../../../plugins/cache/store.ts";
import { createState } from "../../../core/state/index.ts";
import type { GatewayContext } from "../../../core/index.ts";

const members: [name: string, text: string, left: string][] = [
  ["in the middle", '{"a": 1.0, "caching": true, "b": 2}', '{"a": 1.0, "b": 2}'],
  ["first", '{ "caching":false , "a":1e2}', '{ "a":1e2}'],
  ["last", '{"a":1,\n"caching":true\n}', '{"a":1}'],
  ["alone", '{"caching":true}', "{}"],
  ["twice", '{"caching":true,"a":1,"caching":false}', '{"a":1}'],
  ["written with an escape", String.raw`{"cach\u0069ng":true,"a":1}`, '{"a":1}'],
  [
    "only deeper, or as a value",
    '{"a":{"caching":true},"b":"caching"}',
    '{"a":{"caching":true},"b":"caching"}',
  ],
  ["beside brackets in strings", String.raw`{"a":"}],\"","caching":true}`, String.raw`{"a":"}],\""}`],
  ["not at all", "{ }", "{ }"],
];

for (const [name, text, left] of members) {
  test(`withoutMember: ${name}`, () => {
    assert.equal(withoutMember(text, "caching"), left);
    JSON.parse(left);
  });
}

const entry = {
  storedAt: 1,
  expires: 2,
  status: 200,
  contentType: "application/json; charset=utf-8",
  streaming: false,
  upstream: "ö",
  body: new Uint8Array([0, 255, 10, 13]),
};

test("an entry comes back as it went", () => {
  assert.deepEqual(decodeEntry(encodeEntry(entry)), entry);
  // As it comes from a file: a piece of a larger buffer.
  const bytes = encodeEntry(entry);
  const larger = new Uint8Array(bytes.byteLength + 7);
  larger.set(bytes, 7);
  assert.deepEqual(decodeEntry(larger.subarray(7)), entry);
});

test("what is no whole entry is none", () => {
  const bytes = encodeEntry(entry);
  for (let length = 0; length < bytes.byteLength; length++) {
    assert.equal(decodeEntry(bytes.subarray(0, length)), undefined, `${length} bytes`);
  }
  assert.equal(decodeEntry(new Uint8Array(100).fill(7)), undefined);
});

test("a stream is cut at its events and nowhere else", () => {
  const split = (text: string): string[] =>
    Array.from(splitEvents(new TextEncoder().encode(text)), (piece) => new TextDecoder().decode(piece));
  assert.deepEqual(split("data: a\n\ndata: ö\n\n"), ["data: a\n\n", "data: ö\n\n"]);
  assert.deepEqual(split("event: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n"), [
    "event: a\r\ndata: b\r\n\r\n",
    "data: c\r\n\r\n",
  ]);
  assert.deepEqual(split("data: a\ndata: b\n\n: ping"), ["data: a\ndata: b\n\n", ": ping"]);
  assert.deepEqual(split(""), []);
});

test("a store that is opened anew over the same state goes on with what is in it", async () => {
  const state = await createState();
  const context = { state, log: console } as unknown as GatewayContext;
  const limits = { ttl: 60_000, maxEntries: 10, maxTotal: 1_000_000 };
  const answer = { ...entry, expires: Date.now() + 60_000 };
  const before = openStore(context, limits);
  for (const key of ["1", "2", "3"]) await before.set(key, answer);
  const after = openStore(context, { ...limits, maxEntries: 2 });
  assert.deepEqual(await after.get("1"), answer);
  await after.set("4", answer);
  assert.deepEqual(await state.storage.getKeys(), ["cache:3", "cache:4"]);
  await state.close();
});

test("what is too old makes room first, and is not served", async () => {
  const state = await createState();
  const context = { state, log: console } as unknown as GatewayContext;
  const store = openStore(context, { ttl: 60_000, maxEntries: 10, maxTotal: 1_000_000 });
  await store.set("old", { ...entry, expires: Date.now() - 1 });
  await store.set("new", { ...entry, expires: Date.now() + 60_000 });
  assert.equal(await store.get("old"), undefined);
  assert.deepEqual(await state.storage.getKeys(), ["cache:new"]);
  await state.close();
});
