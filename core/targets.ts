import type { Target, Upstream } from "./upstream.ts";

const made = new WeakMap<Upstream, Map<string, Target>>();

/**
 * The target of an upstream, one of its keys, the upstream's own name of a model, and a region: always the same object,
 * so that what is known of it can hang on it.
 * @param place of the key among the upstream's keys
 */
export function targetOf(
  upstream: Upstream,
  place: number,
  model: string | undefined,
  region: string | undefined,
): Target {
  let targets = made.get(upstream);
  if (!targets) made.set(upstream, (targets = new Map()));
  const name = `${place} ${region ?? ""} ${model ?? ""}`;
  const known = targets.get(name);
  if (known) return known;
  const key = upstream.keys[place];
  const parts = [upstream.name, key && `#${place + 1}`, region, model].filter(Boolean);
  const target: Target = { id: parts.join(" "), upstream, key: key?.value, keyPlace: place, model, region };
  // Names of models come from clients where an upstream takes any: what is remembered has a bound.
  if (targets.size >= remembered) targets.clear();
  targets.set(name, target);
  return target;
}

const remembered = 10_000;

/** All targets of an upstream for a model: each key, in each region. */
export function targetsOf(upstream: Upstream, model: string | undefined): Target[] {
  const places = upstream.keys.length > 0 ? upstream.keys.map((_key, place) => place) : [0];
  const regions = upstream.provider.regions?.(upstream, model) ?? [];
  const all = regions.length > 0 ? regions : [undefined];
  return all.flatMap((region) => places.map((place) => targetOf(upstream, place, model, region)));
}

/** Targets of an upstream that were of use, also for models that it offers by a pattern. */
export function knownTargets(upstream: Upstream): Target[] {
  return [...(made.get(upstream)?.values() ?? [])];
}
