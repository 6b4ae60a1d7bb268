import * as v from "valibot";
import { addressRange, limitTexts } from "../../core/index.ts";
import { parseExpiry } from "./callers.ts";
import type { ConfigProblem, KeyConfig } from "../../core/index.ts";

/** Names that the gateway gives itself. */
export const anonymousName = "anonymous";
export const ownKeyPrefix = "own:";

/** The name of the key at an index, which stands for it wherever it is shown. */
export function keyName(key: KeyConfig, index: number): string {
  return key.name ?? `key-${index + 1}`;
}

/** All that is wrong with the configured keys. What is told of a key is its name, never itself. */
export function keyProblems(keys: readonly KeyConfig[]): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const names = new Set<string>();
  const seen = new Map<string, string>();
  for (const [i, key] of keys.entries()) {
    const name = keyName(key, i);
    const add = (field: (string | number)[], found: string, expected: string): void => {
      problems.push({ path: ["keys", i, ...field], found, expected });
    };
    const twin = seen.get(key.key);
    if (key.key === "") add(["key"], "an empty key", "a key");
    // Anything else would reach us changed, or not at all, in a header.
    else if (!/^[\x21-\x7e]+$/.test(key.key))
      add(["key"], "a key with blanks or non-ASCII letters", "visible ASCII characters");
    else if (twin !== undefined) add(["key"], `the key of ${JSON.stringify(twin)} again`, "another key");
    seen.set(key.key, name);
    if (names.has(name)) add(["name"], `${JSON.stringify(name)} again`, "a name of its own");
    names.add(name);
    if (name === anonymousName || name.startsWith(ownKeyPrefix)) {
      add(
        ["name"],
        JSON.stringify(name),
        `a name that is not "${anonymousName}" and does not start with "${ownKeyPrefix}"`,
      );
    }
    for (const [field, found, expected] of ruleProblems(key)) add(field, found, expected);
  }
  return problems;
}

function* ruleProblems(key: KeyConfig): Iterable<[(string | number)[], string, string]> {
  if (key.expires !== undefined && parseExpiry(key.expires) === undefined) {
    yield [["expires"], JSON.stringify(key.expires), 'a date such as "2027-01-31" or "2027-01-31T12:00:00Z"'];
  }
  for (const field of ["allow", "deny"] as const) {
    for (const [j, entry] of (key[field] ?? []).entries()) {
      for (const issue of v.safeParse(addressRange, entry).issues ?? []) {
        yield [[field, j], issue.received, issue.message];
      }
    }
  }
  for (const issue of v.safeParse(limitTexts, key.limits ?? []).issues ?? []) {
    yield [["limits"], issue.received, issue.message];
  }
}
