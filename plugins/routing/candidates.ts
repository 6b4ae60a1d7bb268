import { wildcard, type Candidate, type OfferedModel, type Upstream } from "../../core/index.ts";

/** Upstreams of one priority that could serve a model, with the model's name there. */
export interface Tier {
  priority: number;
  candidates: (Candidate & { name: string; weight: number })[];
}

/**
 * Who could serve a model, in tiers from the highest priority down.
 * @param serving How an upstream answers this kind of call, for the reason (`""`: as usual); undefined when it cannot.
 */
export function tiersFor(
  model: string,
  upstreams: readonly Upstream[],
  serving: (upstream: Upstream, upstreamModel: string) => string | undefined = () => "",
): Tier[] {
  const found = upstreams.flatMap((upstream) => {
    const offer = offerOf(upstream, model);
    const upstreamModel = offer?.upstreamName ?? model;
    const how = offer && serving(upstream, upstreamModel);
    if (!offer || how === undefined) return [];
    const reason = `offers ${offer.name}${how}`;
    return [candidate(upstream, upstreamModel, reason)];
  });
  return inTiers(found);
}

/** Who serves a prefix, in tiers. */
export function tiersForPrefix(
  prefix: string,
  model: string | undefined,
  upstreams: readonly Upstream[],
): Tier[] {
  const behind = upstreams.filter((upstream) => upstream.prefixes.includes(prefix));
  return inTiers(behind.map((upstream) => candidate(upstream, model, `has the prefix ${prefix || "/"}`)));
}

/** Who serves calls without a model, as configured and by priority. */
export function tiersWithout(upstreams: readonly Upstream[]): Tier[] {
  return inTiers(upstreams.map((upstream) => candidate(upstream, undefined, "serves it")));
}

function candidate(
  upstream: Upstream,
  model: string | undefined,
  reason: string,
): Tier["candidates"][number] {
  const share = `priority ${upstream.priority}, weight ${upstream.weight}`;
  return { upstream, model, reason: `${reason}; ${share}`, name: upstream.name, weight: upstream.weight };
}

function inTiers(found: Tier["candidates"]): Tier[] {
  const priorities = [...new Set(found.map(({ upstream }) => upstream.priority))].sort((a, b) => b - a);
  return priorities.map((priority) => ({
    priority,
    candidates: found.filter(({ upstream, weight }) => upstream.priority === priority && weight > 0),
  }));
}

/** The offer of an upstream that fits a model: an exact name before a pattern. */
function offerOf(upstream: Upstream, model: string): OfferedModel | undefined {
  return (
    upstream.models.find((offer) => offer.name === model) ??
    upstream.models.find((offer) => wildcard(offer.name)(model))
  );
}
