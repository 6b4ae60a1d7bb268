import * as v from "valibot";
import type { GenericSchema } from "valibot";
import { isMap } from "./merge-maps.ts";
import { schemaWords, unwrap } from "./words.ts";
import type { AnySchema } from "./words.ts";
import { show } from "./show.ts";
import { suggest } from "./suggest.ts";
import type { Path } from "./document.ts";

/** One mistake at a path of the merged configuration. */
export interface Finding {
  path: Path;
  /** Whether the name or the value is at fault. */
  part: "key" | "value";
  found: string;
  expected: string;
  hint?: string | undefined;
}

/** Named in a message at most. */
const mostNames = 16;

/**
 * What a schema alone tells badly or not at all: every unknown key (with the name that was meant), every
 * missing one, lists where maps belong. A plain `object` counts as strict here: its unknown keys would be
 * passed over in silence.
 */
export function checkShape(schema: AnySchema, value: unknown, path: Path): Finding[] {
  const inner = unwrap(schema, value);
  if (inner.type === "array") return Array.isArray(value) ? checkItems(inner, value, path) : [];
  if (inner.type === "union" || inner.type === "variant") {
    const option = optionFor(inner, value);
    return option ? checkShape(option, value, path) : [];
  }
  if (!inner.entries && inner.type !== "record") return [];
  if (Array.isArray(value)) return [finding(path, "value", show(value, path), schemaWords(inner))];
  if (!isMap(value)) return [];
  return inner.entries ? checkEntries(inner, value, path) : checkRecord(inner, value, path);
}

function checkItems({ item }: AnySchema, value: readonly unknown[], path: Path): Finding[] {
  return item ? value.flatMap((one, index) => checkShape(item, one, [...path, index])) : [];
}

function checkRecord({ value: schema }: AnySchema, value: Record<string, unknown>, path: Path): Finding[] {
  return schema ? Object.entries(value).flatMap(([key, one]) => checkShape(schema, one, [...path, key])) : [];
}

function checkEntries(schema: AnySchema, value: Record<string, unknown>, path: Path): Finding[] {
  const entries = schema.entries ?? {};
  const strict = schema.type === "object" || schema.type === "strict_object";
  const names = Object.keys(entries);
  const findings = Object.entries(value).flatMap(([key, one]) => {
    const entry = Object.hasOwn(entries, key) ? entries[key] : undefined;
    if (entry) return checkShape(entry, one, [...path, key]);
    return strict ? [unknownKey([...path, key], names)] : [];
  });
  for (const [key, entry] of Object.entries(entries)) {
    if (Object.hasOwn(value, key) || isOptional(entry)) continue;
    findings.push(finding([...path, key], "key", "nothing", schemaWords(entry)));
  }
  return findings;
}

export function unknownKey(path: Path, names: readonly string[]): Finding {
  const key = String(path.at(-1));
  const known = names.slice(0, mostNames).join(", ") + (names.length > mostNames ? ", …" : "");
  const expected = names.length === 0 ? "no keys here" : `one of ${known}`;
  return finding(path, "key", `unknown key ${JSON.stringify(key)}`, expected, suggest(key, names));
}

function isOptional(schema: AnySchema): boolean {
  return ["optional", "nullish", "exact_optional"].includes(schema.type) || schema.default !== undefined;
}

/** The one option of a union that a value can be meant for, or undefined. */
function optionFor(union: AnySchema, value: unknown): AnySchema | undefined {
  const options = optionsOf(union, value);
  const lists = options.filter((option) => unwrap(option, value).type === "array");
  // A list where only a map could be is told as one: valibot would take it for a map of its indexes.
  const fitting =
    Array.isArray(value) && lists.length > 0 ? lists : options.filter((one) => fits(one, value, union));
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** Those of a union within a union count as its own. */
function optionsOf(union: AnySchema, value: unknown): AnySchema[] {
  return ((union.options ?? []) as unknown[]).filter(isSchema).flatMap((option) => {
    const inner = unwrap(option, value);
    return inner.type === "union" ? optionsOf(inner, value) : [option];
  });
}

function isSchema(option: unknown): option is AnySchema {
  return typeof option === "object" && option !== null && "type" in option;
}

function fits(schema: AnySchema, value: unknown, union: AnySchema): boolean {
  const option = unwrap(schema, value);
  if (typeof value !== "object" || value === null) return false;
  if (option.type === "record") return true;
  if (!option.entries) return false;
  if (union.type !== "variant" || typeof union.key !== "string") return true;
  const discriminator = option.entries[union.key];
  const given = (value as Record<string, unknown>)[union.key];
  return discriminator !== undefined && v.is(discriminator as unknown as GenericSchema, given);
}

function finding(path: Path, part: "key" | "value", found: string, expected: string, hint?: string): Finding {
  return { path, part, found, expected, hint };
}
