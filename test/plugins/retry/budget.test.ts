import assert from "node:assert/strict";
import { test } from "node:test";
import { RetryBudget } from "../../../plugins/retry/budget.ts";

/** A budget of a fifth of the calls and one a second, and its time. */
function make(): { budget: RetryBudget; pass: (ms: number) => void } {
  let now = 0;
  const budget = new RetryBudget({ ratio: 0.2, minimum: 1 }, () => now);
  return { budget, pass: (ms) => void (now += ms) };
}

/** How many retries of this many are let through; each ends at once. */
function retries(budget: RetryBudget, count: number, helped: boolean): number {
  let let_ = 0;
  for (let i = 0; i < count; i++) {
    if (!budget.take()) continue;
    let_++;
    budget.ended(helped);
  }
  return let_;
}

test("retries that do not help are a fifth of the calls and the minimum", () => {
  const { budget } = make();
  for (let i = 0; i < 1000; i++) budget.called();
  assert.equal(retries(budget, 1000, false), 0.2 * 1000 + 10);
});

test("retries that help cost nothing", () => {
  const { budget } = make();
  for (let i = 0; i < 1000; i++) budget.called();
  assert.equal(retries(budget, 1000, true), 1000);
  assert.equal(retries(budget, 1000, false), 210);
});

test("those under way count as far as the last ones failed", () => {
  const { budget } = make();
  assert.equal(retries(budget, 5, false), 5);
  const taken = Array.from({ length: 20 }, () => budget.take());
  assert.equal(taken.filter(Boolean).length, 5);
});

test("after ten seconds there is a new one", () => {
  const { budget, pass } = make();
  assert.equal(retries(budget, 100, false), 10);
  pass(9000);
  assert.equal(retries(budget, 100, false), 0);
  pass(1000);
  assert.equal(retries(budget, 100, false), 10);
});

test("an outage of a minute: retries stay within their share of the calls", () => {
  const { budget, pass } = make();
  let retried = 0;
  for (let second = 0; second < 60; second++) {
    for (let call = 0; call < 100; call++) {
      budget.called();
      retried += retries(budget, 2, false);
    }
    pass(1000);
  }
  // In each ten seconds a fifth of a thousand calls, and ten.
  assert.ok(retried <= 6 * 210 + 20, String(retried));
  assert.ok(retried >= 5 * 200, String(retried));
});
