import type { PluginEntry } from "../core/config.ts";
import type { Plugin } from "../core/plugin.ts";
import type { Path } from "./document.ts";
import { isMap } from "./merge-maps.ts";
import type { Merged } from "./merge.ts";
import { ModuleError } from "./module.ts";
import { loadPlugin } from "./plugin-module.ts";
import type { LoadedPlugin, PluginKind } from "./plugin-module.ts";
import type { Session } from "./session.ts";
import { suggest } from "./suggest.ts";
import { toProblem, validate, valueAt } from "./validate.ts";

/** What a configuration's names led to. */
export interface Plugins {
  entries: PluginEntry[];
  /** The name that each upstream's provider calls itself, by the upstream's index. */
  providers: Map<number, string>;
}

/** Finds the plugins and providers that a configuration names, and validates the options of plugins. */
export async function resolvePlugins(merged: Merged, session: Session): Promise<Plugins> {
  const resolver = new Resolver(session, merged);
  await resolver.resolvePlugins();
  await resolver.resolveProviders();
  return resolver;
}

class Resolver implements Plugins {
  readonly entries: PluginEntry[] = [];
  readonly providers = new Map<number, string>();
  readonly #session: Session;
  readonly #merged: Merged;
  readonly #loading = new Map<string, Promise<LoadedPlugin | ModuleError>>();
  /** Modules whose failure was reported; one report will do. */
  readonly #told = new Set<ModuleError>();
  /** Whether a plugin from elsewhere is listed: it may add providers of any name. */
  #strangers = false;

  constructor(session: Session, merged: Merged) {
    this.#session = session;
    this.#merged = merged;
  }

  async resolvePlugins(): Promise<void> {
    const names = listAt(this.#merged, "plugins").map(pluginName);
    // Begun together, so that their modules load side by side; reported in order.
    const loading = names.map((name, index) => name && this.#load(name, ["plugins", index], "plugin"));
    for (const [index, name] of names.entries()) {
      const loaded = await loading[index];
      if (!name || !loaded) continue;
      if (loaded instanceof ModuleError) this.#fail(loaded, name, ["plugins", index], "plugin");
      else this.#addPlugin(loaded, ["plugins", index, name]);
    }
    await this.#addNeeded();
  }

  /** The plugins that others cannot do without, where they are not listed. */
  async #addNeeded(): Promise<void> {
    for (const { plugin, path } of this.entries) {
      for (const name of plugin.needs ?? []) {
        if (this.entries.some((entry) => entry.plugin.name === name)) continue;
        const loaded = await this.#load(name, path, "plugin");
        if (loaded instanceof ModuleError) this.#fail(loaded, name, path, "plugin");
        else this.entries.push({ plugin: loaded.plugin, options: undefined, path: [...path] });
      }
    }
  }

  async resolveProviders(): Promise<void> {
    const names = listAt(this.#merged, "upstreams").map((one) => (isMap(one) ? one.provider : undefined));
    for (const [index, name] of names.entries()) {
      if (typeof name !== "string" || !name) continue;
      const path: Path = ["upstreams", index, "provider"];
      if (this.entries.some(({ plugin }) => providerName(plugin) === name)) continue;
      const loaded = await this.#load(name, path, "provider");
      if (loaded instanceof ModuleError) {
        if (!this.#strangers || !loaded.absent) this.#fail(loaded, name, path, "provider");
        continue;
      }
      if (!loaded.builtin) this.providers.set(index, providerName(loaded.plugin));
      if (this.entries.some(({ plugin }) => plugin === loaded.plugin)) continue;
      this.entries.push({ plugin: loaded.plugin, options: undefined, path: [...path] });
    }
  }

  #load(name: string, path: Path, kind: PluginKind): Promise<LoadedPlugin | ModuleError> {
    const base = this.#merged.origins.trace(this.#merged.value, path)?.document.base;
    return loadPlugin({ name, base, kind }, this.#session, this.#loading);
  }

  #addPlugin({ plugin, builtin }: LoadedPlugin, path: Path): void {
    this.#strangers ||= !builtin;
    const { problems } = this.#session;
    if (plugin.options) validate(plugin.options, this.#merged, path, problems, {});
    // Read after validation: a variable may have been read otherwise to fit.
    const options = valueAt(this.#merged.value, path);
    if (!plugin.options && options !== undefined && !(isMap(options) && Object.keys(options).length === 0)) {
      const expected = `no options: plugin ${plugin.name} has none`;
      problems.push(toProblem(this.#merged, { path, part: "value", found: "options", expected }));
    }
    this.entries.push({ plugin, options, path: [...path] });
  }

  #fail(error: ModuleError, name: string, path: Path, kind: PluginKind): void {
    if (this.#told.has(error)) return;
    const { problems } = this.#session;
    if (error.file !== undefined) {
      this.#told.add(error);
      const place = error.line !== undefined && { line: error.line, column: error.column ?? 1 };
      problems.push({ path: [], file: error.file, ...place, found: error.message, expected: `a ${kind}` });
      return;
    }
    const found = `${JSON.stringify(name)}, ${error.message}`;
    const expected = `a ${kind}: a built-in name, an installed package, or ./path`;
    const hint = suggest(name, this.#namesOf(kind));
    problems.push(toProblem(this.#merged, { path, part: "value", found, expected, hint }));
  }

  #namesOf(kind: PluginKind): string[] {
    const names = Object.keys(this.#session.registry.plugins);
    if (kind === "plugin") return names;
    return names
      .filter((name) => name.startsWith("providers/"))
      .map((name) => name.slice("providers/".length))
      .concat(Object.keys(this.#session.registry.providers));
  }
}

function listAt(merged: Merged, key: string): unknown[] {
  const list = valueAt(merged.value, [key]);
  return Array.isArray(list) ? list : [];
}

/** The name in an entry of `plugins`; undefined for what is none, of which the schema complains. */
function pluginName(entry: unknown): string | undefined {
  if (typeof entry === "string") return entry;
  const names = isMap(entry) ? Object.keys(entry) : [];
  return names.length === 1 ? names[0] : undefined;
}

/** A plugin that adds one provider is named as the provider is, or `providers/` before it. */
function providerName({ name }: Plugin): string {
  return name.replace(/^providers\//, "");
}
