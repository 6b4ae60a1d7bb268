import assert from "node:assert/strict";
import { test } from "node:test";
import { HookableCore } from "hookable";
import { seededClock } from "../../_seeded.ts";
import { attemptAt, callOf, choicesOf, countsOf, orderOf, firstOf, strategies } from "./_strategies.ts";
import type { Attempt, Call, GatewayHooks } from "../../../core/index.ts";

/** A strategy and choices of which each answers as it is told. */
async function start(count: number, options: object = {}, keys = 1) {
  const clock = seededClock(3);
  const hooks = new HookableCore<GatewayHooks>();
  const { "lowest-latency": strategy } = await strategies(clock, { "lowest-latency": options }, hooks);
  const choices = choicesOf(
    Array.from({ length: count }, () => 1),
    keys,
  );
  const chooser = strategy.prepare(choices);
  const gate = strategy.gate!;

  function attempt(index: number, parts: Partial<Attempt>, call: Call = callOf(), key = 0): void {
    const made = attemptAt(choices[index], { target: choices[index]!.targets[key]!, ...parts });
    gate.enter!(made, call);
    clock.pass(10);
    void hooks.callHook("attempt:finish", call, made);
    gate.leave!(made, call);
  }

  /** Calls that are each answered by the one they try first; yields how many each got. */
  function run(calls: number, answer: (index: number) => Partial<Attempt>): number[] {
    const chosen = Array.from({ length: calls }, () => {
      const index = firstOf(chooser);
      attempt(index, answer(index));
      return index;
    });
    return countsOf(chosen, count);
  }

  for (let at = 0; at < count; at++) firstOf(chooser);
  return { strategy, gate, choices, chooser, attempt, run };
}

test("calls come to the fastest, and each other one is still measured", async () => {
  const { run } = await start(3);
  const times = [300, 120, 200];
  run(60, (index) => ({ duration: times[index]! }));
  const [slow, fast, middle] = run(1000, (index) => ({ duration: times[index]! })) as [
    number,
    number,
    number,
  ];
  assert.ok(fast > 930, `the fastest had ${fast}`);
  assert.ok(slow >= 5 && middle >= 5, `the others had ${slow} and ${middle}`);
});

test("one that becomes slow loses its calls, and has them back when it is fast again", async () => {
  const { run } = await start(2, { halfLife: "1s" });
  const times = [100, 200];
  const share = (calls: number): number => {
    const [first] = run(calls, (index) => ({ duration: times[index]! })) as [number, number];
    return first / calls;
  };
  share(200);
  assert.ok(share(500) > 0.9);
  times[0] = 2000;
  share(200);
  assert.ok(share(500) < 0.1);
  times[0] = 100;
  share(2000);
  assert.ok(share(500) > 0.9);
});

test("failures count as slow, however fast they come; the request's own faults count nothing", async () => {
  const ends: [parts: Partial<Attempt>, slow: boolean][] = [
    [{ status: 400 }, false],
    [{ status: undefined, end: "cancelled" }, false],
    [{ end: "client-gone" }, false],
    [{ status: 404 }, true],
    [{ status: 429 }, true],
    [{ status: 500 }, true],
    [{ status: undefined, end: "failed" }, true],
    [{ end: "broken" }, true],
  ];
  for (const [parts, slow] of ends) {
    const { chooser, attempt } = await start(2, { explore: 0, failure: "1s" });
    attempt(0, { duration: 50 });
    attempt(1, { duration: 200 });
    assert.deepEqual(orderOf(chooser), [0, 1]);
    attempt(0, { ...parts, duration: 1 });
    assert.deepEqual(orderOf(chooser), slow ? [1, 0] : [0, 1], JSON.stringify(parts));
  }
});

test("a client that waited in vain says that it takes at least so long", async () => {
  const { chooser, attempt } = await start(2, { explore: 0 });
  attempt(0, { duration: 50 });
  attempt(1, { duration: 90 });
  attempt(0, { duration: 40, status: undefined, end: "client-gone" });
  assert.deepEqual(orderOf(chooser), [0, 1]);
  attempt(0, { duration: 400, status: undefined, end: "client-gone" });
  assert.deepEqual(orderOf(chooser), [1, 0]);
});

test("what was never tried comes first now and then, and is not asked twice before it answers", async () => {
  const { chooser, gate, choices, attempt } = await start(3, { explore: 0 });
  attempt(0, { duration: 100 });
  const chosen = Array.from({ length: 200 }, () => firstOf(chooser));
  const [known, ...untried] = countsOf(chosen, 3) as [number, number, number];
  assert.ok(known > 120 && known < 180, String(known));
  assert.ok(untried.every((count) => count > 0));
  // Both hang.
  gate.enter!(attemptAt(choices[1]), callOf());
  gate.enter!(attemptAt(choices[2]), callOf());
  const rest = Array.from({ length: 200 }, () => firstOf(chooser));
  assert.deepEqual(countsOf(rest, 3), [200, 0, 0]);
});

test("streams and whole answers are measured apart", async () => {
  const { chooser, attempt, gate, choices } = await start(2, { explore: 0 });
  const stream = callOf({ stream: true });
  attempt(0, { duration: 900 });
  attempt(1, { duration: 3000 });
  attempt(0, { duration: 200 }, stream);
  attempt(1, { duration: 100 }, stream);
  assert.deepEqual(orderOf(chooser), [0, 1]);
  assert.deepEqual(orderOf(chooser, 0, stream), [1, 0]);
  assert.deepEqual(gate.describe!(choices[0]!.targets[0]!, 0), { firstByte: 200, answer: 900 });
});

test("what is known of them is known to all lists of choices", async () => {
  const { strategy, choices, attempt } = await start(3, { explore: 0 });
  for (const [index, duration] of [300, 100, 200].entries()) attempt(index, { duration });
  const other = strategy.prepare(choices);
  const chosen = Array.from({ length: 50 }, () => firstOf(other));
  assert.deepEqual(new Set(chosen.slice(25)), new Set([1]));
});

test("an upstream is as fast as its keys are together, each key as itself", async () => {
  const { strategy, choices, chooser, attempt } = await start(2, { explore: 0 }, 2);
  const { targets } = choices[0]!;
  const keys = strategy.prepare(targets.map((target) => ({ id: target.id, weight: 1, targets: [target] })));
  for (let count = 0; count < 20; count++) {
    attempt(0, { duration: 300 });
    attempt(1, { duration: 100 });
    firstOf(keys);
  }
  assert.deepEqual(orderOf(chooser), [1, 0]);
  for (let count = 0; count < 100; count++) attempt(0, { duration: 10 }, callOf(), 1);
  assert.deepEqual(orderOf(chooser), [0, 1]);
  assert.deepEqual(orderOf(keys), [1, 0]);
});
