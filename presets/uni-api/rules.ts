import type { Path } from "../../config/document.ts";
import { parseRouteRule, ruleMatcher } from "../../core/index.ts";
import type { Draft } from "../api-yaml/draft.ts";
import type { Channel } from "./channels.ts";
import type { UniKey } from "./schema.ts";

/** A rule of a key: which channels, for which models. */
export interface Rule {
  /** As `keys[].routes` has it. */
  text: string;
  weight: number | undefined;
}

interface Site {
  channels: readonly Channel[];
  keys: readonly UniKey[];
  draft: Draft;
}

/** The rules of a key as routes; undefined where it may use everything. */
export function routesOf(key: UniKey, place: Path, site: Site): Rule[] | undefined {
  return key.model && key.model.length > 0 ? expand(key, [...place, "model"], site, [key]) : undefined;
}

/** @param chain The keys whose rules are being read, so that no two stand for each other for ever. */
function expand({ model = [] }: UniKey, place: Path, site: Site, chain: readonly UniKey[]): Rule[] {
  return model.flatMap((entry, index): Rule[] => {
    const [text, weight] =
      typeof entry === "string" ? [entry, undefined] : (Object.entries(entry)[0] ?? ["all", 1]);
    const from = [...place, index];
    const other = keyIn(text, site.keys);
    if (other) return throughKey(other, weight, from, site, chain);
    return texts(text, from, site).map((one) => ({ text: one, weight }));
  });
}

/** `sk-…/*`: the channels of another key stand for one, and share its weight. */
function throughKey(
  other: UniKey,
  weight: number | undefined,
  from: Path,
  site: Site,
  chain: readonly UniKey[],
): Rule[] {
  if (chain.includes(other)) {
    site.draft.warn(from, "is left out: the rules of these keys lead in a circle");
    return [];
  }
  const place: Path = ["api_keys", site.keys.indexOf(other), "model"];
  const rules = other.model?.length
    ? expand(other, place, site, [...chain, other])
    : [{ text: "all", weight: undefined }];
  if (weight === undefined) return rules;
  const sum = rules.reduce((total, rule) => total + (rule.weight ?? 1), 0);
  return rules.map((rule) => ({ text: rule.text, weight: (weight * (rule.weight ?? 1)) / sum }));
}

function keyIn(text: string, keys: readonly UniKey[]): UniKey | undefined {
  return text.endsWith("/*") ? keys.find(({ api }) => `${api}/*` === text) : undefined;
}

/** A rule in our names: of a channel's name, one for each upstream that has it. */
function texts(text: string, from: Path, { channels, draft }: Site): string[] {
  if (text.startsWith("<") || !text.includes("/")) return [text];
  // The longest name that fits: names may hold slashes.
  const named = channels.filter(({ name }) => text.startsWith(`${name}/`));
  const longest = named.reduce((length, { name }) => Math.max(length, name.length), 0);
  const meant = named.filter(({ name }) => name.length === longest);
  if (meant.length > 0) return meant.map(({ upstream }) => upstream + text.slice(longest));
  draft.warn(
    from,
    `lets nothing through: no provider is called ${JSON.stringify(text.slice(0, text.indexOf("/")))}`,
  );
  return [text];
}

/** Whether rules let any channel serve a model; channels that list no models may offer it. */
export function reaches(
  rules: readonly Rule[] | undefined,
  model: string,
  channels: readonly Channel[],
): boolean {
  const matchers = (rules ?? [{ text: "all" }]).map(({ text }) => ruleMatcher(parseRouteRule(text)));
  return channels.some(
    ({ upstream, models }) =>
      (models === undefined || models.includes(model)) && matchers.some((fits) => fits(upstream, model)),
  );
}
