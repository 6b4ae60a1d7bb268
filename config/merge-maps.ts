import { child } from "./origins.ts";
import type { Origin, Origins } from "./origins.ts";

export type Section = Record<string, unknown>;

/** A new map with the entries of both, remembering where each came from. */
export function mergeMaps(
  below: Section,
  above: Section,
  from: Origin,
  origins: Origins,
  append?: ReadonlySet<string>,
): Section {
  const values = new Map(Object.entries(below));
  const sources = new Map(Object.keys(below).map((key) => [key, origins.get(below, key)]));
  for (const [key, value] of Object.entries(above)) {
    const former = values.get(key);
    const origin = child(from, key);
    sources.set(key, origin);
    if (isMap(value)) values.set(key, mergeMaps(isMap(former) ? former : {}, value, origin, origins));
    else if (append?.has(key) && Array.isArray(value))
      values.set(key, appendList(former, value, origin, origins));
    else values.set(key, value);
  }
  // fromEntries defines: a key named __proto__ stays a key, for the schema to complain of.
  const merged: Section = Object.fromEntries(values);
  for (const [key, origin] of sources) if (origin) origins.set(merged, key, origin);
  return merged;
}

function appendList(former: unknown, added: readonly unknown[], from: Origin, origins: Origins): unknown[] {
  const below: readonly unknown[] = Array.isArray(former) ? former : [];
  const merged = [...below, ...added];
  for (const index of below.keys()) {
    const origin = origins.get(below, index);
    if (origin) origins.set(merged, index, origin);
  }
  for (const index of added.keys()) origins.set(merged, below.length + index, child(from, index));
  return merged;
}

export function isMap(value: unknown): value is Section {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
