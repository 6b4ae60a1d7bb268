import { existsSync } from "node:fs";
import { join } from "node:path";
import { formatPath } from "../core/config-error.ts";
import type { ConfigProblem } from "../core/config-error.ts";

import type { ConfigDocument, Path, Reading } from "./document.ts";
import type { Env } from "./env.ts";
import { Origins } from "./origins.ts";
import type { Merged } from "./merge.ts";
import { isMap } from "./merge-maps.ts";
import type { Section } from "./merge-maps.ts";
import type { Config } from "./schema.ts";
import type { Secrets } from "./secrets.ts";
import type { Session } from "./session.ts";
import type { TextResult } from "./text.ts";
import type { YAMLSource } from "./yaml.ts";

/** Another gateway's configuration file, as it stands. */
export interface ForeignFile extends Merged {
  env: Env;
  /** Where mistakes are gathered. */
  problems: ConfigProblem[];
  secrets: Secrets;
}

/** What another gateway's configuration comes to in our own words. */
export interface Conversion {
  config: Config;
  /** Which place of the file a part of `config` came from; a part's parts came from there, too. */
  origins: readonly Derivation[];
  /** What cannot be honoured, and where it stands. */
  warnings: readonly Remark[];
}

export interface Derivation {
  /** In the new configuration. */
  path: Path;
  /** In the file that was read; empty for what holds there though the file says nothing. */
  from: Path;
}

export interface Remark {
  /** Empty for what is about the environment. */
  from: Path;
  /** What becomes of it: `is not honoured: …`. */
  text: string;
}

/** The shape of another gateway's configuration file, by the name of the preset that stands for it. */
export interface Format {
  readonly name: string;
  /** Names under which such a file is looked for in the working directory. */
  readonly files: readonly string[];
  /** The variable that holds the file's address. */
  readonly variable: string;
  /** The address goes before a file that is there; else it is for where there is none. */
  readonly addressFirst?: boolean;
  /**
   * Takes a text from a URL out of its wrapping, where the environment says that it has one. Rejects with an Error
   * that says in words what was found instead.
   */
  open?(text: string, env: Env): Promise<string | undefined>;
  /** Whether a file that is no configuration of ours has this shape, by its top-level keys. */
  fits(keys: ReadonlySet<string>): boolean;
  /** Loads what reads such files. */
  reader(): Promise<FormatReader>;
}

export interface FormatReader {
  /** Undefined when `file.problems` got longer. */
  convert(file: ForeignFile): Conversion | undefined;
  /** Of a text that is no YAML: what its author meant to write otherwise, where that can be seen. */
  slips(text: string): readonly Slip[];
}

/** One of them; line and column from 1 on. */
export interface Slip {
  line: number;
  column: number;
  found: string;
  expected: string;
}

/** A file of another gateway, read and converted. */
export interface ForeignDocument {
  format: Format;
  /** The file as it stands. */
  source: ConfigDocument;
  /** What it comes to, whose places are those of the file; `broken` where there were mistakes. */
  document: ConfigDocument;
  /** Undefined where there were mistakes. */
  conversion: Conversion | undefined;
}

/** Top-level keys of our own: what has one of them is no other gateway's file. */
const ownKeys = ["upstreams", "keys", "plugins", "extends", "aliases", "state"];
/** A file without this word needs no second look. */
const mark = /^[ \t{]*["']?providers["']?[ \t]*:/m;

/**
 * Reads a text as another gateway's configuration, if it is one. Mistakes go to `session.problems`; what cannot be
 * honoured is told to `session.log`.
 */
export async function readForeign(
  source: YAMLSource,
  session: Session,
): Promise<ForeignDocument | undefined> {
  if (!mark.test(source.text)) return undefined;
  const { readYAML } = await import("./yaml.ts");
  const reading: Reading = { env: {}, problems: [], secrets: session.secrets };
  // A dollar is a dollar in these files.
  const read = readYAML({ ...source, plain: true }, reading);
  const format = formatOf(read.broken ? keysIn(source.text) : read.value, session.registry.formats);
  if (!format) return undefined;
  const reader = await format.reader();
  const slips = read.broken ? reader.slips(source.text) : [];
  session.problems.push(
    // What the parser says of them are echoes.
    ...(slips.length > 0
      ? slips.map((slip) => ({ ...slip, path: [], file: source.name }))
      : reading.problems),
  );
  if (read.broken) return { format, source: read, document: read, conversion: undefined };
  const origins = new Origins();
  origins.setRoot({ document: read, path: [] });
  const { env, problems, secrets } = session;
  const before = problems.length;
  const file = { value: withoutNothing(read.value) as Section, origins, env, problems, secrets };
  const conversion = reader.convert(file);
  if (!conversion || problems.length > before) {
    const document = { ...read, value: undefined, broken: true };
    return { format, source: read, document, conversion: undefined };
  }
  secrets.collect(conversion.config);
  return { format, source: read, document: toDocument(read, conversion), conversion };
}

/** A text from a URL as it is meant to be read, or in words what is wrong with it. */
export async function openText(text: string, { registry, env }: Session): Promise<TextResult> {
  try {
    for (const format of registry.formats) {
      const opened = await format.open?.(text, env);
      if (opened !== undefined) return { text: opened };
    }
    return { text };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : "a text that cannot be opened" };
  }
}

/** Where another gateway would look for its file: a path or an address; undefined where there is none. */
export async function locateForeign(session: Session): Promise<string | undefined> {
  const { registry, env, cwd } = session;
  const { formats } = registry;
  const addresses = (first: boolean): string[] =>
    formats.flatMap((one) => ((one.addressFirst ?? false) === first && env[one.variable]) || []);
  const [before] = addresses(true);
  if (before !== undefined) return before;
  const names = new Set(formats.flatMap(({ files }) => files));
  for (const path of [...names].map((name) => join(cwd, name))) {
    if (existsSync(path)) return path;
    await session.note(path);
  }
  return addresses(false)[0];
}

/** The warnings of a conversion, each with its file and line. */
export function tellRemarks({ format, source, conversion }: ForeignDocument, session: Session): void {
  for (const { from, text } of conversion?.warnings ?? []) {
    const line = from.length > 0 ? source.positionOf(from)?.line : undefined;
    const where = line === undefined ? "" : `${source.name}:${line} ${formatPath(from)} `;
    session.log.warn(session.secrets.clean(`${format.name}: ${where}${text}`));
  }
}

function formatOf(value: unknown, formats: readonly Format[]): Format | undefined {
  if (!isMap(value) || !Array.isArray(value.providers)) return undefined;
  const keys = new Set(Object.keys(value));
  return ownKeys.some((key) => keys.has(key)) ? undefined : formats.find((format) => format.fits(keys));
}

/** The top-level keys of a text that cannot be read whole, as a map of them. */
function keysIn(text: string): Section {
  const names = [...text.matchAll(/^([\w-]+)[ \t]*:/gm)].map(([, name = ""]) => [name, []]);
  return Object.fromEntries(names) as Section;
}

/** Keys without a value count as missing, as their comments may be all that is below them. */
function withoutNothing(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNothing);
  if (!isMap(value)) return value;
  const said = Object.entries(value).filter(([, one]) => one !== null && one !== undefined);
  return Object.fromEntries(said.map(([key, one]) => [key, withoutNothing(one)]));
}

/** The converted configuration as a document whose places are those of the file. */
function toDocument(file: ConfigDocument, { config, origins }: Conversion): ConfigDocument {
  return {
    name: file.name,
    base: file.base,
    value: config,
    positionOf(path) {
      const from = originOf(path, origins);
      return from && from.length > 0 ? file.positionOf(from) : undefined;
    },
    otherReading: () => undefined,
  };
}

/** Where a part of a converted configuration came from. */
export function originOf(path: Path, origins: readonly Derivation[]): Path | undefined {
  const around = origins.filter((one) => one.path.every((part, index) => part === path[index]));
  return around.reduce<Derivation | undefined>(
    (best, one) => (best && best.path.length >= one.path.length ? best : one),
    undefined,
  )?.from;
}
