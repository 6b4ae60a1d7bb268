import { ConfigError } from "../core/config-error.ts";
import { valueDocument } from "./document.ts";
import type { ConfigDocument } from "./document.ts";
import { loadFile, loadPackage, ModuleError } from "./module.ts";
import { child, placeOf } from "./origins.ts";
import type { Origin } from "./origins.ts";
import type { Preset, PresetContext } from "./preset.ts";
import { baseOf, identityOf, isModuleFile, readReference } from "./reference.ts";
import type { Reference } from "./reference.ts";
import { showURL } from "./remote.ts";
import { isURL } from "./session.ts";
import type { Session } from "./session.ts";
import { suggest } from "./suggest.ts";
import { exceeds } from "./values.ts";
import { resolve } from "node:path";

/** Far more than a person writes; a server that answers each `extends` with another one ends here. */
const mostDocuments = 100;
const deepestValue = 100;
const mostEntries = 500_000;

/** Reads documents and what they extend, each thing once, the extended before what extends it. */
export class LayerReader {
  readonly #session: Session;
  readonly #done = new Set<string>();
  /** In the order in which they lie over each other. */
  readonly layers: ConfigDocument[] = [];
  /** Whether all that was named could be read. */
  complete = true;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Adds all that a document's `extends` names. */
  async extend(document: ConfigDocument, chain: readonly string[] = []): Promise<void> {
    for (const { name, origin } of this.#extended(document)) await this.#extend(name, origin, chain);
  }

  /** Lays a document over those before. One that says nothing is left out. */
  push(document: ConfigDocument): void {
    if (document.value !== undefined && document.value !== null) this.layers.push(document);
  }

  /**
   * Reads a file or a URL by its absolute path or address. Undefined when it cannot be read; the mistake is
   * reported at `from`, where it is named, else at the file itself.
   */
  async read(location: string, from?: Origin): Promise<ConfigDocument | undefined> {
    const document = await this.#read(location, from);
    if (!document || document.broken) this.complete = false;
    return document;
  }

  /** A JavaScript value as a document. Undefined when there is no end to it; the mistake is reported. */
  take(value: unknown, name: string | undefined, base: string): ConfigDocument | undefined {
    if (exceeds(value, deepestValue, mostEntries)) {
      const expected = `at most ${deepestValue} levels and ${mostEntries} values`;
      this.#fail(undefined, name, "lists or maps that are nested too deep or hold too much", expected);
      this.complete = false;
      return undefined;
    }
    this.#session.secrets.collect(value);
    return valueDocument(value, name, base);
  }

  async #read(location: string, from: Origin | undefined): Promise<ConfigDocument | undefined> {
    const session = this.#session;
    const name = isURL(location) ? showURL(location) : session.nameOf(location);
    if (isModuleFile(isURL(location) ? new URL(location).pathname : location)) {
      if (!isURL(location)) return this.#readModule(location, name, from);
      this.#fail(
        from,
        name,
        "code from the network",
        "a YAML or JSON configuration: modules are read from files only",
      );
      return undefined;
    }
    const result = await session.readText(location);
    if (result.failure !== undefined) {
      const found = from ? `${JSON.stringify(name)}, ${result.failure}` : result.failure;
      this.#fail(from, name, found, "a configuration in YAML or JSON, or a module");
      return undefined;
    }
    const json = /\.jsonc?$/i.test(isURL(location) ? new URL(location).pathname : location);
    // Loaded on use: a start without a file does without it.
    const { readSource } = await import("./source.ts");
    const document = await readSource(
      { text: result.text, name, base: baseOf(location), json },
      location,
      session,
    );
    if (!("failure" in document)) return document;
    this.#fail(from, name, document.failure, "a configuration in YAML or JSON");
    return undefined;
  }

  async #extend(name: string, origin: Origin, chain: readonly string[]): Promise<void> {
    const reference = readReference(name, this.#session.registry.presets, origin.document.base);
    const identity = identityOf(reference);
    if (chain.includes(identity)) {
      this.#failAt(origin, name, "which extends itself", "presets that do not extend each other in a circle");
      return;
    }
    if (this.#done.has(identity)) return;
    this.#done.add(identity);
    if (this.#done.size > mostDocuments) {
      this.#failAt(origin, name, "one preset too many", `at most ${mostDocuments} presets`);
      return;
    }
    const document = await this.#readPreset(reference, name, origin);
    if (!document) {
      this.complete = false;
      return;
    }
    await this.extend(document, [...chain, identity]);
    this.push(document);
  }

  #readPreset(reference: Reference, name: string, origin: Origin): Promise<ConfigDocument | undefined> {
    switch (reference.kind) {
      case "builtin":
        return this.#readBuiltin(reference.name);
      case "file":
        return this.read(reference.path, origin);
      case "url":
        return this.read(reference.url, origin);
      case "package":
        return this.#readPackage(name, origin);
      case "nowhere":
        this.#failAt(origin, name, "a path that starts from nowhere", "an absolute path");
        return Promise.resolve(undefined);
    }
  }

  async #readBuiltin(name: string): Promise<ConfigDocument | undefined> {
    const module = await this.#session.registry.presets[name]?.();
    return module && this.#evaluate(module.default, `preset ${name}`, this.#session.cwd);
  }

  async #readPackage(name: string, origin: Origin): Promise<ConfigDocument | undefined> {
    const { base } = origin.document;
    const directory = base === undefined || isURL(base) ? this.#session.cwd : base;
    try {
      return await this.#evaluate(await loadPackage(name, directory), name, directory);
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error;
      const expected = "a preset: a built-in name, an installed package, ./path or URL";
      this.#failAt(
        origin,
        name,
        error.message,
        expected,
        suggest(name, Object.keys(this.#session.registry.presets)),
      );
      return undefined;
    }
  }

  async #readModule(
    path: string,
    name: string,
    from: Origin | undefined,
  ): Promise<ConfigDocument | undefined> {
    await this.#session.note(path);
    try {
      return await this.#evaluate(await loadFile(path), name, baseOf(path));
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error;
      const { line, column, absent, message } = error;
      if (absent && from) {
        this.#failAt(from, name, message, "a configuration in YAML or JSON, or a module");
        return undefined;
      }
      const place = line !== undefined && { line, column: column ?? 1 };
      this.#session.problems.push({
        path: [],
        file: name,
        ...place,
        found: message,
        expected: "a module that loads",
      });
      return undefined;
    }
  }

  /** What a module exports is a configuration, a preset, or a function that yields a configuration. */
  async #evaluate(exported: unknown, name: string, base: string): Promise<ConfigDocument | undefined> {
    const { load } = (exported ?? {}) as Partial<Preset>;
    let value = exported;
    try {
      if (typeof load === "function") value = await (exported as Preset).load(this.#context());
      else if (typeof exported === "function") value = await (exported as Preset["load"])(this.#context());
    } catch (error) {
      this.#failedPreset(error, name);
      return undefined;
    }
    return this.take(value, name, base);
  }

  #failedPreset(error: unknown, name: string): void {
    if (error instanceof ConfigError) {
      for (const problem of error.problems) this.#session.problems.push(problem);
      return;
    }
    const message = error instanceof Error ? error.message.split("\n")[0] : "something that is no error";
    this.#fail(undefined, name, `an error: ${message}`, "a configuration");
  }

  #context(): PresetContext {
    const { cwd, env, log } = this.#session;
    const readFile = async (path: string): Promise<string | undefined> => {
      const result = await this.#session.readText(isURL(path) ? path : resolve(cwd, path));
      if (result.failure === undefined) return result.text;
      if (result.absent) return undefined;
      throw new Error(`cannot read ${path}: found ${result.failure}`);
    };
    return { cwd, env, log, readFile };
  }

  /** The names in a document's `extends`, and where each stands. */
  #extended(document: ConfigDocument): { name: string; origin: Origin }[] {
    const { extends: value } = (document.value ?? {}) as { extends?: unknown };
    if (value === undefined || value === null) return [];
    const whole = child({ document, path: [] }, "extends");
    const entries = Array.isArray(value)
      ? value.map((name: unknown, index) => ({ name, origin: child(whole, index) }))
      : [{ name: value, origin: whole }];
    return entries.flatMap(({ name, origin }) => {
      if (typeof name === "string" && name) return [{ name, origin }];
      const found = typeof name === "string" ? '""' : `a ${typeof name}`;
      this.#session.problems.push({
        ...placeOf(origin),
        found,
        expected: "presets: names, packages, paths or URLs",
      });
      return [];
    });
  }

  #fail(from: Origin | undefined, file: string | undefined, found: string, expected: string): void {
    const place = from ? placeOf(from) : { path: [], ...(file !== undefined && { file }) };
    this.#session.problems.push({ ...place, found, expected });
  }

  #failAt(origin: Origin, name: string, what: string, expected: string, hint?: string): void {
    const found = `${JSON.stringify(name)}, ${what}`;
    this.#session.problems.push({ ...placeOf(origin), found, expected, ...(hint && { hint }) });
  }
}
