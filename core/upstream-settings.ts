import { fittingName } from "./glob.ts";
import type { Upstream } from "./upstream.ts";

type Overrides<S> = { readonly [K in keyof S]?: S[K] | undefined };

/**
 * A plugin's settings by upstream: those for all, with the changes that are given for an upstream's name, else for the
 * first pattern that fits it. The same object for each upstream.
 */
export function settingsByUpstream<S extends object>(
  all: S,
  own: Readonly<Record<string, Overrides<S>>>,
): (upstream: Upstream) => S {
  const made = new WeakMap<Upstream, S>();
  if (Object.keys(own).length === 0) return () => all;
  return (upstream) => {
    const known = made.get(upstream);
    if (known) return known;
    const fit = fittingName(own, upstream.name);
    const given = Object.entries(fit === undefined ? {} : own[fit]!).filter(
      ([, value]) => value !== undefined,
    );
    const settings = { ...all, ...Object.fromEntries(given) } as S;
    made.set(upstream, settings);
    return settings;
  };
}
