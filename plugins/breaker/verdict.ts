import type { Attempt } from "../../core/index.ts";
import type { Verdict } from "./circuit.ts";
import type { BreakerSettings } from "./options.ts";

type Statuses = BreakerSettings["statuses"];

/**
 * What attempts tell of their targets. An answer that is no failure and no success (400, 404, 429) tells nothing: it is
 * the request's fault, or another gate's business.
 */
export function verdictReader(): (attempt: Attempt, settings: Pick<BreakerSettings, "statuses">) => Verdict {
  const failing = new WeakMap<Statuses, (status: number) => boolean>();
  return ({ end, status = 0, headers }, { statuses }) => {
    if (end === "failed" || end === "broken") return "failure";
    if (end !== "complete") return "neither";
    // Without headers nobody was asked: a count of tokens of the gateway's own.
    if (status < 400) return headers || status === 101 ? "success" : "neither";
    let fails = failing.get(statuses);
    if (!fails) failing.set(statuses, (fails = among(statuses)));
    return fails(status) ? "failure" : "neither";
  };
}

function among(statuses: Statuses): (status: number) => boolean {
  const known = new Set<number | string>(statuses);
  return (status) => known.has(status) || known.has(status < 500 ? "4xx" : "5xx");
}
