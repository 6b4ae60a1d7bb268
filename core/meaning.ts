import { wildcard } from "./glob.ts";
import type { GatewayContext } from "./context.ts";
import type { Upstream } from "./upstream.ts";

/** What a client means by the name of a model. */
export interface Meaning {
  /** The offered name. */
  model: string;
  /** The upstreams that it names by the way; undefined: any that offers the model. */
  upstreams?: readonly Upstream[] | undefined;
}

/** How many names are remembered: they come from clients. */
const remembered = 10_000;

/** Reads names as `meaningOf` does, and remembers what they mean until an upstream's models change. */
export function rememberMeanings(context: Pick<GatewayContext, "aliases" | "upstreams" | "hooks">): {
  of: (asked: string) => Meaning;
  close: () => void;
} {
  const known = new Map<string, Meaning>();
  return {
    of(asked) {
      const found = known.get(asked);
      if (found) return found;
      const meaning = meaningOf(asked, context);
      if (known.size >= remembered) known.clear();
      known.set(asked, meaning);
      return meaning;
    },
    close: context.hooks.hook("models:change", () => known.clear()),
  };
}

/**
 * Reads the name of a model as clients write it: an alias; a name that is offered; `<a/b>`, the model whose own name is
 * `a/b`; `upstream/model` and `upstream:model`, by the name of an upstream or of a provider, where that offers the
 * model. Anything else means itself.
 */
function meaningOf(
  asked: string,
  { aliases, upstreams }: Pick<GatewayContext, "aliases" | "upstreams">,
): Meaning {
  const name = aliases[asked] ?? asked;
  if (upstreams.some(({ models }) => models.some((offer) => offer.name === name))) return { model: name };
  if (name.startsWith("<") && name.endsWith(">") && name.length > 2) return { model: name.slice(1, -1) };
  return atUpstream(name, "/", upstreams) ?? atUpstream(name, ":", upstreams) ?? { model: name };
}

function atUpstream(name: string, sign: string, upstreams: readonly Upstream[]): Meaning | undefined {
  // Names of upstreams may hold the sign, too.
  for (let at = name.indexOf(sign); at > 0; at = name.indexOf(sign, at + 1)) {
    const who = name.slice(0, at);
    const model = name.slice(at + 1);
    const offering = upstreams.filter(
      (upstream) =>
        (upstream.name === who || upstream.provider.name === who) &&
        upstream.models.some((offer) => wildcard(offer.name)(model)),
    );
    const named = offering.filter((upstream) => upstream.name === who);
    if (offering.length > 0) return { model, upstreams: named.length > 0 ? named : offering };
  }
  return undefined;
}
