import type { Chooser, Choice, Strategy } from "../../core/index.ts";
import type { Option, Tier } from "./candidates.ts";

/** A tier and how its options take turns. */
export interface PlannedTier {
  readonly options: Tier;
  /** Undefined where there is no choice, or the order is fixed. */
  readonly chooser: Chooser | undefined;
}

/** What calls of one kind (model, protocol, operation, rules) share: worked out once. */
export interface Plan {
  readonly tiers: readonly PlannedTier[];
  readonly options: readonly Option[];
  /** What orders them; undefined: they stand as they are. */
  readonly strategy: Strategy | undefined;
  /** Name of the cursor that counts its calls; undefined where nobody looks at positions. */
  readonly cursor: string | undefined;
}

/** @param strategy undefined: in the order of the options */
export function makePlan(name: string, tiers: readonly Tier[], strategy: Strategy | undefined): Plan {
  const planned = tiers.map((options) => ({ options, chooser: chooserOf(options, strategy) }));
  const counted = planned.some(({ chooser }) => chooser !== undefined && chooser.cycle > 0);
  const cursor = counted ? `route ${name}` : undefined;
  return { tiers: planned, options: tiers.flat(), strategy, cursor };
}

/** None where there is nothing to choose. */
export function chooserOf(choices: readonly Choice[], strategy: Strategy | undefined): Chooser | undefined {
  return choices.length > 1 ? strategy?.prepare(choices) : undefined;
}
