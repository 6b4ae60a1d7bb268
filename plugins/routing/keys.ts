import { targetOf } from "../../core/index.ts";
import { chooserOf } from "./plan.ts";
import type { Call, Choice, Chooser, Strategy, Target, Upstream } from "../../core/index.ts";
import type { Option } from "./candidates.ts";

/** How an upstream's keys take turns, where the upstreams were ordered by a strategy. */
type StrategyOf = (upstream: Upstream, chosenBy: Strategy | undefined) => Strategy | undefined;

/** The keys of upstreams, and the regions, and how they take turns: from one call to the next over all models. */
export class KeyOrder {
  readonly #strategyOf: StrategyOf;
  readonly #choosers = new WeakMap<Option, Chooser>();
  readonly #cursors = new Map<Upstream, number>();

  constructor(strategyOf: StrategyOf) {
    this.#strategyOf = strategyOf;
  }

  /**
   * The targets of an option in the order of this call.
   * @param chosenBy What ordered the options.
   */
  *targets(option: Option, call: Call, chosenBy: Strategy | undefined): Generator<Target, void> {
    const { targets, upstream } = option;
    const [only] = targets;
    if (targets.length < 2) {
      if (only) yield only;
      return;
    }
    const chooser = this.#chooser(option, chosenBy);
    const position = this.#cursors.get(upstream) ?? 0;
    this.#cursors.set(upstream, position + 1);
    if (!chooser) {
      yield* targets;
      return;
    }
    for (const index of chooser.order({ call, position })) {
      const target = targets[index];
      if (target) yield target;
    }
  }

  #chooser(option: Option, chosenBy: Strategy | undefined): Chooser | undefined {
    const known = this.#choosers.get(option);
    if (known) return known;
    const made = chooserOf(
      option.targets.map((target) => choiceOf(target)),
      this.#strategyOf(option.upstream, chosenBy),
    );
    if (made) this.#choosers.set(option, made);
    return made;
  }
}

function choiceOf(target: Target): Choice {
  const { id, upstream, keyPlace } = target;
  return { id, weight: upstream.keys[keyPlace]?.weight ?? 1, targets: [target] };
}

/** What an upstream keeps, it keeps for the account of one key. */
export function firstKey({ upstream, model }: Option): Target {
  return targetOf(upstream, 0, model, undefined);
}
