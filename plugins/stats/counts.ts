/** How often something was, by name. */
export type Tally = Map<string, number>;

const kinds = ["tried", "succeeded", "models", "endpoints", "ips"] as const;

/**
 * What was counted in one hour. `tried`: attempts at a channel for a model, by `JSON.stringify([provider, model])`;
 * `succeeded`: those of them that did; `endpoints`: by method and path.
 */
export type Counts = Record<(typeof kinds)[number], Tally>;

/** The same as it is kept: names and numbers in pairs, as a name may be anything. */
export type Page = Partial<Record<(typeof kinds)[number], [name: string, times: number][]>>;

/** Different names that are counted apart in one hour, of each kind: most of them come from clients. */
const mostNames = 10_000;
const others = "others";

export function emptyCounts(): Counts {
  const tally = (): Tally => new Map();
  return { tried: tally(), succeeded: tally(), models: tally(), endpoints: tally(), ips: tally() };
}

/** Counts one more, under `others` once there are too many names. */
export function count(tally: Tally, name: string, by = 1): void {
  const key = tally.has(name) || tally.size < mostNames ? name : others;
  tally.set(key, (tally.get(key) ?? 0) + by);
}

export function toPage(counts: Counts): Page {
  return Object.fromEntries(kinds.map((kind) => [kind, [...counts[kind]]]));
}

/** Adds what a page says. */
export function addPage(to: Counts, page: Page): void {
  for (const kind of kinds) for (const [name, by] of page[kind] ?? []) count(to[kind], name, by);
}
