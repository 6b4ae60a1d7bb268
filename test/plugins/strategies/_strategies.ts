import { HookableCore } from "hookable";
import * as v from "valibot";
import plugin from "../../../plugins/strategies/index.ts";
import { seededClock } from "../../_seeded.ts";
import type {
  Attempt,
  Call,
  Choice,
  Chooser,
  Clock,
  GatewayContext,
  GatewayHooks,
  Strategy,
  Target,
} from "../../../core/index.ts";

export const allStrategies = [
  "order",
  "round-robin",
  "weighted",
  "weighted-runs",
  "lottery",
  "random",
  "least-busy",
  "lowest-latency",
  "error-rate",
  "affinity",
] as const;

export type StrategyName = (typeof allStrategies)[number];

/** The built-in strategies, as a gateway with this clock gets them. */
export async function strategies(
  clock: Clock = seededClock(),
  options: object = {},
  hooks = new HookableCore<GatewayHooks>(),
): Promise<Record<StrategyName, Strategy>> {
  const gateway = { clock, hooks } as unknown as GatewayContext;
  const parts = await plugin.setup(v.parse(plugin.options!, options), gateway);
  const list = [parts.strategy ?? []].flat();
  return Object.fromEntries(list.map((strategy) => [strategy.name, strategy])) as Record<
    StrategyName,
    Strategy
  >;
}

/** Choices of a target each, with these weights. */
export function choicesOf(weights: readonly number[], keys = 1): Choice[] {
  return weights.map((weight, index) => {
    const places = Array.from({ length: keys }, (_, place) => place);
    const targets = places.map((place) => ({ id: `u${index} #${place + 1}`, model: "m" }) as Target);
    return { id: `u${index} m`, weight, targets };
  });
}

export function callOf(parts: object = {}): Call {
  return {
    id: crypto.randomUUID(),
    stream: false,
    request: new Request("http://gateway/"),
    ...parts,
  } as Call;
}

/** The one that a call tries first. */
export function firstOf(chooser: Chooser, position = 0, call = callOf()): number {
  for (const index of chooser.order({ call, position })) return index;
  return -1;
}

/** All, in the order in which a call tries them. */
export function orderOf(chooser: Chooser, position = 0, call = callOf()): number[] {
  return [...chooser.order({ call, position })];
}

/** Which ones the first calls try first. */
export function firstsOf(chooser: Chooser, calls: number): number[] {
  return Array.from({ length: calls }, (_, position) => firstOf(chooser, position));
}

/** How often each was chosen. */
export function countsOf(chosen: readonly number[], length: number): number[] {
  const counts: number[] = Array.from({ length }, () => 0);
  for (const index of chosen) counts[index]! += 1;
  return counts;
}

/** An attempt at a choice's first target that has ended. */
export function attemptAt(choice: Choice | undefined, parts: Partial<Attempt> = {}): Attempt {
  const target = choice?.targets[0] as Target;
  return { target, startedAt: 0, duration: 0, status: 200, end: "complete", ...parts } as Attempt;
}

/** The counts are those of chance: none is farther from its share than five standard deviations. */
export function fitsShares(counts: readonly number[], shares: readonly number[]): boolean {
  const calls = counts.reduce((sum, count) => sum + count, 0);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  return counts.every((count, index) => {
    const share = (shares[index] ?? 0) / whole;
    return Math.abs(count - calls * share) <= 5 * Math.sqrt(calls * share * (1 - share)) + 1e-9;
  });
}
