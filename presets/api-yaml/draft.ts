import type { Conversion, Derivation, Remark } from "../../config/foreign.ts";
import type { Path } from "../../config/document.ts";
import type { Config } from "../../config/schema.ts";

export type UpstreamEntry = NonNullable<Config["upstreams"]>[number];
export type KeyEntry = Exclude<NonNullable<Config["keys"]>[number], string>;

/** A configuration in the making, which remembers where each of its parts came from. */
export class Draft {
  readonly upstreams: UpstreamEntry[] = [];
  readonly keys: KeyEntry[] = [];
  readonly #plugins: Record<string, unknown>[] = [];
  readonly #origins: Derivation[] = [];
  readonly #warnings: Remark[] = [];

  upstream(entry: UpstreamEntry, from: Path): void {
    this.#origins.push({ path: ["upstreams", this.upstreams.length], from });
    this.upstreams.push(entry);
  }

  key(entry: KeyEntry, from: Path): void {
    this.#origins.push({ path: ["keys", this.keys.length], from });
    this.keys.push(entry);
  }

  /** Adds a plugin, or options to one that is there. `from` is empty for what holds though the file says nothing. */
  plugin(name: string, options: Record<string, unknown> = {}, from: Path = []): void {
    const index = this.#plugins.findIndex((entry) => name in entry);
    const place = index < 0 ? this.#plugins.length : index;
    const before = (this.#plugins[place]?.[name] ?? {}) as Record<string, unknown>;
    this.#plugins[place] = { [name]: { ...before, ...options } };
    if (index < 0) this.#origins.push({ path: ["plugins", place], from });
    if (index < 0 || from.length === 0) return;
    for (const option of Object.keys(options)) {
      this.#origins.push({ path: ["plugins", place, name, option], from });
    }
  }

  /** Adds options for one upstream to a plugin that takes them by upstream. */
  overrides(name: string, upstream: string, options: Record<string, unknown>, from: Path): void {
    this.byKey(name, "upstreams", upstream, options, from);
  }

  /** Adds an entry to a map among a plugin's options. */
  byKey(name: string, option: string, key: string, value: unknown, from: Path): void {
    const given = this.#plugins.find((plugin) => name in plugin)?.[name] as
      | Record<string, object>
      | undefined;
    this.plugin(name, { [option]: { ...given?.[option], [key]: value } }, given ? [] : from);
    const place = this.#plugins.findIndex((plugin) => name in plugin);
    this.#origins.push({ path: ["plugins", place, name, option, key], from });
  }

  /** Adds a rule to the plugin body-overrides. */
  rule(rule: Record<string, unknown>, from: Path): void {
    this.listed("body-overrides", "rules", rule, from);
  }

  /** Adds an entry to a list among a plugin's options. */
  listed(name: string, option: string, entry: unknown, from: Path): void {
    const given = this.#plugins.find((plugin) => name in plugin)?.[name] as
      | Record<string, unknown[]>
      | undefined;
    const before = given?.[option] ?? [];
    this.plugin(name, { [option]: [...before, entry] }, given ? [] : from);
    const place = this.#plugins.findIndex((plugin) => name in plugin);
    this.#origins.push({ path: ["plugins", place, name, option, before.length], from });
  }

  origin(path: Path, from: Path): void {
    this.#origins.push({ path, from });
  }

  /** Names what cannot be honoured, or not as it stands. */
  warn(from: Path, text: string): void {
    const known = this.#warnings.some((one) => one.text === text && one.from.join() === from.join());
    // Rules that several keys share are read for each of them.
    if (!known) this.#warnings.push({ from, text });
  }

  finish(rest: Omit<Config, "upstreams" | "keys" | "plugins">): Conversion {
    const { upstreams, keys } = this;
    const plugins = this.#plugins.map((entry) => {
      const [[name, options] = ["", {}]] = Object.entries(entry);
      return Object.keys(options as object).length === 0 ? name : entry;
    });
    const config: Config = { extends: "default", ...rest, upstreams, keys, plugins };
    return { config, origins: this.#origins, warnings: this.#warnings };
  }
}

/** Gives each name once: `a`, then `a-2`. A slash would end the name in a rule. */
export function createNames(): (wanted: string) => string {
  const taken = new Set<string>();
  return (wanted) => {
    const base = wanted.replace(/[/*!]/g, "-");
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
    taken.add(name);
    return name;
  };
}
