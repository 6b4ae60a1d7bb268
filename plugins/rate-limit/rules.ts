import { matcher, type Limit } from "../../core/index.ts";
import type { Dimension, RateLimitOptions, RuleOptions } from "./options.ts";

type Matches = (name: string) => boolean;

/** One limit and the calls that it holds for. Without a matcher, all do. */
export interface Rule {
  /** What its counters' keys begin with; the same in every process with this configuration. */
  id: string;
  /** Shown to who is refused, or `""`. */
  name: string;
  limit: Limit;
  per: readonly Dimension[];
  /** The window begins anew by the clock instead of sliding. */
  fixed: boolean;
  matchesKey?: Matches;
  matchesPath?: Matches;
  matchesPrefix?: Matches;
  matchesModel?: Matches;
  /** The call's body must be read to apply it. */
  needsFacts: boolean;
}

type RuleInit = Omit<Rule, "limit" | "needsFacts" | "name" | "fixed"> & Partial<Pick<Rule, "name" | "fixed">>;

/** One rule for each limit; of two over one length of time the smaller is enough. */
export function rulesOf(limits: readonly Limit[], init: RuleInit): Rule[] {
  const tightest = new Map<string, Limit>();
  for (const limit of limits) {
    const kind = `${limit.unit} ${limit.window}`;
    const before = tightest.get(kind);
    if (!before || limit.amount < before.amount) tightest.set(kind, limit);
  }
  const readsModel = init.matchesModel !== undefined || init.per.includes("model");
  return [...tightest.values()].map((limit) => ({
    name: "",
    fixed: false,
    ...init,
    id: `limit:${init.id}:${limit.unit}:`,
    limit,
    needsFacts: readsModel || limit.unit === "tokens",
  }));
}

/** The limits of one key: its own, or the default of keys. */
export function keyRules(limits: readonly Limit[]): Rule[] {
  return rulesOf(limits, { id: "key", per: ["key"] });
}

/** All rules but those of single keys. */
export function compileRules(options: RateLimitOptions): Rule[] {
  return [
    ...rulesOf(options.global ?? [], { id: "global", per: [] }),
    ...rulesOf(options.perIP ?? [], { id: "ip", per: ["ip"] }),
    ...modelRules(options.perModel ?? {}),
    ...freeRules(options.rules),
  ];
}

/** A model has the limits of the first entry that fits it, so each entry leaves out what fits an earlier one. */
function modelRules(perModel: Record<string, readonly Limit[]>): Rule[] {
  const entries = Object.entries(perModel);
  const exactFirst = entries.toSorted(([a], [b]) => Number(a.includes("*")) - Number(b.includes("*")));
  const earlier: Matches[] = [];
  return exactFirst.flatMap(([pattern, limits]) => {
    const fits = matcher([pattern]);
    const before = [...earlier];
    earlier.push(fits);
    const matchesModel: Matches = (model) => fits(model) && !before.some((matches) => matches(model));
    return rulesOf(limits, { id: "model", per: ["key", "model"], matchesModel });
  });
}

function freeRules(rules: readonly RuleOptions[]): Rule[] {
  const ids = new Map<string, number>();
  return rules.flatMap((rule) => {
    const id = ruleId(rule);
    const twins = (ids.get(id) ?? 0) + 1;
    ids.set(id, twins);
    return rulesOf(rule.limits, {
      id: twins === 1 ? id : `${id}#${twins}`,
      name: rule.name ?? "",
      per: rule.per,
      fixed: rule.strategy === "fixed",
      matchesKey: rule.keys && matcher(rule.keys),
      matchesPath: rule.paths && matcher(rule.paths),
      matchesPrefix: rule.prefixes && matcher(rule.prefixes),
      matchesModel: rule.models && matcher(rule.models),
    });
  });
}

/** A rule without a name is known by what it is about, so that its counters survive a change of the others. */
function ruleId({ name, per, models, paths, prefixes, keys, strategy }: RuleOptions): string {
  if (name !== undefined) return `rule ${name}`;
  const about = [per, models, paths, prefixes, keys].map((list) => list?.join(",") ?? "").join(";");
  return `rule ${strategy} ${about}`;
}
