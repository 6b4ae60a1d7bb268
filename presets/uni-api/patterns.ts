import { duration } from "../api-yaml/time.ts";

type Timeouts = Record<"firstByte" | "silence", string | number>;

/**
 * uni-api takes the entry of just that name, else the first whose name is contained in the model's, else `default`.
 * Here the first pattern that fits holds.
 */
function byPattern<T>(entries: Readonly<Record<string, T>>): [pattern: string, value: T][] {
  const named = Object.entries(entries).filter(([name]) => name !== "default");
  const contained = named.map(([name, value]): [string, T] => [`*${name}*`, value]);
  const rest = Object.hasOwn(entries, "default") ? [["*", entries["default"]] as [string, T]] : [];
  return [...named, ...contained, ...rest];
}

/** @param seconds By model: until an answer begins, and between two pieces of it. */
export function timeoutsByPattern(seconds: Readonly<Record<string, number>>): Record<string, Timeouts> {
  const entries = byPattern(seconds).map(([pattern, given]): [string, Timeouts] => {
    const time = duration(given);
    return [pattern, { firstByte: time, silence: time }];
  });
  return Object.fromEntries(entries);
}

export function limitsByPattern(limits: Readonly<Record<string, string[]>>): Record<string, string[]> {
  return Object.fromEntries(byPattern(limits));
}
