import type { ConfigProblem } from "../core/config-error.ts";
import type { Env } from "./env.ts";
import type { Secrets } from "./secrets.ts";

export type Path = readonly (string | number)[];

/** 1-based. */
export interface Position {
  line: number;
  column: number;
}

/** What one file, URL, module or object says, and where in it things stand. */
export interface ConfigDocument {
  /** As messages name it: a path or a URL; undefined for an object that was handed over. */
  readonly name: string | undefined;
  /** The directory or URL that relative names in it start from; undefined where they have no meaning. */
  readonly base: string | undefined;
  readonly value: unknown;
  /** Set when there is more in its text than could be read. */
  readonly broken?: boolean;
  /** Where the value at a path stands, or what of the path is there; `key`: where its name stands. */
  positionOf(path: Path, part?: "key" | "value"): Position | undefined;
  /** How else the variable at a path can be read: `"8080"` for `8080`. Undefined where there is one way only. */
  otherReading(path: Path): unknown;
}

/** What reading documents shares: the environment, and where mistakes and secrets are gathered. */
export interface Reading {
  readonly env: Env;
  readonly problems: ConfigProblem[];
  readonly secrets: Secrets;
}

/** A document that is a JavaScript value: a module's export, a preset's yield, an object handed over. */
export function valueDocument(
  value: unknown,
  name: string | undefined,
  base: string | undefined,
): ConfigDocument {
  return { name, base, value, positionOf: () => undefined, otherReading: () => undefined };
}
