import assert from "node:assert/strict";
import { test } from "node:test";
import { median, ratio } from "./stats.ts";

test("median: the middle value, the mean of the middle two, or nothing", () => {
  assert.equal(median([30, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([]), undefined);
});

test("ratio: taken round by round, of the rounds that both have", () => {
  // The machine slowed down for both in the second round: the ratio of medians would not be 2.
  assert.deepEqual(ratio([200, 20, 60], [100, 10, 20]), { median: 2, low: 2, high: 3 });
  assert.deepEqual(ratio([200, undefined, 60], [100, 10]), { median: 2, low: 2, high: 2 });
  assert.equal(ratio([], [1]), undefined);
});
