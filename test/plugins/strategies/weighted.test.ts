import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as holds, double, integer, nat, property } from "fast-check";
import { SmoothSchedule, wholeWeights } from "../../../plugins/strategies/schedule.ts";
import { choicesOf, countsOf, firstOf, firstsOf, orderOf, strategies } from "./_strategies.ts";

const letters = (chosen: readonly number[]): string => chosen.map((index) => "ABCDEF"[index]).join("");
const weightLists = array(integer({ min: 1, max: 60 }), { minLength: 2, maxLength: 40 });

/** The definition, one turn after the other: all grow by their weights, the largest is chosen and pays the total. */
function byDefinition(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const current = weights.map(() => 0);
  return Array.from({ length: total }, () => {
    for (const [index, weight] of weights.entries()) current[index]! += weight;
    const best = current.indexOf(Math.max(...current));
    current[best]! -= total;
    return best;
  });
}

test("weighted spreads 5:3:2 over ten calls, and begins anew", async () => {
  const { weighted } = await strategies();
  const chooser = weighted.prepare(choicesOf([5, 3, 2]));
  assert.equal(chooser.cycle, 10);
  assert.equal(letters(firstsOf(chooser, 20)), "ABCAABACBAABCAABACBA");
});

test("after the chosen one come the others, from where it stands", async () => {
  const found = await strategies();
  const orders = (["order", "round-robin", "weighted", "weighted-runs"] as const).map((name) => {
    const chooser = found[name].prepare(choicesOf([1, 2, 1]));
    return [name, ...[0, 1, 2, 3].map((position) => letters(orderOf(chooser, position)))];
  });
  assert.deepEqual(orders, [
    ["order", "ABC", "ABC", "ABC", "ABC"],
    ["round-robin", "ABC", "BCA", "CAB", "ABC"],
    ["weighted", "BCA", "ABC", "CAB", "BCA"],
    ["weighted-runs", "ABC", "BCA", "BCA", "CAB"],
  ]);
});

test("weighted-runs calls each as often in a row as it weighs", async () => {
  const { "weighted-runs": runs } = await strategies();
  assert.equal(letters(firstsOf(runs.prepare(choicesOf([1, 2])), 9)), "ABBABBABB");
  assert.equal(letters(firstsOf(runs.prepare(choicesOf([6, 2, 4])), 12)), "AAABCCAAABCC");
});

test("over a cycle, wherever it begins, each gets exactly its share", async () => {
  const found = await strategies();
  holds(
    property(weightLists, nat({ max: 10_000 }), (weights, begin) => {
      const least = wholeWeights(choicesOf(weights));
      for (const name of ["weighted", "weighted-runs"] as const) {
        const chooser = found[name].prepare(choicesOf(weights));
        const cycle = Array.from({ length: chooser.cycle }, (_, at) => firstOf(chooser, begin + at));
        assert.deepEqual(countsOf(cycle, weights.length), least);
      }
    }),
  );
});

test("the schedule is that of the definition, in whatever order turns are asked for", () => {
  holds(
    property(weightLists, nat(), (weights, from) => {
      const defined = byDefinition(weights);
      const schedule = new SmoothSchedule(weights);
      const { length } = schedule;
      const begin = from % length;
      const turns = Array.from({ length }, (_, at) => schedule.at(begin + at));
      assert.deepEqual(turns, [...defined.slice(begin), ...defined.slice(0, begin)]);
    }),
  );
});

test("weights become the smallest whole numbers in their proportions; very fine ones are rounded", () => {
  assert.deepEqual(wholeWeights(choicesOf([10, 20])), [1, 2]);
  assert.deepEqual(wholeWeights(choicesOf([0.5, 0.25, 1])), [2, 1, 4]);
  assert.deepEqual(wholeWeights(choicesOf([1_000_000, 1])), [100_000, 1]);
  holds(
    property(array(double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 2 }), (weights) => {
      const whole = wholeWeights(choicesOf(weights));
      const total = whole.reduce((sum, weight) => sum + weight, 0);
      assert.ok(whole.every((weight) => Number.isSafeInteger(weight) && weight > 0));
      assert.ok(total <= 100_000 + weights.length);
    }),
  );
});

test("a thousand of a hundred weights: a long cycle, exact at its end", async () => {
  const { weighted } = await strategies();
  const weights = Array.from({ length: 1000 }, (_, index) => 1 + (index % 100));
  const chooser = weighted.prepare(choicesOf(weights));
  assert.equal(chooser.cycle, 50_500);
  assert.deepEqual(countsOf(firstsOf(chooser, 50_500), 1000), weights);
});
