import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as holds, integer, nat, property } from "fast-check";
import { seededClock } from "../../_seeded.ts";
import {
  allStrategies,
  attemptAt,
  callOf,
  choicesOf,
  countsOf,
  firstOf,
  orderOf,
  strategies,
} from "./_strategies.ts";
import type { Choice, Strategy } from "../../../core/index.ts";
import type { FakeClock } from "../../_fake-clock.ts";

/** Ends some attempts, well and badly. */
function live(strategy: Strategy, choices: readonly Choice[], clock: FakeClock): void {
  for (const [index, choice] of choices.entries()) {
    const attempt = attemptAt(choice, { duration: clock.random() * 1000, status: index % 3 ? 200 : 500 });
    for (let count = 0; count < 12; count++) {
      strategy.gate?.enter?.(attempt, callOf());
      if (index % 2) strategy.gate?.leave?.(attempt, callOf());
    }
  }
}

for (const name of allStrategies) {
  test(`${name} tries every choice once, before and after it has seen attempts`, async () => {
    await assert.doesNotReject(async () => {
      const clock = seededClock();
      const { [name]: strategy } = await strategies(clock);
      holds(
        property(
          array(integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 40 }),
          nat(),
          (weights, at) => {
            const choices = choicesOf(weights, 1 + (at % 3));
            const chooser = strategy.prepare(choices);
            const indexes = weights.map((_weight, index) => index);
            const call = callOf({ json: { prompt_cache_key: String(at) } });
            for (let count = 0; count < 5; count++) {
              const tried = orderOf(chooser, at + count, call);
              assert.deepEqual(
                tried.toSorted((a, b) => a - b),
                indexes,
              );
              live(strategy, choices, clock);
            }
          },
        ),
      );
    });
  });

  test(`${name} decides alike for the same seed`, async () => {
    const runs = await Promise.all(
      [7, 7].map(async (seed) => {
        const { [name]: strategy } = await strategies(seededClock(seed));
        const chooser = strategy.prepare(choicesOf([4, 2, 1, 1]));
        return Array.from({ length: 50 }, (_, at) =>
          orderOf(chooser, at, callOf({ json: { prompt_cache_key: String(at) } })),
        );
      }),
    );
    assert.deepEqual(runs[0], runs[1]);
  });

  test(`${name} asks for the targets of no choice before it tries it`, async () => {
    const { [name]: strategy } = await strategies();
    let asked = 0;
    const choices = choicesOf([1, 1, 1, 1, 1, 1, 1, 1]).map(({ id, weight, targets }) => ({
      id,
      weight,
      get targets() {
        asked++;
        return targets;
      },
    }));
    const chooser = strategy.prepare(choices);
    firstOf(chooser);
    assert.ok(asked <= 1, `${asked} were asked`);
  });
}

test("without attempts each strategy that looks at weights gives every choice its share, the others an equal one", async () => {
  const weights = [5, 3, 2];
  const byWeight = ["weighted", "weighted-runs", "lottery", "error-rate", "least-busy"] as const;
  const found = await strategies();
  for (const name of byWeight) assert.equal(found[name].weighted, true, name);
  for (const name of ["order", "round-robin", "random", "lowest-latency"] as const) {
    assert.equal(found[name].weighted, undefined, name);
  }
  for (const name of ["weighted", "weighted-runs", "least-busy"] as const) {
    const chooser = found[name].prepare(choicesOf(weights));
    const chosen = Array.from({ length: 10 }, (_, position) => firstOf(chooser, position));
    assert.deepEqual(countsOf(chosen, 3), weights, name);
  }
});
