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

function firstFit(timeouts: ByModel, model: string): Partial<Timeouts> | undefined {
  for (const pattern in timeouts) if (wildcard(pattern)(model)) return timeouts[pattern];
  return undefined;
}
