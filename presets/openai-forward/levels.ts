import type { Reader } from "./reader.ts";
import { below, describe } from "./reader.ts";
import type { ForwardKey, Place, PoolKey, Settings } from "./settings.ts";

/** Pool keys that serve the same levels of callers; they become upstreams of their own. */
export interface KeyGroup {
  levels: number[];
  keys: string[];
}

/** Reads `{"sk-…": [levels]}`; a single level, or text with commas, is taken too. */
export function readPool(reader: Reader, place: Place, value: unknown): PoolKey[] {
  return reader.entries(place, value, '{"sk-…": [0, 1]}').flatMap(([key, value], index) => {
    const levels = (Array.isArray(value) ? value : String(value).split(",")).map(toLevel);
    if (levels.every((level) => level !== undefined)) return key.trim() ? [{ key: key.trim(), levels }] : [];
    reader.problem(place, `no levels for key ${index + 1}`, "a list of levels (0, 1, 2, …) for each key");
    return [];
  });
}

/** Reads `{"fk-…": level}` or `{level: ["fk-…"]}`. */
export function readForwardKeys(reader: Reader, place: Place, value: unknown): ForwardKey[] {
  return reader.entries(place, value, '{"fk-…": 0}').flatMap(([name, value], index) => {
    const level = toLevel(Array.isArray(value) ? name : value);
    const keys = Array.isArray(value) ? reader.list(below(place, name), value) : [name.trim()];
    if (level !== undefined) return keys.filter(Boolean).map((key) => ({ key, level }));
    reader.problem(place, `no level in entry ${index + 1}`, "a level (0, 1, 2, …) for each key");
    return [];
  });
}

/** Reads `{"1": ["gpt-4"]}`. */
export function readLevelModels(reader: Reader, place: Place, value: unknown): Map<number, string[]> {
  const models = new Map<number, string[]>();
  for (const [name, listed] of reader.entries(place, value, '{"1": ["gpt-4"]}')) {
    const level = toLevel(name);
    if (level === undefined) reader.problem(below(place, name), describe(name), "a level (0, 1, 2, …)");
    else models.set(level, reader.list(below(place, name), listed));
  }
  return models;
}

/** Keys that are named twice count once; what is said later of one holds. */
export function mergeKeys<K extends { key: string }>(...lists: readonly K[][]): K[] {
  return [...new Map(lists.flat().map((entry) => [entry.key, entry])).values()];
}

/** A level other than 0 needs its models: without them its callers could ask for nothing, or for all. */
export function checkLevels(reader: Reader, place: Place, { forwardKeys, levelModels }: Settings): void {
  for (const level of levelsInUse(forwardKeys)) {
    if (level === 0 || levelModels.get(level)?.length) continue;
    reader.problem(place, `no models for level ${level}`, "models for each level that a forward key has");
  }
}

/**
 * Sorts the pool by the callers it serves: one group for each distinct set of keys, so that the keys of
 * a group are used in turn. Without forward keys there is one group with the whole pool.
 */
export function groupKeys({ pool, forwardKeys }: Pick<Settings, "pool" | "forwardKeys">): KeyGroup[] {
  if (forwardKeys.length === 0) return [{ levels: [], keys: pool.map(({ key }) => key) }];
  const groups = new Map<string, KeyGroup>();
  for (const level of levelsInUse(forwardKeys)) {
    const keys = pool.filter(({ levels }) => levels?.includes(level) ?? true).map(({ key }) => key);
    const id = JSON.stringify(keys);
    const group = groups.get(id);
    if (group) group.levels.push(level);
    else groups.set(id, { levels: [level], keys });
  }
  return [...groups.values()];
}

export function levelsInUse(forwardKeys: readonly ForwardKey[]): number[] {
  return [...new Set(forwardKeys.map(({ level }) => level))].sort((a, b) => a - b);
}

function toLevel(value: unknown): number | undefined {
  const text = typeof value === "number" ? String(value) : typeof value === "string" ? value.trim() : "";
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
