import { lowest, others } from "./lowest-first.ts";
import { ChoiceRecords, Records } from "./records.ts";
import { scheduleOf } from "./schedule.ts";
import type { Attempt, Choice, Chooser, Strategy } from "../../core/index.ts";
import type { SmoothSchedule } from "./schedule.ts";

/** Attempts in flight. */
interface Load {
  attempts: number;
}

/** The fewest attempts in flight for its weight, as this process knows them; of equal ones, each in its turn. */
export function leastBusy(): Strategy {
  const loads = new Records<Load>((parts) => ({
    attempts: parts.reduce((sum, { attempts }) => sum + attempts, 0),
  }));
  const count = ({ target }: Attempt, by: number): void => {
    for (const load of loads.of(target)) load.attempts += by;
  };
  return {
    name: "least-busy",
    weighted: true,
    prepare: (choices) => new LeastBusy(choices, loads),
    gate: {
      name: "least-busy",
      enter(attempt) {
        count(attempt, 1);
        return undefined;
      },
      leave: (attempt) => count(attempt, -1),
      describe: (target) => ({ attempts: loads.of(target)[0]?.attempts ?? 0 }),
    },
  };
}

class LeastBusy implements Chooser {
  readonly cycle = 0;
  readonly #weights: Float64Array;
  readonly #loads: ChoiceRecords<Load>;
  readonly #turns: SmoothSchedule;
  #turn = 0;

  constructor(choices: readonly Choice[], loads: Records<Load>) {
    this.#weights = Float64Array.from(choices, ({ weight }) => weight);
    this.#loads = new ChoiceRecords(loads, choices);
    this.#turns = scheduleOf(choices);
  }

  *order(): Generator<number, void> {
    const { length } = this.#weights;
    const from = this.#turns.at(this.#turn++);
    const score = (index: number): number =>
      (this.#loads.at(index)?.attempts ?? 0) / (this.#weights[index] ?? 1);
    let first = lowest(length, from, score);
    // One that was never tried from here may be busy with other calls.
    while (!this.#loads.at(first) && this.#loads.meet(first)?.attempts) first = lowest(length, from, score);
    yield first;
    yield* others(length, from, first, score);
  }
}
