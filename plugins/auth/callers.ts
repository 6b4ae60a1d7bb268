import { addressMatcher, matcher } from "../../core/index.ts";
import type { Caller, KeyConfig } from "../../core/index.ts";

/** A caller and what must be checked of its calls. */
export interface KnownCaller extends Caller {
  /** Nothing needs checking: it may do everything, from everywhere, for ever. */
  readonly free: boolean;
  /** ms since the epoch from which on it is refused. */
  readonly expires: number;
  readonly mayComeFrom: (ip: string) => boolean;
  readonly hasPrefixRule: boolean;
  readonly hasModelRule: boolean;
}

type Rules = Omit<KeyConfig, "key" | "name">;

/**
 * The caller of a name and its rules, which are known to be sound (see `keyProblems`).
 * @param aliases Alias → model: a rule on either name holds for both.
 */
export function createCaller(name: string, rules: Rules, aliases: ReadonlyMap<string, string>): KnownCaller {
  const { models, prefixes, upstreams, limits, allow, deny } = rules;
  const expires = rules.expires === undefined ? Infinity : (parseExpiry(rules.expires) ?? 0);
  return {
    name,
    role: rules.role ?? "user",
    limits,
    ...(rules.routes && { routes: rules.routes }),
    ...(rules.strategy !== undefined && { strategy: rules.strategy }),
    free: !models && !rules.routes && !prefixes && expires === Infinity && !allow && !deny?.length,
    expires,
    hasPrefixRule: prefixes !== undefined,
    hasModelRule: models !== undefined || rules.routes !== undefined,
    mayComeFrom: addressRule(allow, deny),
    mayUseModel: both(modelRule(models, aliases), routedModels(rules.routes)),
    mayUseAnyModel:
      !rules.routes && (!models || (models.includes("*") && !models.some((entry) => entry.startsWith("!")))),
    mayUsePrefix: matcher(prefixes?.map(normalizePrefix)),
    mayUseUpstream: matcher(upstreams),
  };
}

/** In `allow`, or there is no such list, and not in `deny`. An unknown address (`""`) is in neither. */
export function addressRule(
  allow: readonly string[] | undefined,
  deny: readonly string[] | undefined,
): (ip: string) => boolean {
  const allowed = allow ? addressMatcher(allow) : () => true;
  const denied = addressMatcher(deny ?? []);
  return (ip) => allowed(ip) && !denied(ip);
}

/** A model may be asked for by the name that is listed or by an alias of it, unless either name is taken away. */
function modelRule(
  list: readonly string[] | undefined,
  aliases: ReadonlyMap<string, string>,
): (model: string) => boolean {
  const takes = matcher(list);
  if (!list || aliases.size === 0) return takes;
  const away = matcher(list.filter((entry) => entry.startsWith("!")).map((entry) => entry.slice(1)));
  return (model) => {
    const meant = aliases.get(model);
    if (meant === undefined) return takes(model);
    return (takes(model) || takes(meant)) && !away(model) && !away(meant);
  };
}

/** A model that one of the rules lets through, at whatever upstream. */
function routedModels(routes: Rules["routes"]): ((model: string) => boolean) | undefined {
  if (!routes) return undefined;
  const fits = matcher(routes.map(({ model }) => model));
  // A pattern is let through where it could mean a model of theirs; routing looks at each that it means.
  const begins = (asked: string): boolean => routes.some(({ model }) => model.startsWith(asked.slice(0, -1)));
  return (model) => fits(model) || (model.endsWith("*") && begins(model));
}

function both(
  one: (name: string) => boolean,
  other: ((name: string) => boolean) | undefined,
): (name: string) => boolean {
  return other ? (name) => one(name) && other(name) : one;
}

/** `openai/`, `/openai` and `!/openai` as core writes prefixes: a leading slash, none at the end, `""` for the root. */
function normalizePrefix(entry: string): string {
  const mark = entry.startsWith("!") ? "!" : "";
  const path = entry.slice(mark.length);
  if (path.startsWith("*")) return entry;
  return mark + `/${path.replace(/^\/+|\/+$/g, "")}`.replace(/\/$/, "");
}

const isoDate = /^\d{4}-\d{2}-\d{2}$/;
const isoDateTime = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?$/i;

/**
 * When a key ends, ms since the epoch; undefined when the text is no date. A date holds to the end of its
 * day, a time to that time; both in UTC unless the time names its zone.
 */
export function parseExpiry(text: string): number | undefined {
  const whole = isoDate.test(text);
  if (!whole && !isoDateTime.test(text)) return undefined;
  const zoned = whole || /(?:Z|[+-]\d{2}:?\d{2})$/i.test(text.slice(10));
  const time = Date.parse(zoned ? text : `${text}Z`);
  if (Number.isNaN(time)) return undefined;
  return whole ? time + 24 * 3_600_000 : time;
}
