import assert from "node:assert/strict";
import { test } from "node:test";
import { createLocalBoard } from "../../../core/state/board.ts";
import { Circuit } from "../../../plugins/breaker/circuit.ts";
import { fakeClock } from "../../_fake-clock.ts";
import type { CircuitLimits, Verdict } from "../../../plugins/breaker/circuit.ts";

const limits: CircuitLimits = {
  consecutive: 3,
  rate: 0.5,
  minCalls: 10,
  window: 10_000,
  rest: { first: 5000, max: 40_000 },
  probes: 1,
};

/** Circuits of one target, as processes have them that share a board. */
function setUp(given: Partial<CircuitLimits> = {}, shared = false) {
  const clock = fakeClock();
  const board = createLocalBoard(clock.now);
  const circuit = (): Circuit => new Circuit("breaker:a", { ...limits, ...given }, { board, clock, shared });
  const one = circuit();
  return {
    clock,
    board,
    circuit,
    one,
    /** Attempts that begin and end at once. */
    attempts(verdict: Verdict, count = 1, at = one): void {
      for (let i = 0; i < count; i++) at.leave(verdict, clock.now(), at.enter(clock.now()), clock.now());
    },
    state: (at = one) => at.obstacle(clock.now()),
  };
}

test("failures in a row open it, and a success between them does not", () => {
  const { one, attempts, state, clock } = setUp();
  attempts("failure", 2);
  attempts("success");
  attempts("failure", 2);
  assert.equal(state(), undefined);
  attempts("neither", 5);
  assert.equal(one.inRow, 2);
  attempts("failure");
  assert.deepEqual(state(), { kind: "rest", reason: "3 failures in a row", until: clock.now() + 5000 });
});

test("a share of failures opens it once there are enough calls, and old ones do not count", () => {
  const { attempts, state, clock } = setUp({ consecutive: 0 });
  for (let i = 0; i < 4; i++) {
    attempts("failure");
    attempts("success");
  }
  attempts("failure");
  assert.equal(state(), undefined);
  clock.pass(10_000);
  for (let i = 0; i < 4; i++) attempts("failure");
  attempts("success", 5);
  assert.equal(state(), undefined);
  attempts("failure");
  assert.equal(state()?.reason, "5 of 10 calls failed");
});

test("the window slides: half of it is kept", () => {
  const { attempts, state, clock } = setUp({ consecutive: 0 });
  attempts("failure", 5);
  clock.pass(6000);
  attempts("success", 4);
  attempts("failure");
  assert.equal(state()?.reason, "6 of 10 calls failed");
});

test("rests double up to the longest while it fails when it is tried, and a success closes it", () => {
  const { attempts, state, clock, board } = setUp();
  attempts("failure", 3);
  const rests: number[] = [];
  for (let i = 0; i < 6; i++) {
    const { until = 0 } = state() ?? {};
    rests.push(until - clock.now());
    clock.pass(until - clock.now());
    assert.equal(state(), undefined);
    attempts("failure");
  }
  assert.deepEqual(rests, [5000, 10_000, 20_000, 40_000, 40_000, 40_000]);
  clock.pass(40_000);
  attempts("success");
  assert.equal(state(), undefined);
  assert.deepEqual([...board.entries("breaker:")], []);
  attempts("failure", 3);
  assert.equal((state()?.until ?? 0) - clock.now(), 5000);
});

test("rests can all be the same", () => {
  const { attempts, state, clock } = setUp({ consecutive: 1, rest: { first: 300_000, max: 300_000 } });
  for (let i = 0; i < 3; i++) {
    attempts("failure");
    assert.deepEqual(state(), { kind: "rest", reason: "it failed", until: clock.now() + 300_000 });
    clock.pass(300_000);
  }
});

test("after a rest only so many attempts try it at once", () => {
  const { one, attempts, state, clock } = setUp({ probes: 2 });
  attempts("failure", 3);
  clock.pass(5000);
  const began = clock.now();
  assert.deepEqual([one.enter(began), state(), one.enter(began)], [true, undefined, true]);
  const tried = "3 failures in a row; it is being tried";
  assert.deepEqual(state(), { kind: "rest", reason: tried, until: undefined });
  one.leave("neither", began, true, clock.now());
  assert.equal(state(), undefined);
  one.leave("success", began, true, clock.now());
  assert.equal(one.rest, undefined);
});

test("what began before a change says nothing of what is after it", () => {
  const { one, attempts, state, clock } = setUp();
  const early = clock.now();
  clock.pass(1);
  attempts("failure", 3);
  const before = state();
  one.leave("success", early, false, clock.now());
  one.leave("failure", early, false, clock.now());
  assert.deepEqual(state(), before);
  clock.pass(5000);
  attempts("success");
  for (let i = 0; i < 5; i++) one.leave("failure", early, false, clock.now());
  assert.equal(one.inRow, 0);
  attempts("failure", 2);
  one.leave("success", early, false, clock.now());
  assert.equal(one.inRow, 2);
});

test("one that is used during its rest, for want of others, closes when it works", () => {
  const { one, attempts, state, clock } = setUp();
  attempts("failure", 3);
  clock.pass(1000);
  const { until } = state() ?? {};
  attempts("failure");
  assert.equal(state()?.until, until);
  attempts("success");
  assert.equal(one.rest, undefined);
});

test("processes share a rest, and one of them tries", () => {
  const { one, attempts, state, clock, circuit } = setUp({}, true);
  const other = circuit();
  attempts("failure", 3);
  assert.deepEqual(state(other), state());
  clock.pass(5500);
  const began = clock.now();
  assert.equal(one.enter(began), true);
  assert.equal(state(other)?.kind, "rest");
  assert.equal(one.leave("failure", began, true, clock.now())?.length, 10_000);
  assert.equal(state(other)?.until, clock.now() + 10_000);
  clock.pass(11_000);
  attempts("success", 1, other);
  assert.equal(state(), undefined);
});

test("processes come back one after the other", () => {
  const clock = fakeClock(0, 0.5);
  const board = createLocalBoard(clock.now);
  const one = new Circuit("breaker:a", limits, { board, clock, shared: true });
  for (let i = 0; i < 3; i++) one.leave("failure", 0, false, 0);
  assert.equal(one.obstacle(0)?.until, 5250);
});

test("a process that tried and died does not keep the others away for good", () => {
  const { one, attempts, state, clock, circuit } = setUp({}, true);
  attempts("failure", 3);
  clock.pass(5500);
  one.enter(clock.now());
  const other = circuit();
  assert.notEqual(state(other), undefined);
  clock.pass(30_000);
  assert.equal(state(other), undefined);
});

test("a new configuration finds the rest", () => {
  const { attempts, state, circuit } = setUp();
  attempts("failure", 3);
  assert.deepEqual(state(circuit()), state());
});

test("an upstream that is not well rests until it was asked again", () => {
  const { one, state, clock } = setUp();
  for (let i = 0; i < 3; i++) {
    one.unwell(clock.now(), 45_000);
    clock.pass(30_000);
  }
  assert.equal(state()?.until, clock.now() + 15_000);
  one.unwell(clock.now(), 45_000);
  assert.equal(state()?.until, clock.now() + 45_000);
  one.success(clock.now(), clock.now());
  assert.equal(state(), undefined);
});

test("a note that is none of ours is no rest", () => {
  const { board, state } = setUp();
  for (const text of [
    "",
    "{}",
    "[]",
    '{"kind":"rest"}',
    "nonsense",
    '{"kind":"x","reason":"","since":1,"until":2}',
  ]) {
    board.set("breaker:a", text, 1000);
    assert.equal(state(), undefined, text);
  }
});
