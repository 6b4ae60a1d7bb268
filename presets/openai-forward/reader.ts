import * as v from "valibot";
import type { GenericSchema } from "valibot";
import { maskSecrets } from "../../core/index.ts";
import type { ConfigProblem } from "../../core/index.ts";
import type { Place } from "./settings.ts";

/**
 * Reads single values, whether they come as text (environment) or typed (YAML). A blank value is one
 * that is not there. What is wrong is collected, not thrown, so that all of it shows at once.
 */
export interface Reader {
  readonly problems: ConfigProblem[];
  /** What cannot be honoured: one line each, never with a secret. */
  readonly warnings: string[];
  problem(place: Place, found: string, expected: string, hint?: string): void;
  warn(message: string): void;
  boolean(place: Place, value: unknown): boolean | undefined;
  /** A number above 0. */
  positive(place: Place, value: unknown): number | undefined;
  text(place: Place, value: unknown): string | undefined;
  oneOf<T extends string>(place: Place, value: unknown, choices: readonly T[]): T | undefined;
  /** A list, or text with commas; blanks around items and empty items are dropped. */
  list(place: Place, value: unknown): string[];
  /** Text that a schema takes. */
  checked(place: Place, value: unknown, schema: GenericSchema<string, string>): string | undefined;
  /** A list, typed or as JSON text. */
  items(place: Place, value: unknown, example: string): unknown[];
  /** A mapping's entries, typed or as JSON text. */
  entries(place: Place, value: unknown, example: string): [string, unknown][];
}

/** @param locate Where a place stands in its file; nothing for the environment. */
export function createReader(locate: (place: Place) => Partial<ConfigProblem> = () => ({})): Reader {
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];

  function problem(place: Place, found: string, expected: string, hint?: string): undefined {
    problems.push({ path: place, found, expected, ...(hint && { hint }), ...locate(place) });
  }

  function text(place: Place, value: unknown): string | undefined {
    if (isBlank(value)) return undefined;
    if (typeof value === "string") return unquote(value);
    if (typeof value === "number") return String(value);
    return problem(place, describe(value), "text");
  }

  function parsed(place: Place, value: unknown, example: string): unknown {
    if (typeof value !== "string") return value;
    try {
      return JSON.parse(unquote(value));
    } catch {
      // The text may hold keys, and so may the parser's message.
      return problem(place, "text that is not JSON", `JSON such as ${example}`);
    }
  }

  return {
    problems,
    warnings,
    problem,
    text,
    warn: (message) => void warnings.push(message),

    boolean(place, value) {
      if (isBlank(value)) return undefined;
      if (typeof value === "boolean") return value;
      const word = typeof value === "string" ? unquote(value).toLowerCase() : "";
      if (word === "true" || word === "false") return word === "true";
      return problem(place, describe(value), "true or false");
    },

    positive(place, value) {
      if (isBlank(value)) return undefined;
      const number = typeof value === "string" ? Number(unquote(value)) : value;
      if (typeof number === "number" && number > 0 && number < Infinity) return number;
      return problem(place, describe(value), "a number above 0");
    },

    oneOf<T extends string>(place: Place, value: unknown, choices: readonly T[]): T | undefined {
      const word = text(place, value)?.toLowerCase();
      if (word === undefined) return undefined;
      const choice = choices.find((choice) => choice === word);
      return choice ?? problem(place, describe(value), `one of ${choices.join(", ")}`);
    },

    list(place, value) {
      if (isBlank(value)) return [];
      const items = typeof value === "string" ? unquote(value).split(",") : value;
      if (!Array.isArray(items)) {
        problem(place, describe(value), "a list");
        return [];
      }
      return items
        .map((item, index) => text(below(place, index), item)?.trim())
        .filter((item) => item !== undefined && item !== "") as string[];
    },

    checked(place, value, schema) {
      const given = text(place, value);
      if (given === undefined) return undefined;
      const result = v.safeParse(schema, given);
      return result.success ? given : problem(place, describe(given), result.issues[0].message);
    },

    items(place, value, example) {
      if (isBlank(value)) return [];
      const list = parsed(place, value, example);
      if (Array.isArray(list)) return list;
      if (list !== undefined) problem(place, kindOf(list), `a list such as ${example}`);
      return [];
    },

    entries(place, value, example) {
      if (isBlank(value)) return [];
      const mapping = parsed(place, value, example);
      if (isMapping(mapping)) return Object.entries(mapping);
      if (mapping !== undefined) problem(place, kindOf(mapping), `a mapping such as ${example}`);
      return [];
    },
  };
}

/** True for what counts as not set: nothing, or only white space. */
export function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "string" && unquote(value) === "");
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A place within a place. What stands within a variable has no place of its own: the variable is named. */
export function below(place: Place, ...keys: Place): Place {
  return place[0] === "env" ? place : [...place, ...keys];
}

/** A value as a message may show it: short, and without what may be a secret in it. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (isMapping(value)) return "a mapping";
  if (typeof value !== "string") return String(value);
  const masked = maskSecrets(value.trim());
  return JSON.stringify(masked.length > 60 ? `${masked.slice(0, 57)}...` : masked);
}

/** As `describe`, where a text may be a key. */
function kindOf(value: unknown): string {
  return typeof value === "string" ? "text" : describe(value);
}

/** Environment files that are read by others than a shell (`docker run --env-file`) leave the quotes on. */
function unquote(text: string): string {
  const trimmed = text.trim();
  const quoted = /^(['"])(.*)\1$/s.exec(trimmed);
  return quoted?.[2] === undefined ? trimmed : quoted[2].trim();
}
