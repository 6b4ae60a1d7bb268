import { definePlugin, GatewayError, wildcard } from "../../core/index.ts";
import { RetryBudget } from "./budget.ts";
import { Hedging } from "./hedging.ts";
import { options } from "./options.ts";
import { Tries } from "./tries.ts";
import { Classes } from "./verdict.ts";
import type { Call, Next } from "../../core/index.ts";
import type { Options } from "./options.ts";
import type { Shared } from "./tries.ts";

/** Tries the targets of a call one after the other, as long as nothing has gone to the client. */
export default definePlugin({
  name: "retry",
  options,
  setup(given, { clock }) {
    const { deadline } = given;
    const shared: Shared = {
      options: given,
      attemptsOf: attemptsByKey(given),
      classes: new Classes(given),
      budget: budgetOf(given, clock.tick),
      hedging: hedgingOf(given, clock),
    };
    const run = (call: Call, next: Next): Promise<Response> => {
      shared.budget.called();
      return new Tries(call, next, shared).run();
    };
    return {
      stage: "retry",
      middleware: deadline === undefined ? run : (call, next) => within(deadline, call, run(call, next)),
    };
  },
});

/** How many attempts a call has, by the name of its key. */
function attemptsByKey({ attempts, keys }: Options): (call: Call) => number {
  const rules = Object.entries(keys).map(([pattern, own]) => ({ fits: wildcard(pattern), own }));
  if (rules.length === 0) return () => attempts;
  return ({ caller }) => {
    const name = caller?.name;
    return (name === undefined ? undefined : rules.find(({ fits }) => fits(name))?.own) ?? attempts;
  };
}

function budgetOf({ budget }: Options, tick: () => number): RetryBudget {
  const { ratio = 0.2, minimum = 10 } = budget;
  return new RetryBudget({ ratio, minimum }, tick);
}

function hedgingOf({ hedge }: Options, clock: Call["gateway"]["clock"]): Hedging | undefined {
  const { after, max = 1, ratio = 0.05 } = hedge;
  return after === undefined ? undefined : new Hedging({ after, max, ratio }, clock);
}

/** Gives a call up that has no answer in time. */
async function within(ms: number, call: Call, answering: Promise<Response>): Promise<Response> {
  const { clock } = call.gateway;
  const off = clock.after(ms, () => {
    const { startedAt = 0 } = call.attempts.at(-1) ?? {};
    // Who had most of the time is to blame; who was asked at the end of it is not.
    const retryable = clock.now() - startedAt >= ms / 2;
    const message = "No upstream answered in time.";
    call.canceller.cancel(new GatewayError(message, { status: 504, code: "deadline_exceeded", retryable }));
  });
  try {
    return await answering;
  } finally {
    off();
  }
}
