import { obstacleOf, unavailable } from "../../core/index.ts";
import { firstKey } from "./keys.ts";
import type { Call, Obstacle, Target } from "../../core/index.ts";
import type { KeyOrder } from "./keys.ts";
import type { Plan } from "./plan.ts";

/** One model's plan, and where this call stands in it. */
export interface Leg {
  plan: Plan;
  position: number;
}

/** What a call may try: its own model, then others in its place. */
export interface Journey {
  call: Call;
  keys: KeyOrder;
  first: Leg;
  /** Other models, when all targets of the ones before were tried or stand out. */
  fallbacks(): Iterable<Leg>;
  /** Models with a larger context, when the request is too long for those before. */
  larger(): Iterable<Leg>;
  /** Use targets that rest rather than refuse a call that has no others. */
  lastResort: boolean;
}

interface Held {
  target: Target;
  obstacle: Obstacle;
}

/** The targets one by one, without those that a gate keeps calls from; those come last, where nothing else is left. */
export function* targetsFor(journey: Journey): Generator<Target, undefined, "context" | undefined> {
  const held: Held[] = [];
  let served = false;
  let legs: Iterator<Leg> = withFirst(journey.first, journey.fallbacks());
  for (let next = legs.next(); !next.done; next = legs.next()) {
    for (const target of along(next.value, journey)) {
      const obstacle = obstacleOf(journey.call.gateway.gates, target, journey.call);
      if (obstacle) {
        held.push({ target, obstacle });
        continue;
      }
      served = true;
      const hint = yield target;
      if (hint === "context") {
        legs = journey.larger()[Symbol.iterator]();
        break;
      }
    }
  }
  if (!served && held.length > 0) yield* lastOf(held, journey);
  return undefined;
}

function* withFirst(first: Leg, others: Iterable<Leg>): Generator<Leg, undefined> {
  yield first;
  yield* others;
  return undefined;
}

function* along({ plan, position }: Leg, { call, keys }: Journey): Generator<Target, void> {
  for (const { options, chooser } of plan.tiers) {
    if (!chooser) {
      for (const option of options) yield* keys.targets(option, call, plan.strategy);
      continue;
    }
    for (const index of chooser.order({ call, position })) {
      const option = options[index];
      if (option) yield* keys.targets(option, call, plan.strategy);
    }
  }
}

/** The busy, where a call can wait, before those that rest, the soonest to be back first. */
function* lastOf(held: readonly Held[], { call, lastResort }: Journey): Generator<Target, void> {
  const usable = held.filter(({ obstacle: { kind } }) => kind === "busy" || (kind === "rest" && lastResort));
  const until = ({ obstacle }: Held): number => obstacle.until ?? Number.POSITIVE_INFINITY;
  const order = usable.toSorted(
    (a, b) =>
      Number(a.obstacle.kind === "rest") - Number(b.obstacle.kind === "rest") ||
      Math.sign(until(a) - until(b)),
  );
  for (const { target } of order) yield target;
  if (order.length === 0) {
    const obstacles = held.map(({ obstacle }) => obstacle);
    throw unavailable(obstacles, call.gateway.clock.now());
  }
}

/** The first keys of a plan's upstreams: for what an upstream keeps. */
export function* firstKeys({ options }: Plan): Generator<Target, undefined> {
  for (const option of options) yield firstKey(option);
  return undefined;
}
