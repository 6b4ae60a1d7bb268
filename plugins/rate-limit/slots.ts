import { addressGroup, type Call } from "../../core/index.ts";
import type { Dimension } from "./options.ts";
import type { Rule } from "./rules.ts";

/** One window that a call must fit into, as `state.counters` takes it, and the rule that it is for. */
export interface Slot {
  key: string;
  limit: number;
  /** ms. */
  window: number;
  amount: number;
  rule: Rule;
  /** For a fixed window, its end, ms since the epoch; else 0. */
  ends: number;
}

/** The name of callers without a key. They are counted by address where others are by key. */
const anonymous = "anonymous";
/** A name that a client chose is cut to this in a counter's key: counters are many, and stay small. */
const longestPart = 200;

/** The window of a rule for one call. `amount` is cut to the limit, so that one big call fits into an empty window. */
export function slotFor(
  rule: Rule,
  call: Call,
  model: string | undefined,
  amount: number,
  now: number,
): Slot {
  const { limit, per, fixed } = rule;
  let { id: key } = rule;
  for (const dimension of per) key += `|${escape(valueOf(dimension, call, model))}`;
  let ends = 0;
  if (fixed) {
    const period = Math.floor(now / limit.window);
    // A window that lies in one period never slides past it: what is in it counts to the end.
    key += `@${period}`;
    ends = (period + 1) * limit.window;
  }
  return {
    key,
    limit: limit.amount,
    window: limit.window,
    amount: Math.min(amount, limit.amount),
    rule,
    ends,
  };
}

/** Does every call of one caller count in one window of this rule, whatever it asks for? Of tokens each takes its own. */
export function isSameForAll(rule: Rule, caller: string | undefined): boolean {
  const { per, fixed, matchesPath, matchesPrefix, matchesModel } = rule;
  if (fixed || matchesPath || matchesPrefix || matchesModel) return false;
  return per.every((dimension) => dimension === "key" && !isAnonymous(caller));
}

/** Whose limit it is, for people: `key team-a, model gpt-4o`. */
export function describeScope(rule: Rule, call: Call, model: string | undefined): string {
  const parts = rule.per.map((dimension) => {
    const value = valueOf(dimension, call, model).slice(0, 100);
    const what = dimension === "key" && isAnonymous(call.caller?.name) ? "ip" : dimension;
    return `${what === "ip" ? "address" : what} ${value === "" ? "(none)" : value}`;
  });
  const scope = parts.length === 0 ? "all callers" : parts.join(", ");
  return rule.name === "" ? scope : `${scope} (${rule.name})`;
}

function valueOf(dimension: Dimension, call: Call, model: string | undefined): string {
  switch (dimension) {
    case "key":
      return isAnonymous(call.caller?.name) ? addressGroup(call.ip) : (call.caller?.name ?? "");
    case "ip":
      return addressGroup(call.ip);
    case "model":
      return model ?? "";
    case "prefix":
      return call.prefix ?? "";
    case "path":
      return call.path;
    case "operation":
      return call.operation;
  }
}

function isAnonymous(name: string | undefined): boolean {
  return name === undefined || name === anonymous;
}

/** So that no name can be made to look like two parts. */
function escape(value: string): string {
  const part = value.length > longestPart ? value.slice(0, longestPart) : value;
  return /[|@%]/.test(part) ? part.replace(/[|@%]/g, encodeURIComponent) : part;
}
