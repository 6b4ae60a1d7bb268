/**
 * Compiles a list of names to a predicate. `*` stands for any run of characters, also none; `!name` takes
 * names away, wherever it stands in the list. Names are compared as they are, upper and lower case apart.
 * - Without a list every name matches.
 * - A list of nothing but exclusions matches every other name.
 * - An empty list matches nothing.
 */
export function matcher(list: readonly string[] | undefined): (name: string) => boolean {
  if (!list) return everything;
  const taken = list.filter((entry) => !entry.startsWith("!"));
  const excluded = list.filter((entry) => entry.startsWith("!")).map((entry) => entry.slice(1));
  const takes = taken.length === 0 && excluded.length > 0 ? everything : anyOf(taken);
  if (excluded.length === 0) return takes;
  const excludes = anyOf(excluded);
  return (name) => takes(name) && !excludes(name);
}

/** The name under which a map has what holds for one: its own, else the first pattern that fits it. */
export function fittingName(map: Readonly<Record<string, unknown>>, name: string): string | undefined {
  return Object.hasOwn(map, name) ? name : Object.keys(map).find((pattern) => wildcard(pattern)(name));
}

function everything(): boolean {
  return true;
}

function anyOf(entries: readonly string[]): (name: string) => boolean {
  if (entries.includes("*")) return everything;
  const exact = new Set(entries.filter((entry) => !entry.includes("*")));
  const patterns = entries.filter((entry) => entry.includes("*")).map(wildcard);
  if (patterns.length === 0) return (name) => exact.has(name);
  return (name) => exact.has(name) || patterns.some((matches) => matches(name));
}

/**
 * Compiles one name or pattern; `!` is a character like any other here. Taking the first place of each literal
 * in turn is enough, as only `*` stands between them: no going back, so no pattern can be made slow by a name
 * that a caller chose.
 */
export function wildcard(pattern: string): (name: string) => boolean {
  const literals = pattern.split("*");
  if (literals.length === 1) return (name) => name === pattern;
  const first = literals[0] ?? "";
  const last = literals.at(-1) ?? "";
  const middle = literals.slice(1, -1).filter((literal) => literal !== "");
  return (name) => {
    if (name.length < first.length + last.length) return false;
    if (!name.startsWith(first) || !name.endsWith(last)) return false;
    const end = name.length - last.length;
    let at = first.length;
    for (const literal of middle) {
      const found = name.indexOf(literal, at);
      if (found < 0 || found + literal.length > end) return false;
      at = found + literal.length;
    }
    return true;
  };
}
