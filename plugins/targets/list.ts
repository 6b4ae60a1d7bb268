import { knownTargets, maskSecret, reportOf, targetsOf, wildcard } from "../../core/index.ts";
import type { GatewayContext, Target, TargetReport, Upstream } from "../../core/index.ts";

/** The most targets that one answer lists. */
const listed = 1000;

/** One target as admins see it. */
export interface ListedTarget {
  id: string;
  upstream: string;
  /** Place among the upstream's keys, from 1 on, and the key, masked. */
  key?: string;
  model?: string;
  region?: string;
  /** False where a gate keeps calls from it. */
  available: boolean;
  /** What each gate knows, by its name; the gate that keeps calls away tells `obstacle`. */
  gates: Record<string, TargetReport>;
}

export interface TargetList {
  /** Over all that were asked for, also those that are not listed. */
  totals: { targets: number; available: number; rest: number; limit: number; busy: number };
  targets: ListedTarget[];
}

/**
 * What the gates know of all targets: of each key for each offered model, and of others that were of use.
 * @param query `upstream` and `model`, names or patterns; `obstacle` (`rest`, `limit`, `busy` or `any`): only those
 */
export function listTargets(gateway: GatewayContext, query: URLSearchParams): TargetList {
  const fits = filterOf(query);
  const wanted = query.get("obstacle");
  const now = gateway.clock.now();
  const totals = { targets: 0, available: 0, rest: 0, limit: 0, busy: 0 };
  const targets: ListedTarget[] = [];
  for (const upstream of gateway.upstreams) {
    for (const target of allTargets(upstream)) {
      if (!fits(target)) continue;
      const gates = reportOf(gateway.gates, target, now);
      const obstacle = obstacleIn(gates);
      totals.targets++;
      totals[obstacle ?? "available"]++;
      if (wanted !== null && (obstacle === undefined || (wanted !== "any" && wanted !== obstacle))) continue;
      if (targets.length < listed) targets.push(describe(target, obstacle === undefined, gates));
    }
  }
  return { totals, targets };
}

function filterOf(query: URLSearchParams): (target: Target) => boolean {
  const upstream = query.get("upstream");
  const model = query.get("model");
  const fitsUpstream = upstream === null ? undefined : wildcard(upstream);
  const fitsModel = model === null ? undefined : wildcard(model);
  return (target) =>
    (!fitsUpstream || fitsUpstream(target.upstream.name)) && (!fitsModel || fitsModel(target.model ?? ""));
}

function allTargets(upstream: Upstream): Set<Target> {
  const names = upstream.models.filter(({ name }) => !name.includes("*"));
  const offered = names.flatMap(({ name, upstreamName }) => targetsOf(upstream, upstreamName ?? name));
  const all = new Set([...offered, ...knownTargets(upstream)]);
  // One that serves prefixes alone is there too.
  return all.size > 0 ? all : new Set(targetsOf(upstream, undefined));
}

function obstacleIn(gates: Record<string, TargetReport>): "rest" | "limit" | "busy" | undefined {
  for (const { obstacle } of Object.values(gates)) {
    if (obstacle === "rest" || obstacle === "limit" || obstacle === "busy") return obstacle;
  }
  return undefined;
}

function describe(target: Target, available: boolean, gates: Record<string, TargetReport>): ListedTarget {
  const { id, upstream, key, keyPlace, model, region } = target;
  return {
    id,
    upstream: upstream.name,
    ...(key !== undefined && { key: `#${keyPlace + 1} ${maskSecret(key)}` }),
    ...(model !== undefined && { model }),
    ...(region !== undefined && { region }),
    available,
    gates,
  };
}
