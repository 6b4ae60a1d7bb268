import * as v from "valibot";
import { wildcard } from "./glob.ts";

/** Which upstreams may serve which models, for one caller; the order of rules is the order of upstreams. */
export interface RouteRule {
  /** Name of an upstream; `*` is a wildcard. */
  upstream: string;
  /** Offered name of a model; `*` is a wildcard. */
  model: string;
  /** Share among the upstreams of the caller's rules; undefined where the rule gives none. */
  weight?: number | undefined;
}

/**
 * Reads a rule: `gpt-4o` (that model, wherever it is offered), `openai/gpt-4o` (only there), `openai/*` (all of it),
 * `<a/b>` (the model whose own name is `a/b`, wherever it is offered), `all` or `*` (everything).
 */
export function parseRouteRule(text: string, weight?: number): RouteRule {
  const rule = (upstream: string, model: string): RouteRule => ({
    upstream,
    model,
    ...(weight !== undefined && { weight }),
  });
  if (text === "all" || text === "*") return rule("*", "*");
  if (text.startsWith("<") && text.endsWith(">")) return rule("*", text.slice(1, -1));
  const slash = text.indexOf("/");
  return slash > 0 ? rule(text.slice(0, slash), text.slice(slash + 1)) : rule("*", text);
}

/** Compiles a rule: does it let this upstream serve this model? */
export function ruleMatcher({ upstream, model }: RouteRule): (upstream: string, model: string) => boolean {
  const fitsUpstream = wildcard(upstream);
  const fitsModel = wildcard(model);
  return (name, asked) => fitsUpstream(name) && fitsModel(asked);
}

const weighted = v.pipe(
  v.record(v.pipe(v.string(), v.nonEmpty()), v.pipe(v.number(), v.gtValue(0, "a weight above 0"))),
  v.entries(1, "one rule and its weight an entry"),
);

/** valibot schema of a rule: a text as `parseRouteRule` reads it, or a map from it to its weight. Yields the rule. */
export const routeRule = v.pipe(
  v.union(
    [v.pipe(v.string(), v.nonEmpty()), weighted],
    "a rule such as gpt-4o, openai/gpt-4o, openai/*, <a/b> or all",
  ),
  v.transform((entry): RouteRule => {
    if (typeof entry === "string") return parseRouteRule(entry);
    const [[text, weight] = ["all", 1]] = Object.entries(entry);
    return parseRouteRule(text, weight);
  }),
);
