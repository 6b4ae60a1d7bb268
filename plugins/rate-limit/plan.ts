import { matcher, parseLimits, reserveTokens } from "../../core/index.ts";
import type { RateLimitOptions } from "./options.ts";
import { compileRules, keyRules, type Rule } from "./rules.ts";
import { isSameForAll, slotFor, type Slot } from "./slots.ts";
import type { Call, Caller, Limit, TokenReservation } from "../../core/index.ts";

/** How fast streams of the calls that fit go out. */
export interface Pace {
  /** ms from one event to the next. */
  interval: number;
  matchesKey: (name: string) => boolean;
  matchesPath: (name: string) => boolean;
  matchesModel?: (name: string) => boolean;
}

/** What holds for all calls of one caller, worked out once. */
export interface Plan {
  /** Windows that are the same for each call. */
  ready: readonly Slot[];
  /** Windows that are the same for each call, but for the tokens that it takes of them. */
  tokens: readonly Slot[];
  /** Rules that depend on the call. */
  open: readonly Rule[];
  /** Slowest first. */
  paces: readonly Pace[];
  /** Some of them may need the body. */
  needsFacts: boolean;
}

/** What one call must fit into. */
export interface Demand {
  slots: readonly Slot[];
  /** Set when one of the windows counts tokens. */
  reserved: TokenReservation | undefined;
}

export class Planner {
  readonly #rules: readonly Rule[];
  readonly #paces: readonly Pace[];
  readonly #perKey: readonly Limit[];
  readonly #output: number;
  readonly #meaningOf: (asked: string) => { model: string };
  /** Callers are objects that auth keeps, so a plan lives as long as its caller. */
  readonly #plans = new WeakMap<Caller, Plan>();
  #planOfNobody: Plan | undefined;

  constructor(options: RateLimitOptions, meaningOf: (asked: string) => { model: string }) {
    this.#rules = compileRules(options);
    this.#perKey = options.perKey ?? [];
    this.#output = options.estimate.output;
    this.#meaningOf = meaningOf;
    this.#paces = options.pace
      .map(({ rate, keys, paths, models }) => ({
        interval: rate,
        matchesKey: matcher(keys),
        matchesPath: matcher(paths),
        matchesModel: models && matcher(models),
      }))
      .sort((a, b) => b.interval - a.interval);
  }

  planFor(call: Call): Plan {
    const { caller } = call;
    if (!caller) return (this.#planOfNobody ??= this.#make(call));
    let plan = this.#plans.get(caller);
    if (!plan) this.#plans.set(caller, (plan = this.#make(call)));
    return plan;
  }

  /** The windows of one call; after `inspect()` where the plan needs facts. */
  demand(plan: Plan, call: Call): Demand {
    const { ready, tokens, open } = plan;
    if (tokens.length + open.length === 0) return { slots: ready, reserved: undefined };
    const slots = [...ready];
    let reserved: TokenReservation | undefined;
    for (const slot of tokens) {
      reserved ??= reserveTokens(call, this.#output);
      const amount = Math.min(reserved.input + reserved.output, slot.limit);
      if (amount > 0) slots.push({ ...slot, amount });
    }
    if (open.length === 0) return { slots, reserved };
    const now = call.gateway.clock.now();
    const model = this.#meant(call);
    for (const rule of open) {
      if (!fitsPath(rule, call) || !fitsModel(rule.matchesModel, call, model)) continue;
      if (rule.limit.unit === "requests") {
        slots.push(slotFor(rule, call, model, 1, now));
        continue;
      }
      reserved ??= reserveTokens(call, this.#output);
      const amount = reserved.input + reserved.output;
      if (amount > 0) slots.push(slotFor(rule, call, model, amount, now));
    }
    return { slots, reserved };
  }

  /** ms between two events of a call's stream, 0 where it is not paced. */
  interval(plan: Plan, call: Call): number {
    if (plan.paces.length === 0) return 0;
    const model = this.#meant(call);
    const pace = plan.paces.find(
      (pace) => pace.matchesPath(call.path) && fitsModel(pace.matchesModel, call, model),
    );
    return pace?.interval ?? 0;
  }

  /** Must the body be read to know what holds for this call? */
  needsFacts(plan: Plan, call: Call): boolean {
    return (
      plan.needsFacts &&
      (plan.tokens.length > 0 ||
        plan.open.some((rule) => rule.needsFacts && fitsPath(rule, call)) ||
        plan.paces.some((pace) => pace.matchesModel && pace.matchesPath(call.path)))
    );
  }

  /** The model that is meant: an alias and its model count as one, or each would have a limit of its own. */
  #meant({ model }: Call): string | undefined {
    return model === undefined ? undefined : this.#meaningOf(model).model;
  }

  #make(call: Call): Plan {
    const { caller } = call;
    const name = caller?.name ?? "anonymous";
    const own = keyRules(caller?.limits ? parseLimits(caller.limits) : this.#perKey);
    const rules = [...own, ...this.#rules.filter(({ matchesKey }) => !matchesKey || matchesKey(name))];
    const same = rules.filter((rule) => isSameForAll(rule, caller?.name));
    const open = rules.filter((rule) => !same.includes(rule));
    const paces = this.#paces.filter(({ matchesKey }) => matchesKey(name));
    const slots = same.map((rule) => slotFor(rule, call, undefined, 1, 0));
    const tokens = slots.filter(({ rule }) => rule.limit.unit === "tokens");
    return {
      ready: slots.filter((slot) => !tokens.includes(slot)),
      tokens,
      open,
      paces,
      needsFacts:
        tokens.length > 0 ||
        open.some((rule) => rule.needsFacts) ||
        paces.some((pace) => pace.matchesModel !== undefined),
    };
  }
}

function fitsPath({ matchesPath, matchesPrefix }: Rule, call: Call): boolean {
  if (matchesPath && !matchesPath(call.path)) return false;
  return !matchesPrefix || (call.prefix !== undefined && matchesPrefix(call.prefix));
}

/** By the name that is asked for or the one that is meant, so that an alias leads past no limit. */
function fitsModel(
  matches: ((name: string) => boolean) | undefined,
  call: Call,
  meant: string | undefined,
): boolean {
  if (!matches) return true;
  if (meant === undefined) return false;
  return (
    matches(meant) || (call.askedModel !== undefined && call.askedModel !== meant && matches(call.askedModel))
  );
}
