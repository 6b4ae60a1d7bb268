/**
 * The name of a forward key above level 0, `level-1-2`, or a pattern of such names. Rules on levels
 * know their keys by it.
 */
export function levelName(level: number | "*", count?: number | "*"): string {
  return count === undefined ? `level-${level}` : `level-${level}-${count}`;
}

/** `/a/b` → `a-b`; the root has the given name. */
export function prefixName(prefix: string, root: string): string {
  return prefix.split("/").filter(Boolean).join("-") || root;
}

/** Gives out names; one that is taken gets a number. */
export function createNames(): (wanted: string) => string {
  const taken = new Set<string>();
  return (wanted) => {
    let name = wanted;
    for (let count = 2; taken.has(name); count++) name = `${wanted}-${count}`;
    taken.add(name);
    return name;
  };
}
