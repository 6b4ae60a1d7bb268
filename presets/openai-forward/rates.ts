import { levelsInUse } from "./levels.ts";
import { levelName } from "./names.ts";
import type { RouteLimit, Settings } from "./settings.ts";

type Limits = Pick<Settings, "requestLimits" | "globalLimit" | "strategy" | "paces" | "forwardKeys">;

/** Options of the plugin `rate-limit`, or undefined when nothing is limited. */
export function rateLimits({ requestLimits, globalLimit, strategy, paces, forwardKeys }: Limits) {
  const levels = levelsInUse(forwardKeys).filter((level) => level > 0);
  const rule = (limits: string, paths?: string[], keys?: string[]) => ({
    // Each caller has each limit on each path for itself.
    per: ["key", "path"],
    ...(paths && { paths }),
    ...(keys && { keys }),
    limits,
    strategy,
  });
  const rules = [];
  for (const [index, { route, limits }] of requestLimits.entries()) {
    // A path has the limits of the first route that it begins with.
    const earlier = requestLimits.slice(0, index).map(({ route }) => route);
    if (earlier.some((other) => route.startsWith(other))) continue;
    const paths = [
      `${route}*`,
      ...earlier.filter((other) => other.startsWith(route)).map((other) => `!${other}*`),
    ];
    for (const { level, limit } of limits) {
      const keys = keysOf(level, levels);
      if (keys !== "none") rules.push(rule(limit, paths, keys));
    }
    const others = keysBeside(limits, levels);
    if (globalLimit !== undefined && others !== "none") rules.push(rule(globalLimit, paths, others));
  }
  if (globalLimit !== undefined) {
    const named = requestLimits.map(({ route }) => `!${route}*`);
    rules.push(rule(globalLimit, named.length > 0 ? named : undefined));
  }
  const pace = paces.flatMap(({ route, limits }) =>
    limits.flatMap(({ level, limit }) => {
      const keys = keysOf(level, levels);
      return keys === "none" ? [] : [{ paths: [route], ...(keys && { keys }), rate: limit }];
    }),
  );
  if (rules.length === 0 && pace.length === 0) return undefined;
  return { ...(rules.length > 0 && { rules }), ...(pace.length > 0 && { pace }) };
}

/** Names of the keys of a level; undefined: all keys. Whoever has no forward key is of level 0. */
function keysOf(level: number | undefined, inUse: readonly number[]): string[] | undefined | "none" {
  if (level === undefined) return undefined;
  if (level === 0) return inUse.length > 0 ? ["*", `!${levelName("*")}`] : undefined;
  return inUse.includes(level) ? [levelName(level, "*")] : "none";
}

/** Names of the keys of all levels that a route does not name; undefined: all keys. */
function keysBeside(limits: RouteLimit["limits"], inUse: readonly number[]): string[] | undefined | "none" {
  const named = new Set(limits.map(({ level }) => level));
  if (named.has(undefined)) return "none";
  const taken = inUse.filter((level) => named.has(level)).map((level) => `!${levelName(level, "*")}`);
  if (!named.has(0)) return taken.length > 0 ? ["*", ...taken] : undefined;
  return taken.length === inUse.length ? "none" : [levelName("*"), ...taken];
}
