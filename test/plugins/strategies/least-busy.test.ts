import assert from "node:assert/strict";
import { test } from "node:test";
import { attemptAt, callOf, choicesOf, countsOf, firstOf, orderOf, strategies } from "./_strategies.ts";
import type { Attempt, Choice, Strategy } from "../../../core/index.ts";

const call = callOf();

function begin({ gate }: Strategy, choice: Choice | undefined, key = 0): Attempt {
  const attempt = attemptAt(choice, { target: choice!.targets[key]! });
  gate!.enter!(attempt, call);
  return attempt;
}

test("the one with the fewest attempts in flight goes first, the busiest last", async () => {
  const { "least-busy": strategy } = await strategies();
  const choices = choicesOf([1, 1, 1]);
  const chooser = strategy.prepare(choices);
  const first = begin(strategy, choices[0]);
  begin(strategy, choices[0]);
  begin(strategy, choices[1]);
  assert.deepEqual(orderOf(chooser), [2, 1, 0]);
  begin(strategy, choices[2]);
  begin(strategy, choices[2]);
  begin(strategy, choices[2]);
  strategy.gate!.leave!(first, call);
  strategy.gate!.leave!(begin(strategy, choices[2]), call);
  assert.equal(orderOf(chooser).at(-1), 2);
  assert.deepEqual(strategy.gate!.describe!(choices[2]!.targets[0]!, 0), { attempts: 3 });
});

test("a heavier one may have more in flight", async () => {
  const { "least-busy": strategy } = await strategies();
  const choices = choicesOf([4, 1]);
  const chooser = strategy.prepare(choices);
  const chosen = Array.from({ length: 50 }, (_, position) => {
    const index = firstOf(chooser, position);
    begin(strategy, choices[index]);
    return index;
  });
  assert.deepEqual(countsOf(chosen, 2), [40, 10]);
});

test("of equally busy ones each has its turn", async () => {
  const { "least-busy": strategy } = await strategies();
  const choices = choicesOf([1, 1, 1]);
  const chooser = strategy.prepare(choices);
  const chosen = Array.from({ length: 6 }, () => {
    const index = firstOf(chooser);
    strategy.gate!.leave!(begin(strategy, choices[index]), call);
    return index;
  });
  assert.deepEqual(chosen, [0, 1, 2, 0, 1, 2]);
});

test("attempts with any key of an upstream count for it, and other lists of choices see them", async () => {
  const { "least-busy": strategy } = await strategies();
  const choices = choicesOf([1, 1], 2);
  // Before anyone asked for it.
  const early = begin(strategy, choices[0], 1);
  const upstreams = strategy.prepare(choices);
  const keys = strategy.prepare(
    choices[0]!.targets.map((target) => ({ id: target.id, weight: 1, targets: [target] })),
  );
  assert.equal(firstOf(upstreams), 1);
  assert.equal(firstOf(keys), 0);
  begin(strategy, choices[1], 0);
  begin(strategy, choices[1], 1);
  assert.equal(firstOf(strategy.prepare(choices)), 0);
  strategy.gate!.leave!(early, call);
  assert.equal(firstOf(upstreams), 0);
  assert.equal(firstOf(upstreams), 0);
});
