import type { ConfigProblem } from "../core/config-error.ts";
import type { ConfigDocument } from "./document.ts";
import { isMap, mergeMaps } from "./merge-maps.ts";
import { child, placeOf } from "./origins.ts";
import type { Origin, Origins } from "./origins.ts";
import { suggest } from "./suggest.ts";

/** What merging has to know of plugin names. */
export interface PluginNames {
  /** One text per plugin, whatever file names it how: `./a.ts` of one directory is not that of another. */
  identify(name: string, document: ConfigDocument): string;
  /** Names that may be taken out although no layer below lists them. */
  known: ReadonlySet<string>;
}

/** One entry of `plugins`. */
interface Listed {
  /** Undefined where the entry is neither a name nor a map with one. */
  name: string | undefined;
  options: unknown;
  /** The entry as it stands. */
  entry: unknown;
  /** Of the entry. */
  origin: Origin;
  /** Of its options. */
  optionsOrigin: Origin;
}

/** Merges lists of plugins: the options of the same plugin merge in its place, `false` takes it out. */
export class PluginMerger {
  readonly #origins: Origins;
  readonly #names: PluginNames;
  readonly #problems: ConfigProblem[];
  readonly #plugins = new Map<string, Listed>();
  #origin: Origin | undefined;
  /** What stands in place of a list, where something else does. */
  #broken: unknown;

  constructor(origins: Origins, names: PluginNames, problems: ConfigProblem[]) {
    this.#origins = origins;
    this.#names = names;
    this.#problems = problems;
  }

  /** Lays one layer's `plugins` over those of the layers before. */
  add(value: unknown, origin: Origin): void {
    this.#origin = origin;
    const listed = read(value, origin);
    if (!listed) this.#broken = value;
    const seen = new Set<string>();
    for (const plugin of listed ?? []) {
      // What is no entry keeps a place of its own, for the schema to complain of.
      const id =
        plugin.name === undefined
          ? `#${this.#plugins.size}`
          : this.#names.identify(plugin.name, origin.document);
      if (seen.has(id)) this.#fail(plugin, "a second time", "each plugin once");
      seen.add(id);
      if (plugin.name !== undefined && plugin.options === false) this.#remove(id, plugin);
      else this.#plugins.set(id, this.#lay(plugin, this.#plugins.get(id)));
    }
  }

  #lay(above: Listed, below: Listed | undefined): Listed {
    const { options } = above;
    // A name alone changes nothing of a plugin that is there.
    if (below && options === undefined) return below;
    if (!isMap(options)) return above;
    const under = isMap(below?.options) ? below.options : {};
    return { ...above, options: mergeMaps(under, options, above.optionsOrigin, this.#origins) };
  }

  #remove(id: string, plugin: Listed): void {
    if (this.#plugins.delete(id) || this.#names.known.has(plugin.name ?? "")) return;
    const names = [...this.#plugins.values()].flatMap(({ name }) => name ?? []);
    const hint = suggest(plugin.name ?? "", [...names, ...this.#names.known]);
    this.#fail(plugin, "which is not among the plugins", "the name of a plugin to take out", hint);
  }

  #fail({ name, optionsOrigin }: Listed, what: string, expected: string, hint?: string): void {
    const found = `${JSON.stringify(name)}, ${what}`;
    this.#problems.push({ ...placeOf(optionsOrigin, "key"), found, expected, ...(hint && { hint }) });
  }

  /** Puts the merged list into a configuration. */
  finish(config: Record<string, unknown>): void {
    if (!this.#origin) return;
    this.#origins.set(config, "plugins", this.#origin);
    if (this.#broken !== undefined) {
      config.plugins = this.#broken;
      return;
    }
    const list = [...this.#plugins.values()].map(({ name, options, entry, origin, optionsOrigin }, index) => {
      if (name === undefined || options === undefined) return { value: name ?? entry, origin, index };
      const value = { [name]: options };
      this.#origins.set(value, name, optionsOrigin);
      return { value, origin, index };
    });
    const plugins = list.map(({ value }) => value);
    for (const { origin, index } of list) this.#origins.set(plugins, index, origin);
    config.plugins = plugins;
  }
}

/** The entries of a list, or of a map from names to options; undefined for anything else. */
function read(value: unknown, origin: Origin): Listed[] | undefined {
  if (isMap(value)) {
    return Object.entries(value).map(([name, options]) => {
      const at = child(origin, name);
      return { name, options: given(options), entry: { [name]: options }, origin: at, optionsOrigin: at };
    });
  }
  if (!Array.isArray(value)) return undefined;
  return value.map((entry: unknown, index) => {
    const at = child(origin, index);
    if (typeof entry === "string")
      return { name: entry, options: undefined, entry, origin: at, optionsOrigin: at };
    const [only, ...more] = isMap(entry) ? Object.entries(entry) : [];
    if (!only || more.length > 0)
      return { name: undefined, options: undefined, entry, origin: at, optionsOrigin: at };
    return { name: only[0], options: given(only[1]), entry, origin: at, optionsOrigin: child(at, only[0]) };
  });
}

/** `retry: true`, and a name with nothing behind its colon, ask for the plugin as it is. */
function given(options: unknown): unknown {
  return options === true || options === null ? undefined : options;
}
