import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { describedArrivals } from "../../../core/simulation/arrivals.ts";
import { loadSchema } from "../../../core/simulation/load.ts";
import type { Arrival } from "../../../core/simulation/arrivals.ts";

const offered = { models: ["m"], keys: ["team"] };

function arrivals(load: object, seed = 1): Arrival[] {
  const source = describedArrivals(v.parse(loadSchema, load), offered, seed);
  const all: Arrival[] = [];
  for (let next = source.next(); next; next = source.next()) all.push(next);
  return all;
}

test("a constant rate brings its calls evenly, and phases follow each other", () => {
  const load = {
    arrivals: "constant",
    phases: [
      { for: "2s", rate: "2/s" },
      { for: "1s", rate: 0 },
      { for: 1000, rate: 4 },
    ],
  };
  assert.deepEqual(
    arrivals(load).map(({ at }) => at),
    [500, 1000, 1500, 2000, 3250, 3500, 3750, 4000],
  );
});

test("a ramp brings as many calls as its mean rate, ever closer", () => {
  const phases = [{ for: "10s", rate: 0, to: "10/s" }];
  const times = arrivals({ arrivals: "constant", phases }).map(({ at }) => at);
  assert.equal(times.length, 50);
  // The n-th of a rate that grows by one a second comes at the root of 2n seconds.
  times.forEach((at, i) => assert.ok(Math.abs(at - Math.sqrt(2 * (i + 1)) * 1000) < 0.001));
});

test("calls that come by chance are as many on average, and as far apart as chance has it", () => {
  const times = arrivals({ phases: [{ for: "100s", rate: "50/s" }] }).map(({ at }) => at);
  assert.ok(Math.abs(times.length - 5000) < 200, String(times.length));
  const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
  // An exponential time is longer than its mean in 1 of e cases.
  const long = gaps.filter((gap) => gap > 20).length / gaps.length;
  assert.ok(Math.abs(long - 1 / Math.E) < 0.03, String(long));
});

test("the same seed gives the same calls, another seed others", () => {
  const load = { phases: [{ for: "10s", rate: "10/s" }], models: { a: 1, b: 1 }, conversations: 3 };
  assert.deepEqual(arrivals(load), arrivals(load));
  assert.notDeepEqual(arrivals(load), arrivals(load, 2));
});

test("models and keys are those of the configuration, or by the weights of the load", () => {
  const phases = [{ for: "100s", rate: "10/s" }];
  const [first] = arrivals({ phases, calls: 1, tokens: { input: 5, output: 7 }, stream: 1 });
  assert.deepEqual(first && { ...first, at: 0 }, {
    at: 0,
    model: "m",
    key: "team",
    ip: "",
    inputTokens: 5,
    outputTokens: 7,
    stream: true,
    conversation: undefined,
  });
  const weighted = arrivals({ phases, models: { a: 1, b: 3 }, keys: { x: 1 }, stream: 0 });
  const ofA = weighted.filter(({ model }) => model === "a").length / weighted.length;
  assert.ok(Math.abs(ofA - 0.25) < 0.05, String(ofA));
  assert.ok(weighted.every(({ key, stream }) => key === "x" && !stream));
});
