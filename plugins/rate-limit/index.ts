import { definePlugin, usedTokens } from "../../core/index.ts";
import { pushHeaders, refusal } from "./answers.ts";
import { rateLimitOptions } from "./options.ts";
import { pace } from "./pace.ts";
import { Planner, type Demand, type Plan } from "./plan.ts";
import type { Slot } from "./slots.ts";
import type { Call, Next, TakeResult, TokenReservation } from "../../core/index.ts";

/** How often and how much: limits on requests and tokens, and the pace of streams. */
export default definePlugin({
  name: "rate-limit",
  options: rateLimitOptions,
  setup(options, gateway) {
    const planner = new Planner(options, gateway.meaningOf);
    const { counters } = gateway.state;

    // But for the reading none of these is async: with counters in memory a call passes without a promise of ours.
    const middleware = (call: Call, next: Next): Promise<Response> => {
      const plan = planner.planFor(call);
      const known = call.facts !== undefined || !planner.needsFacts(plan, call);
      return known ? limit(plan, call, next) : readFirst(plan, call, next);
    };

    const readFirst = async (plan: Plan, call: Call, next: Next): Promise<Response> => {
      await call.inspect();
      return await limit(plan, call, next);
    };

    const limit = (plan: Plan, call: Call, next: Next): Promise<Response> => {
      const demand = planner.demand(plan, call);
      if (demand.slots.length === 0) return send(plan, call, next);
      // All windows in one take: a refused call is charged to none of them.
      const taken = counters.take(demand.slots);
      if (!(taken instanceof Promise)) return decide(plan, call, next, demand, taken);
      return taken.then((taken) => decide(plan, call, next, demand, taken));
    };

    const decide = (
      plan: Plan,
      call: Call,
      next: Next,
      demand: Demand,
      taken: TakeResult,
    ): Promise<Response> => {
      const { slots, reserved } = demand;
      if (options.headers) pushHeaders(call, slots, taken);
      if (!taken.allowed) return Promise.reject(refusal(call, slots, taken));
      if (reserved) settleLater(call, slots, taken, reserved);
      return send(plan, call, next);
    };

    const settleLater = (
      call: Call,
      slots: readonly Slot[],
      { at }: TakeResult,
      reserved: TokenReservation,
    ): void => {
      call.onFinish((outcome) => {
        const used = usedTokens(call, outcome, reserved);
        const entries = slots
          .filter(({ rule, amount }) => rule.limit.unit === "tokens" && amount !== used)
          .map(({ key, window, amount }) => ({ key, window, at, delta: used - amount }));
        if (entries.length > 0) return counters.settle(entries);
      });
    };

    const send = (plan: Plan, call: Call, next: Next): Promise<Response> => {
      const interval = planner.interval(plan, call);
      return interval > 0 ? next().then((response) => pace(response, interval, gateway.clock)) : next();
    };

    return { stage: "limit", middleware };
  },
});
