import { wildcard } from "./glob.ts";
import type { Call } from "./call.ts";
import type { Timeouts } from "./transport/types.ts";
import type { Upstream } from "./upstream.ts";

type ByModel = Readonly<Record<string, Partial<Timeouts>>>;

/** The time-outs of one attempt: the upstream's for the model, the server's for it, else the upstream's own. */
export function timeoutsFor(upstream: Upstream, { model, gateway }: Call): Timeouts {
  const { modelTimeouts } = gateway.server;
  if (model === undefined) return upstream.timeouts;
  const own = firstFit(upstream.modelTimeouts, model);
  const general = own ? undefined : firstFit(modelTimeouts, model);
  return (own ?? general) ? { ...upstream.timeouts, ...(own ?? general) } : upstream.timeouts;
}

interface Rule {
  fits: (model: string) => boolean;
  own: Partial<Timeouts>;
}

const compiled = new WeakMap<ByModel, Rule[]>();

function firstFit(timeouts: ByModel, model: string): Partial<Timeouts> | undefined {
  let rules = compiled.get(timeouts);
  if (!rules) {
    rules = Object.entries(timeouts).map(([pattern, own]) => ({ fits: wildcard(pattern), own }));
    compiled.set(timeouts, rules);
  }
  return rules.find(({ fits }) => fits(model))?.own;
}
