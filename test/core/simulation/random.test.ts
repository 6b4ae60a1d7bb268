import assert from "node:assert/strict";
import { test } from "node:test";
import { picker, sampler } from "../../../core/simulation/distribution.ts";
import { Histogram } from "../../../core/simulation/histogram.ts";
import { seededRandom } from "../../../core/simulation/random.ts";

test("a seed gives the same numbers on every runtime; another seed or purpose gives others", () => {
  const draw = (seed: number, purpose: string): number[] => {
    const random = seededRandom(seed, purpose);
    return [random(), random(), random()].map((number) => Math.round(number * 2 ** 32));
  };
  const first = [3599719019, 3776386505, 773046554];
  assert.deepEqual(draw(1, "arrivals"), first);
  assert.notDeepEqual(draw(2, "arrivals"), first);
  assert.notDeepEqual(draw(1, "models"), first);
});

test("numbers are spread evenly from 0 to below 1", () => {
  const random = seededRandom(7, "test");
  const tenths = Array.from({ length: 10 }, () => 0);
  for (let i = 0; i < 100_000; i++) {
    const tenth = Math.floor(random() * 10);
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
  }
  for (const count of tenths) assert.ok(Math.abs(count - 10_000) < 400, String(tenths));
});

test("a spread has the median and the 95th percentile that it was given", () => {
  const draw = sampler({ p50: 400, p95: 1500 }, seededRandom(1, "test"));
  const drawn = Array.from({ length: 20_000 }, draw).sort((a, b) => a - b);
  assert.ok(Math.abs((drawn[10_000] ?? 0) - 400) < 20, String(drawn[10_000]));
  assert.ok(Math.abs((drawn[19_000] ?? 0) - 1500) < 100, String(drawn[19_000]));
  assert.deepEqual([1, 2, 3].map(sampler(5, seededRandom(1, "test"))), [5, 5, 5]);
});

test("names are drawn by weight, those of weight 0 never", () => {
  const pick = picker({ a: 3, b: 0, c: 1 }, seededRandom(1, "test"));
  const counts: Record<string, number> = {};
  for (let i = 0; i < 8000; i++) {
    const name = pick();
    counts[name] = (counts[name] ?? 0) + 1;
  }
  assert.deepEqual(Object.keys(counts).sort(), ["a", "c"]);
  assert.ok(Math.abs((counts.a ?? 0) - 6000) < 150, JSON.stringify(counts));
});

test("a histogram tells percentiles to two parts in a hundred", () => {
  const histogram = new Histogram();
  assert.deepEqual(histogram.percentiles(), { p50: 0, p95: 0, p99: 0 });
  for (let i = 1; i <= 10_000; i++) histogram.add(i);
  const { p50, p95, p99 } = histogram.percentiles();
  for (const [found, right] of [
    [p50, 5000],
    [p95, 9500],
    [p99, 9900],
  ] as const) {
    assert.ok(Math.abs(found / right - 1) <= 0.02, `${found} for ${right}`);
  }
  assert.deepEqual([histogram.count, histogram.max, histogram.mean], [10_000, 10_000, 5000]);
});
