import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { valueDocument } from "./document.ts";
import type { ConfigDocument } from "./document.ts";
import { readEnvFiles } from "./env.ts";
import type { Env } from "./env.ts";
import { locateForeign } from "./foreign.ts";
import type { LayerReader } from "./layers.ts";
import { showURL } from "./remote.ts";
import { isURL } from "./session.ts";
import type { Session } from "./session.ts";

/** What a configuration is read from. */
export interface EntryOptions {
  /**
   * Path or URL of the configuration. Without one, `SLUICE_CONFIG` names it, or it is the first `sluice.*` in
   * `cwd`, or, where no presets are named, another gateway's file; `false`: there is no file.
   */
  file?: string | false;
  /** Presets to build on, by name, package, path or URL. With neither a file nor presets, it is `demo`. */
  presets?: readonly string[];
  /** Laid over everything else: a configuration as a file has it. */
  config?: object;
  /** Default: that of the process. `.env` files in `cwd` and beside the file add to it. */
  env?: Env;
}

/** Looked for in the working directory; the first found is taken. */
export const fileNames = ["yaml", "yml", "json", "jsonc", "ts", "mts", "js", "mjs"].map(
  (end) => `sluice.${end}`,
);

/** Where a configuration comes from. */
export interface Entry {
  /** In words. */
  source: string;
  /** Nothing was named and nothing found. */
  fallback: boolean;
}

/** Reads the environment and all layers of a configuration. */
export async function readEntry(
  options: EntryOptions,
  session: Session,
  layers: LayerReader,
): Promise<Entry> {
  const { presets = [], config } = options;
  await readEnvironment(session, options.env);
  const location = await locate(options.file, session, presets);
  await readEnvironment(session, options.env, location);

  const file = location === undefined ? undefined : await layers.read(location);
  const object = config && layers.take(config, undefined, session.cwd);
  const documents = [file, object].filter((document) => document !== undefined);

  const fallback = location === undefined && presets.length === 0 && options.file !== false;
  const base = fallback ? "demo" : "default";
  const complete = documents.some(hasExtends) || (location === undefined && presets.length > 0);
  if (fallback || !complete) await layers.extend(names([base], session));
  for (const document of [...documents, names(presets, session)]) await layers.extend(document);
  for (const document of documents) layers.push(document);

  return { source: describe(location, fallback ? [base] : presets, session), fallback };
}

function describe(location: string | undefined, presets: readonly string[], session: Session): string {
  if (location !== undefined) return isURL(location) ? showURL(location) : session.nameOf(location);
  return presets.length > 0 ? `preset ${presets.join(", ")}` : "an object";
}

/** Reads the environment, with the `.env` files of the working directory and beside a configuration. */
export async function readEnvironment(
  session: Session,
  env: Env = process.env,
  location?: string,
): Promise<void> {
  const own = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
  const beside = location !== undefined && !isURL(location) ? [dirname(location)] : [];
  await addEnv(session, own, [...beside, session.cwd]);
  session.secrets.addEnv(session.env);
}

/** Adds `.env` files to the environment: what the process has holds, then the first directory's. */
async function addEnv(session: Session, own: Env, directories: readonly string[]): Promise<void> {
  const paths = [...new Set(directories.map((directory) => join(directory, ".env")))];
  for (const path of paths) await session.note(path);
  session.env = { ...(await readEnvFiles(paths)), ...own };
}

/** The absolute path or the URL of the configuration, if there is one. */
async function locate(
  file: string | false | undefined,
  session: Session,
  presets: readonly string[],
): Promise<string | undefined> {
  if (file === false) return undefined;
  const named = file ?? session.env.SLUICE_CONFIG;
  if (named) return absolute(named, session);
  for (const path of fileNames.map((name) => join(session.cwd, name))) {
    if (existsSync(path)) return path;
    await session.note(path);
  }
  const foreign = presets.length === 0 ? await locateForeign(session) : undefined;
  return foreign === undefined ? undefined : absolute(foreign, session);
}

/** A path as an absolute one; a URL as it is. */
export function absolute(location: string, { cwd }: Session): string {
  if (isURL(location)) return location;
  return location.startsWith("file://") ? fileURLToPath(location) : resolve(cwd, location);
}

function hasExtends({ value }: ConfigDocument): boolean {
  const { extends: extended } = (value ?? {}) as { extends?: unknown };
  return extended !== undefined && extended !== null;
}

/** A document that only extends others. */
function names(presets: readonly string[], session: Session): ConfigDocument {
  return valueDocument({ extends: presets }, undefined, session.cwd);
}
