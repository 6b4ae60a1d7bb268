import type { BaseIssue, GenericSchema } from "valibot";

/** A schema seen from outside: what any of valibot's schemas may have. */
export interface AnySchema {
  type: string;
  message?: unknown;
  expects?: string | null;
  entries?: Record<string, AnySchema>;
  wrapped?: AnySchema;
  item?: AnySchema;
  value?: AnySchema;
  key?: string | AnySchema;
  options?: readonly unknown[];
  getter?: (input: unknown) => AnySchema;
  default?: unknown;
}

export function asAny(schema: GenericSchema): AnySchema {
  return schema as unknown as AnySchema;
}

/** The schema inside `optional` and its like. */
export function unwrap(schema: AnySchema, value: unknown): AnySchema {
  if (schema.wrapped) return unwrap(schema.wrapped, value);
  return schema.type === "lazy" && schema.getter ? unwrap(schema.getter(value), value) : schema;
}

/** What a schema wants, in plain words. Its own message, where it has one, says it best. */
export function schemaWords(schema: AnySchema): string {
  const inner = unwrap(schema, undefined);
  if (typeof inner.message === "string") return inner.message;
  return typeWords(inner.type, inner.expects ?? null);
}

/** What an issue wants, in plain words. Messages that a schema's author wrote are taken to say just that. */
export function issueWords(issue: BaseIssue<unknown>): string {
  if (!issue.message.startsWith("Invalid ")) return issue.message;
  if (issue.kind === "schema") return typeWords(issue.type, issue.expected);
  const bound = String(issue.requirement);
  switch (issue.type) {
    case "min_value":
      return `at least ${bound}`;
    case "gt_value":
      return `more than ${bound}`;
    case "max_value":
      return `at most ${bound}`;
    case "lt_value":
      return `less than ${bound}`;
    case "min_length":
    case "non_empty":
      return bound === "undefined" ? "something that is not empty" : `a length of at least ${bound}`;
    case "max_length":
      return `a length of at most ${bound}`;
    case "finite":
      return "a finite number";
    case "integer":
      return "a whole number";
    case "url":
      return "a URL";
    case "regex":
      return `text that matches ${bound}`;
    default:
      return issue.expected ?? "something else";
  }
}

const kinds: Record<string, string> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  Array: "a list",
  tuple: "a list",
  object: "a map",
  Object: "a map",
  strict_object: "a map",
  loose_object: "a map",
  object_with_rest: "a map",
  record: "a map",
  variant: "a map",
  unknown: "a value",
  any: "a value",
  never: "nothing",
  null: "nothing",
  undefined: "nothing",
};

/** `text`, `a map`, `one of "a", "b"`, `text or a list`. */
function typeWords(type: string, expects: string | null): string {
  const alternatives = expects?.replace(/^\((.*)\)$/, "$1").split(" | ") ?? [];
  if (type !== "union" && kinds[type]) return kinds[type];
  const words = [...new Set(alternatives.map((one) => kinds[one] ?? one))];
  if (words.length === 0) return "something else";
  const choices = type === "picklist" || type === "enum";
  if (choices && words.length > 1) return `one of ${words.join(", ")}`;
  return words.join(" or ");
}
