import assert from "node:assert/strict";
import { test } from "node:test";
import { FirstBytes } from "../../../plugins/retry/first-bytes.ts";

test("p95 is known from twenty times on, of each name for itself", () => {
  const times = new FirstBytes(() => 0);
  for (let ms = 1; ms <= 19; ms++) times.note("a", ms);
  assert.equal(times.p95("a"), undefined);
  times.note("a", 20);
  assert.equal(times.p95("a"), 19);
  assert.equal(times.p95("b"), undefined);
});

test("it follows what comes, and forgets what is old", () => {
  let now = 0;
  const times = new FirstBytes(() => now);
  for (let i = 0; i < 300; i++) times.note("a", 100);
  assert.equal(times.p95("a"), 100);
  for (let i = 0; i < 256; i++) times.note("a", 10);
  assert.equal(times.p95("a"), 10);
  now += 20 * 60_000;
  for (let i = 0; i < 16; i++) times.note("a", 10);
  assert.equal(times.p95("a"), undefined);
});
