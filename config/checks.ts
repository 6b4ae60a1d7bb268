import type { Path } from "./document.ts";
import { isMap } from "./merge-maps.ts";
import type { Merged } from "./merge.ts";
import type { Finding } from "./shape.ts";
import { show } from "./show.ts";
import { suggest } from "./suggest.ts";
import { valueAt } from "./validate.ts";

/** Mistakes that no single value shows: things that must be unique, belong together, or end. */
export function checkMeaning({ value }: Merged): Finding[] {
  return [
    ...unique(value, "upstreams", "name", "a name that no other upstream has"),
    ...unique(value, "keys", "name", "a name that no other key has"),
    ...unique(value, "keys", "key", "a key that is listed once"),
    ...keyOrKeys(value),
    ...aliasCircles(value),
    ...stateDriver(value),
    ...keyUpstreams(value),
  ];
}

/** Entries of a list whose field has a value that an earlier entry has. */
function unique(value: unknown, list: string, field: string, expected: string): Finding[] {
  const seen = new Set<string>();
  return entriesOf(value, list).flatMap(([entry, index]) => {
    // A key in short form is an entry itself.
    const short = typeof entry === "string" && field === "key";
    const one = short ? entry : isMap(entry) ? entry[field] : undefined;
    if (typeof one !== "string") return [];
    const path: Path = short ? [list, index] : [list, index, field];
    if (seen.has(one)) return [atValue(path, `${show(one, path)} a second time`, expected)];
    seen.add(one);
    return [];
  });
}

function keyOrKeys(value: unknown): Finding[] {
  return entriesOf(value, "upstreams").flatMap(([entry, index]) => {
    if (!isMap(entry) || entry.key === undefined || entry.keys === undefined) return [];
    return [
      { path: ["upstreams", index, "key"], part: "key", found: "both key and keys", expected: "one of them" },
    ];
  });
}

/** `{ a: b, b: a }`: each circle once. */
function aliasCircles(value: unknown): Finding[] {
  const aliases = valueAt(value, ["aliases"]);
  if (!isMap(aliases)) return [];
  const settled = new Set<string>();
  return Object.keys(aliases).flatMap((alias) => {
    const way: string[] = [];
    let name: unknown = alias;
    while (typeof name === "string" && Object.hasOwn(aliases, name) && !settled.has(name)) {
      settled.add(name);
      way.push(name);
      name = aliases[name];
    }
    if (typeof name !== "string" || !way.includes(name)) return [];
    const circle = [...way.slice(way.indexOf(name)), name].join(" → ");
    return [atValue(["aliases", name], `a circle: ${circle}`, "an alias that ends at a model")];
  });
}

function stateDriver(value: unknown): Finding[] {
  const state = valueAt(value, ["state"]);
  if (!isMap(state)) return [];
  if (state.driver === "fs" && state.path === undefined) {
    return [
      {
        path: ["state", "path"],
        part: "key",
        found: "nothing",
        expected: "a directory, as the driver is fs",
      },
    ];
  }
  if (state.driver === "redis" && state.url === undefined) {
    return [
      {
        path: ["state", "url"],
        part: "key",
        found: "nothing",
        expected: "a redis:// URL, as the driver is redis",
      },
    ];
  }
  return [];
}

/** Upstreams that a key is bound to must be there, where names can be told from patterns. */
function keyUpstreams(value: unknown): Finding[] {
  const upstreams = entriesOf(value, "upstreams").map(([entry]) => (isMap(entry) ? entry : {}));
  // Upstreams without a name get theirs from their provider later.
  if (upstreams.some(({ name }) => typeof name !== "string")) return [];
  const names = upstreams.map(({ name }) => name as string);
  return entriesOf(value, "keys").flatMap(([key, index]) => {
    const bound = isMap(key) && Array.isArray(key.upstreams) ? (key.upstreams as unknown[]) : [];
    return bound.flatMap((name, at) => {
      if (typeof name !== "string" || name.includes("*") || names.includes(name.replace(/^!/, ""))) return [];
      const path = ["keys", index, "upstreams", at];
      return [{ ...atValue(path, show(name, path), "the name of an upstream"), hint: suggest(name, names) }];
    });
  });
}

function entriesOf(value: unknown, list: string): [entry: unknown, index: number][] {
  const entries = valueAt(value, [list]);
  return Array.isArray(entries) ? entries.map((entry: unknown, index) => [entry, index]) : [];
}

function atValue(path: Path, found: string, expected: string): Finding {
  return { path, part: "value", found, expected };
}
