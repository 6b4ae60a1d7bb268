import { parseArgs } from "node:util";
import type { ArgDef, ArgsDef } from "citty";
import { suggest } from "../../config/suggest.ts";
import { UsageError } from "./failure.ts";

/** Which configuration: the same flags for every command that reads one. */
export const configArgs = {
  config: {
    type: "string",
    alias: "c",
    valueHint: "file|url",
    description: "Configuration: a YAML, JSON or TypeScript file, or a URL",
  },
  preset: {
    type: "string",
    alias: "p",
    valueHint: "name",
    description: "Preset to build on; repeat it, or separate names by commas, for several",
  },
} as const satisfies ArgsDef;

/**
 * Refuses what citty lets pass: unknown flags, flags without their value, values for flags that take none,
 * arguments that nobody asked for. Throws UsageError.
 */
export function checkArgs(args: ArgsDef, rawArgs: readonly string[]): void {
  const positionals = Object.values(args).filter((arg) => arg.type === "positional").length;
  let taken = 0;
  for (const token of tokensOf(args, rawArgs)) {
    if (token.kind === "positional" && ++taken > positionals) {
      throw new UsageError(
        `unexpected argument ${JSON.stringify(token.value)}: a command comes first, flags after it`,
      );
    }
    if (token.kind !== "option") continue;
    const arg = args[token.name] ?? negated(args, token.name);
    if (!arg)
      throw new UsageError(`unknown flag ${token.rawName}${didYouMean(token.rawName, flagNames(args))}`);
    checkValue(arg, token.rawName, token.value);
  }
}

/** The switch that `--no-watch` turns off. */
function negated(args: ArgsDef, name: string): ArgDef | undefined {
  const arg = name.startsWith("no-") ? args[name.slice(3)] : undefined;
  return arg?.type === "boolean" ? arg : undefined;
}

function checkValue(arg: ArgDef, flag: string, value: string | undefined): void {
  if (arg.type === "boolean") {
    if (value === undefined || value === "true" || value === "false") return;
    throw new UsageError(`${flag} takes no value, found ${JSON.stringify(value)}`);
  }
  // A value that looks like a flag is a forgotten value: `--config --port 1`.
  if (!value || /^--?[a-z]/.test(value)) throw new UsageError(`${flag} needs a value`);
}

/** All values of a string flag that may be repeated or hold commas; in order, without empty ones. */
export function listOf(args: ArgsDef, name: string, rawArgs: readonly string[]): string[] {
  return tokensOf(args, rawArgs)
    .flatMap((token) =>
      token.kind === "option" && token.name === name ? (token.value ?? "").split(",") : [],
    )
    .map((value) => value.trim())
    .filter(Boolean);
}

/** A whole number from `min` to `max`, or undefined where the flag is missing. Throws UsageError. */
export function wholeNumber(
  flag: string,
  value: string | undefined,
  min: number,
  max: number,
): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(
    `--${flag} takes a whole number from ${min} to ${max}, found ${JSON.stringify(value)}`,
  );
}

function tokensOf(args: ArgsDef, rawArgs: readonly string[]) {
  const options: Record<string, { type: "boolean" | "string"; short?: string }> = {};
  for (const [name, arg] of Object.entries(args)) {
    if (arg.type === "positional") continue;
    const short = "alias" in arg ? [arg.alias ?? []].flat().find((alias) => alias.length === 1) : undefined;
    options[name] = { type: arg.type === "boolean" ? "boolean" : "string", ...(short && { short }) };
  }
  return parseArgs({
    args: [...rawArgs],
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  }).tokens;
}

function flagNames(args: ArgsDef): string[] {
  return Object.entries(args)
    .filter(([, arg]) => arg.type !== "positional")
    .map(([name]) => `--${name}`);
}

/** `; did you mean "serve"?`, or nothing when no name is near. */
export function didYouMean(given: string, names: readonly string[]): string {
  const hint = suggest(given, names);
  return hint ? `; ${hint}` : "";
}
