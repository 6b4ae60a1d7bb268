import * as v from "valibot";
import type { BaseIssue, GenericSchema, InferOutput } from "valibot";
import type { ConfigProblem } from "../core/config-error.ts";
import type { Path } from "./document.ts";
import type { Merged } from "./merge.ts";
import { checkShape, unknownKey } from "./shape.ts";
import type { Finding } from "./shape.ts";
import { isSecretPath } from "./secrets.ts";
import { show } from "./show.ts";
import { suggest } from "./suggest.ts";
import { asAny, issueWords } from "./words.ts";

/**
 * Validates what stands at a path of the merged configuration. A variable that does not fit as it was read is
 * tried as it can be read otherwise: digits as text, JSON text as a number.
 * @param absent Stands for a value that is missing.
 * @returns What the schema yields, or undefined when `problems` got longer.
 */
export function validate<S extends GenericSchema>(
  schema: S,
  merged: Merged,
  path: Path,
  problems: ConfigProblem[],
  absent?: unknown,
): InferOutput<S> | undefined {
  const read = (): unknown => valueAt(merged.value, path) ?? absent;
  let findings = check(schema, read(), path);
  if (findings.length > 0) {
    const undo = readOtherwise(merged, findings);
    const left = new Set(check(schema, read(), path).map((finding) => JSON.stringify(finding.path)));
    // What fits neither way is told as it was read first.
    for (const [key, restore] of undo) if (left.has(key)) restore();
    findings = undo.size > 0 ? check(schema, read(), path) : findings;
  }
  // One by one: there may be more than fit on the stack.
  for (const finding of findings) problems.push(toProblem(merged, finding));
  return findings.length > 0 ? undefined : v.parse(schema, read());
}

/** A finding with file, line and the path in that file. */
export function toProblem(
  { value, origins }: Merged,
  { path, part, found, expected, hint }: Finding,
): ConfigProblem {
  return { ...origins.place(value, path, part), found, expected, ...(hint && { hint }) };
}

export function valueAt(value: unknown, path: Path): unknown {
  let inside = value;
  for (const part of path) {
    if (typeof inside !== "object" || inside === null || !Object.hasOwn(inside, part)) return undefined;
    inside = (inside as Record<string | number, unknown>)[part];
  }
  return inside;
}

/** Replaces the variables among the findings by their other reading. Yields by path how to take it back. */
function readOtherwise({ value, origins }: Merged, findings: readonly Finding[]): Map<string, () => void> {
  const undo = new Map<string, () => void>();
  for (const { path } of findings) {
    const origin = origins.trace(value, path);
    const other = origin?.document.otherReading(origin.path);
    const container = valueAt(value, path.slice(0, -1));
    if (other === undefined || typeof container !== "object" || container === null) continue;
    const entries = container as Record<string | number, unknown>;
    const key = path.at(-1) ?? "";
    const first = entries[key];
    undo.set(JSON.stringify(path), () => (entries[key] = first));
    entries[key] = other;
  }
  return undo;
}

function check(schema: GenericSchema, value: unknown, path: Path): Finding[] {
  const shape = checkShape(asAny(schema), value, path);
  const seen = new Set(shape.map((finding) => JSON.stringify(finding.path)));
  const findings = [...shape];
  for (const finding of issuesOf(schema, value).flatMap((issue) => readIssue(issue, path))) {
    // Below a place with a mistake of shape, further complaints are echoes.
    const told = finding.path.some((_, index) => seen.has(JSON.stringify(finding.path.slice(0, index + 1))));
    if (told) continue;
    seen.add(JSON.stringify(finding.path));
    findings.push(finding);
  }
  return findings;
}

function issuesOf(schema: GenericSchema, value: unknown): readonly BaseIssue<unknown>[] {
  try {
    return v.safeParse(schema, value).issues ?? [];
  } catch (error) {
    // A plugin's own check or transformation threw instead of telling an issue.
    const message = error instanceof Error ? (error.message.split("\n")[0] ?? "") : "an error";
    const issue = { kind: "validation", type: "check", input: value, expected: null, received: "" } as const;
    return [{ ...issue, message: `options that the plugin can read (${message})` }];
  }
}

/** An issue as findings. Of a union's issues, those of the option that was meant say more than the union's own. */
function readIssue(issue: BaseIssue<unknown>, base: Path): Finding[] {
  const path = [...base, ...(issue.path ?? []).map((item) => item.key as string | number)];
  if (issue.issues) {
    const inside = issue.issues.filter((sub) => (sub.path?.length ?? 0) > 0 || sub.kind === "validation");
    if (inside.length > 0) return inside.flatMap((sub) => readIssue(sub, path));
  }
  const last = issue.path?.at(-1);
  const atKey = last !== undefined && "origin" in last && last.origin === "key";
  if (atKey && issue.expected === "never") return [unknownKey(path, [])];
  if (atKey && issue.input === undefined) {
    return [{ path, part: "key", found: "nothing", expected: "a value" }];
  }
  const expected = issueWords(issue);
  // A rule over a whole list may tell which of its items it means.
  const received = issue.type === "raw_check" && !isSecretPath(path) ? issue.received : undefined;
  const found = received ?? (atKey ? JSON.stringify(issue.input) : show(issue.input, path));
  return [{ path, part: atKey ? "key" : "value", found, expected, hint: hintFor(issue, expected) }];
}

function hintFor(issue: BaseIssue<unknown>, expected: string): string | undefined {
  const { input, type } = issue;
  const scalar = typeof input === "number" || typeof input === "boolean";
  if (scalar && (type === "string" || expected.startsWith("text"))) return "put it in quotes";
  if (typeof input !== "string") return undefined;
  if (type === "number" && input.trim() && Number.isFinite(Number(input))) return "write it without quotes";
  if (type === "boolean" && /^(true|false)$/.test(input)) return "write it without quotes";
  if (type !== "picklist" && type !== "enum") return undefined;
  const choices = [...(issue.expected ?? "").matchAll(/"([^"]*)"/g)].map(([, choice]) => choice ?? "");
  return suggest(input, choices);
}
