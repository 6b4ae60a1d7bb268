import { resolve } from "node:path";
import process from "node:process";
import { ConfigError } from "../core/config-error.ts";
import type { GatewayConfig } from "../core/config.ts";
import type { Log } from "../core/context.ts";
import { createLog } from "../core/log.ts";
import { checkMeaning } from "./checks.ts";
import type { Path } from "./document.ts";
import { readEntry } from "./entry.ts";
import type { Entry, EntryOptions } from "./entry.ts";
import { LayerReader } from "./layers.ts";
import { mergeLayers } from "./merge.ts";
import type { Merged } from "./merge.ts";
import type { Place } from "./origins.ts";
import { toProblems } from "./problems.ts";
import { resolvePlugins } from "./plugins.ts";
import type { Plugins } from "./plugins.ts";
import { identityOf, readReference } from "./reference.ts";
import type { RemoteText } from "./remote.ts";
import { configSchema } from "./schema.ts";
import type { Config, ParsedConfig } from "./schema.ts";
import { Session } from "./session.ts";
import type { Registry } from "./session.ts";
import { absentSignature } from "./text.ts";
import { toProblem, validate } from "./validate.ts";

export interface LoadOptions extends EntryOptions {
  /** What relative paths start from. Default: that of the process. */
  cwd?: string;
  /** Plugins and presets by name, instead of the built-in ones. */
  registry?: Partial<Registry>;
  /** Where presets speak. Default: stderr. */
  log?: Log;
}

/** A configuration that is free of mistakes as far as its text and its modules tell. */
export interface LoadedConfig {
  /** What core's createGateway takes. */
  readonly config: GatewayConfig;
  /** The same as a person writes it: all files merged, nothing transformed. It may hold secrets. */
  readonly raw: Config;
  /** Absolute paths of all files that it was read from: configurations, presets, modules, `.env`. */
  readonly files: readonly string[];
  /** Files that were looked for and are not there; when one appears, the configuration may be another. */
  readonly absent: readonly string[];
  /** URLs that it was read from. They may hold credentials. */
  readonly urls: readonly string[];
  /** In words what it was read from: a file, a URL without its secrets, or a preset. */
  readonly source: string;
  /** Nothing was named and nothing found: it is the demo. */
  readonly fallback: boolean;
  /** How often URLs are read again, ms; 0: never. */
  readonly reloadInterval: number;
  /** What it was loaded with; loading it again with these reads its sources anew. */
  readonly options: LoadOptions;
  /** File, line and column of a path of `config` or `raw`, and the path in that file. */
  locate(path: Path): Place | undefined;
}

/** What one reading came to, whether it succeeded or not. */
export interface Attempt {
  loaded?: LoadedConfig;
  error?: ConfigError;
  /** Every file that it depends on, as it was before it was read. */
  signatures: ReadonlyMap<string, string>;
  /** URLs that it was read from, and those of them that could not be read. */
  urls: ReadonlySet<string>;
  away: ReadonlySet<string>;
  /** What URLs answered, to ask for changes only. */
  remotes: Map<string, RemoteText>;
}

const defaultReloadInterval = 60_000;
const attempts = new WeakMap<LoadedConfig, Attempt>();

/**
 * Reads a configuration with all that it extends, and finds its plugins.
 * @throws ConfigError with every mistake at once.
 */
export async function loadConfig(options: LoadOptions = {}): Promise<LoadedConfig> {
  const { loaded, error } = await attemptLoad(options);
  if (!loaded) throw error ?? new ConfigError([]);
  return loaded;
}

/** The reading that a configuration came from. */
export function attemptOf(loaded: LoadedConfig): Attempt | undefined {
  return attempts.get(loaded);
}

/** As `loadConfig`, but tells of a failed reading too which files and URLs it touched. */
export async function attemptLoad(options: LoadOptions, remotes?: Map<string, RemoteText>): Promise<Attempt> {
  const session = new Session({
    cwd: resolve(options.cwd ?? process.cwd()),
    registry: await registryOf(options.registry),
    log: options.log ?? createLog(),
    remotes,
  });
  const layers = new LayerReader(session);
  const entry = await readEntry(options, session, layers);
  const names = {
    identify: (name: string, { base }: { base: string | undefined }) =>
      identityOf(readReference(name, session.registry.plugins, base)),
    known: new Set(Object.keys(session.registry.plugins)),
  };
  const merged = mergeLayers(layers.layers, names, session.problems);
  const parsed = validate(configSchema, merged, [], session.problems);
  const plugins = await resolvePlugins(merged, session);
  // Where a file could not be read, what is missing would only look like further mistakes.
  const findings = layers.complete ? checkMeaning(merged) : [];
  for (const finding of findings) session.problems.push(toProblem(merged, finding));

  const { signatures, urls, away } = session;
  const attempt: Attempt = { signatures, urls, away, remotes: session.remotes };
  if (session.problems.length > 0 || !parsed) {
    attempt.error = new ConfigError(toProblems(session));
    return attempt;
  }
  attempt.loaded = toLoaded(attempt, merged, parsed, plugins, entry, options);
  attempts.set(attempt.loaded, attempt);
  return attempt;
}

/** The built-in plugins, providers, presets and formats, save where others are given. */
export async function registryOf(given: Partial<Registry> = {}): Promise<Registry> {
  const own = given.plugins && given.providers ? undefined : await import("../plugins/index.ts");
  const { builtin, formats } = await import("../presets/index.ts");
  return {
    plugins: given.plugins ?? own?.builtin ?? {},
    providers: given.providers ?? own?.providers ?? {},
    presets: given.presets ?? builtin,
    formats: given.formats ?? formats,
  };
}

function toLoaded(
  { signatures, urls }: Attempt,
  merged: Merged,
  parsed: ParsedConfig,
  plugins: Plugins,
  entry: Entry,
  options: LoadOptions,
): LoadedConfig {
  const { server, state, keys, aliases } = parsed;
  const paths = [...signatures.keys()];
  const upstreams = (parsed.upstreams ?? []).map((upstream, index) => ({
    ...upstream,
    provider: plugins.providers.get(index) ?? upstream.provider.replace(/^providers\//, ""),
  }));
  return {
    config: {
      upstreams,
      plugins: plugins.entries,
      ...(server && { server }),
      ...(state && { state }),
      ...(keys && { keys }),
      ...(aliases && { aliases }),
    },
    // It has all that it extends in it.
    raw: { extends: [], ...merged.value } as Config,
    files: paths.filter((path) => signatures.get(path) !== absentSignature),
    absent: paths.filter((path) => signatures.get(path) === absentSignature),
    urls: [...urls],
    ...entry,
    reloadInterval: parsed.reloadInterval ?? defaultReloadInterval,
    options,
    locate: (path) => {
      const place = merged.origins.place(merged.value, path);
      return place.file === undefined ? undefined : place;
    },
  };
}
