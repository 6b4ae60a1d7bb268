import assert from "node:assert/strict";
import { test } from "node:test";
import { seededClock } from "../../_seeded.ts";
import {
  attemptAt,
  callOf,
  choicesOf,
  countsOf,
  firstsOf,
  fitsShares,
  orderOf,
  strategies,
} from "./_strategies.ts";
import type { Choice, Strategy } from "../../../core/index.ts";

const calls = 20_000;

/** Ends attempts of which some fail. */
function ends({ gate }: Strategy, choice: Choice | undefined, good: number, bad: number): void {
  for (let count = 0; count < good + bad; count++) {
    gate!.leave!(attemptAt(choice, count < bad ? { status: 500 } : {}), callOf());
  }
}

test("weights are divided by the square of the rate and 0.1", async () => {
  const { "error-rate": strategy } = await strategies();
  const choices = choicesOf([1, 1, 2]);
  ends(strategy, choices[0], 10, 0);
  ends(strategy, choices[1], 9, 1);
  ends(strategy, choices[2], 20, 20);
  const counts = countsOf(firstsOf(strategy.prepare(choices), calls), 3);
  assert.ok(fitsShares(counts, [1 / 0.1 ** 2, 1 / 0.2 ** 2, 2 / 0.6 ** 2]), String(counts));
});

test("errors count from ten requests on, and for two minutes, in slices of ten seconds", async () => {
  const clock = seededClock();
  const { "error-rate": strategy } = await strategies(clock);
  const choices = choicesOf([1, 1]);
  const chooser = strategy.prepare(choices);
  const target = choices[0]!.targets[0]!;
  const report = () => strategy.gate!.describe!(target, 0);
  clock.pass(1_000_005);
  ends(strategy, choices[0], 0, 9);
  assert.deepEqual(report(), { requests: 9, errors: 9, rate: 0 });
  assert.ok(fitsShares(countsOf(firstsOf(chooser, calls), 2), [1, 1]));
  clock.pass(10_000);
  ends(strategy, choices[0], 1, 0);
  assert.deepEqual(report(), { requests: 10, errors: 9, rate: 0.9 });
  assert.deepEqual(countsOf(firstsOf(chooser, 100), 2), [0, 100]);
  clock.pass(109_994);
  assert.deepEqual(report(), { requests: 10, errors: 9, rate: 0.9 });
  clock.pass(1);
  assert.deepEqual(report(), { requests: 1, errors: 0, rate: 0 });
  clock.pass(10_000);
  assert.equal(report(), undefined);
  assert.ok(fitsShares(countsOf(firstsOf(chooser, calls), 2), [1, 1]));
});

test("those with too many errors come last, but they come", async () => {
  const { "error-rate": strategy } = await strategies();
  const choices = choicesOf([1, 100, 1, 100]);
  ends(strategy, choices[1], 1, 9);
  ends(strategy, choices[3], 0, 50);
  const chooser = strategy.prepare(choices);
  for (let count = 0; count < 100; count++) {
    const order = orderOf(chooser);
    assert.deepEqual(order.slice(0, 2).toSorted(), [0, 2]);
    assert.deepEqual(order.slice(2).toSorted(), [1, 3]);
  }
});

test("what the request is at fault for is no error", async () => {
  const { "error-rate": strategy } = await strategies();
  const [choice] = choicesOf([1]);
  const leave = (parts: object): void => strategy.gate!.leave!(attemptAt(choice, parts), callOf());
  for (const status of [400, 413, 422, 451]) leave({ status });
  leave({ status: undefined, end: "cancelled" });
  leave({ status: undefined, end: "client-gone" });
  assert.equal(strategy.gate!.describe!(choice!.targets[0]!, 0), undefined);
  for (const status of [401, 402, 403, 404, 408, 429, 500, 503, 529]) leave({ status });
  leave({ status: undefined, end: "failed" });
  leave({ end: "broken" });
  leave({ end: "client-gone" });
  assert.deepEqual(strategy.gate!.describe!(choice!.targets[0]!, 0), {
    requests: 12,
    errors: 11,
    rate: 0.917,
  });
});

test("an upstream's rate is that of its keys together, those before it was asked for too", async () => {
  const { "error-rate": strategy } = await strategies();
  const choices = choicesOf([1, 1], 2);
  for (const target of choices[0]!.targets) {
    ends(strategy, { ...choices[0]!, targets: [target] }, 0, 6);
  }
  const counts = countsOf(firstsOf(strategy.prepare(choices), 200), 2);
  assert.deepEqual(counts, [0, 200]);
});
