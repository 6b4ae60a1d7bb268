import { kindOf, Latencies } from "./latency.ts";
import { others } from "./lowest-first.ts";
import { ChoiceRecords } from "./records.ts";
import type { Choice, Chooser, Clock, GatewayContext, Strategy, Turn } from "../../core/index.ts";
import type { Latency, LatencyRules } from "./latency.ts";

export interface LatencyOptions extends LatencyRules {
  /** Share of the calls that go to the one that was not tried for the longest time. */
  explore: number;
}

export interface LatencyStrategy extends Strategy {
  close(): void;
}

/** As long as some were never tried, this share of the calls goes to them. */
const untriedShare = 0.25;

/** The shortest decayed time to the first byte; the others now and then, so that they are known. Looks at no weights. */
export function lowestLatency(
  options: LatencyOptions,
  { clock, hooks }: Pick<GatewayContext, "clock" | "hooks">,
): LatencyStrategy {
  const latencies = new Latencies(options, clock);
  let unhook: (() => void) | undefined;
  return {
    name: "lowest-latency",
    prepare(choices) {
      // Gates see the end of an answer; its first byte is known before.
      unhook ??= hooks.hook("attempt:finish", (call, attempt) => latencies.measure(attempt, call));
      return new LowestLatency(new ChoiceRecords(latencies.records, choices), choices, options, clock);
    },
    gate: {
      name: "lowest-latency",
      enter({ target }, call) {
        latencies.begin(target, call);
        return undefined;
      },
      leave({ target, end }, call) {
        if (end === "broken") latencies.broke(target, call);
      },
      describe: (target) => latencies.describe(target),
    },
    close: () => unhook?.(),
  };
}

/** Who is who among some choices. Indexes; -1: none. */
interface Standing {
  /** The shortest time of those that have one. */
  fastest: number;
  /** The next that was never tried. */
  untried: number;
  /** Tried longer ago than all others. */
  stalest: number;
  /** Calls for which it may still serve. */
  calls: number;
}

class LowestLatency implements Chooser {
  readonly cycle = 0;
  readonly #length: number;
  readonly #latencies: ChoiceRecords<Latency>;
  readonly #options: LatencyOptions;
  readonly #clock: Clock;
  readonly #standings: { whole?: Standing; stream?: Standing } = {};
  #turn = 0;

  constructor(
    latencies: ChoiceRecords<Latency>,
    { length }: readonly Choice[],
    options: LatencyOptions,
    clock: Clock,
  ) {
    this.#length = length;
    this.#latencies = latencies;
    this.#options = options;
    this.#clock = clock;
  }

  *order({ call }: Turn): Generator<number, void> {
    const from = this.#turn++ % this.#length;
    const kind = kindOf(call);
    // What is not known is not preferred to what is, nor to what failed.
    const score = (index: number): number => {
      const { ms = Number.NaN } = this.#latencies.at(index)?.[kind] ?? {};
      return Number.isNaN(ms) ? this.#options.failure : ms;
    };
    const first = this.#first(from, kind);
    yield first;
    for (const index of others(this.#length, from, first, score)) {
      this.#latencies.meet(index);
      yield index;
    }
  }

  /** The fastest, or one that is to be measured. */
  #first(from: number, kind: keyof Latency): number {
    const chance = this.#clock.random();
    const { explore } = this.#options;
    for (;;) {
      const { fastest, untried, stalest } = this.#standing(from, kind);
      if (untried >= 0 && (fastest < 0 || chance < Math.max(explore, untriedShare))) {
        if (this.#isUntried(untried, kind)) return untried;
        // Meanwhile it was tried, or it is known from the calls of others.
        this.#standings[kind] = undefined;
      } else return fastest < 0 || chance < explore ? stalest : fastest;
    }
  }

  #isUntried(index: number, kind: keyof Latency): boolean {
    return this.#latencies.meet(index)?.[kind].tried === Number.NEGATIVE_INFINITY;
  }

  /** Of many, not all are looked at for every call: so that it comes to some 64 a call. */
  #standing(from: number, kind: keyof Latency): Standing {
    const known = this.#standings[kind];
    if (known && known.calls-- > 0) return known;
    const standing: Standing = { fastest: -1, untried: -1, stalest: from, calls: this.#length >> 6 };
    let least = Number.POSITIVE_INFINITY;
    let oldest = Number.POSITIVE_INFINITY;
    for (let step = 0, index = from; step < this.#length; step++, index++) {
      if (index === this.#length) index = 0;
      const mean = this.#latencies.at(index)?.[kind];
      if (!mean || mean.tried === Number.NEGATIVE_INFINITY) {
        if (standing.untried < 0) standing.untried = index;
        continue;
      }
      if (mean.ms < least) [standing.fastest, least] = [index, mean.ms];
      if (mean.tried < oldest) [standing.stalest, oldest] = [index, mean.tried];
    }
    return (this.#standings[kind] = standing);
  }
}
