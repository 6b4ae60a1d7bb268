import { isAlias, isMap, isScalar, isSeq, parse } from "yaml";
import type { Alias, Node, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import type { ConfigProblem } from "../core/config-error.ts";
import { showBraces } from "./braces.ts";
import type { Path, Reading } from "./document.ts";
import { substitute } from "./env.ts";
import { isSecretPath } from "./secrets.ts";
import { suggest } from "./suggest.ts";

/** What the texts, lists and maps of a document may come to once its aliases are followed. */
const mostNodes = 500_000;

interface Read {
  value: unknown;
  /** How many nodes it holds with its aliases followed. */
  size: number;
}

type Report = (offset: number, problem: ConfigProblem) => void;

/**
 * Turns YAML nodes into values: follows aliases and merge keys, puts in variables, and reports what is wrong
 * with the place of each. An alias shares the value of its anchor, and what all aliases come to is bounded, so
 * that a small text cannot stand for a huge one.
 */
export class YAMLReader {
  /** How else a variable's text could be read: by node. */
  readonly otherReadings = new WeakMap<Node, unknown>();
  readonly #reading: Reading;
  readonly #report: Report;
  readonly #anchors = new Map<string, { node: Node; read: Read | undefined }>();
  readonly #targets = new WeakMap<Alias, Node>();
  readonly #pairs = new WeakMap<YAMLMap, Map<string, Pair>>();
  readonly #plain: boolean;
  #json = false;
  #tooLarge = false;

  /** @param plain No variables are put in. */
  constructor(reading: Reading, report: Report, plain = false) {
    this.#reading = reading;
    this.#report = report;
    this.#plain = plain;
  }

  /** The value of a whole document; undefined for an empty one, or one that is too large. */
  read(node: Node | null, json: boolean): unknown {
    this.#json = json;
    const { value } = this.#read(node, []);
    return this.#tooLarge ? undefined : value;
  }

  /** Whether it held more than is read. */
  get tooLarge(): boolean {
    return this.#tooLarge;
  }

  /** The node itself, or the one that an alias stands for. */
  target(node: Node | null): Node | null {
    return isAlias(node) ? (this.#targets.get(node) ?? null) : node;
  }

  /** The pair that gives a map's key its value: its own, or a merged one. */
  pairOf(map: YAMLMap, name: string): Pair | undefined {
    const own = this.#pairs.get(map)?.get(name);
    if (own) return own;
    for (const { key, value } of map.items) {
      if (!isMergeKey(key)) continue;
      for (const source of this.#sources(value as Node | null)) {
        const found = this.pairOf(source, name);
        if (found) return found;
      }
    }
    return undefined;
  }

  #read(node: Node | null, path: Path): Read {
    if (this.#tooLarge || node === null) return { value: null, size: 1 };
    if (isAlias(node)) return this.#readAlias(node, path);
    const anchor = (node as Scalar).anchor;
    const entry = { node, read: undefined as Read | undefined };
    if (anchor) this.#anchors.set(anchor, entry);
    const read = this.#readPlain(node, path);
    entry.read = read;
    if (read.size > mostNodes && !this.#tooLarge) {
      this.#tooLarge = true;
      this.#fail(node, path, "too many values", `at most ${mostNodes}, with what aliases stand for`);
    }
    return read;
  }

  #readPlain(node: Node, path: Path): Read {
    if (isScalar(node)) return { value: this.#readScalar(node, path), size: 1 };
    if (isSeq(node)) return this.#readList(node, path);
    if (isMap(node)) return this.#readMap(node, path);
    return { value: null, size: 1 };
  }

  #readAlias(alias: Alias, path: Path): Read {
    const entry = this.#anchors.get(alias.source);
    if (entry?.read) {
      this.#targets.set(alias, entry.node);
      return entry.read;
    }
    const found = `an alias ${entry ? "to what it stands in" : "without an anchor before it"}`;
    this.#fail(alias, path, found, `an alias to an &anchor that was complete before it`);
    return { value: null, size: 1 };
  }

  #readList(list: YAMLSeq, path: Path): Read {
    const value: unknown[] = [];
    let size = 1;
    for (const [index, item] of list.items.entries()) {
      const read = this.#read(item as Node | null, [...path, index]);
      value.push(read.value);
      size += read.size;
    }
    return { value, size };
  }

  #readMap(map: YAMLMap, path: Path): Read {
    const own = new Map<string, unknown>();
    const merged = new Map<string, unknown>();
    const pairs = new Map<string, Pair>();
    this.#pairs.set(map, pairs);
    let size = 1;
    for (const pair of map.items) {
      const { key, value } = pair;
      const name = keyName(key);
      if (name === undefined) {
        this.#fail(
          (key as Node | null) ?? map,
          path,
          "a key that is a list, a map or an alias",
          "text as a key",
        );
        continue;
      }
      const at = isMergeKey(key) ? path : [...path, name];
      const read = this.#read(value as Node | null, at);
      size += read.size;
      if (isMergeKey(key)) this.#merge(merged, value as Node | null, read.value, path);
      else if (own.has(name))
        this.#fail(key as Node, at, `a second ${JSON.stringify(name)}`, "each key once");
      else {
        own.set(name, read.value);
        pairs.set(name, pair);
      }
    }
    // fromEntries defines: a key named __proto__ is a key like any other.
    return { value: Object.fromEntries([...[...merged].filter(([name]) => !own.has(name)), ...own]), size };
  }

  /** `<<: *base` and `<<: [*one, *two]`; what is named first holds. */
  #merge(into: Map<string, unknown>, node: Node | null, value: unknown, path: Path): void {
    const sources = [value].flat();
    if (!sources.every((source) => typeof source === "object" && source !== null)) {
      if (node)
        this.#fail(node, path, "a merge key (<<) with something else than maps", "a map, or a list of maps");
      return;
    }
    for (const source of sources as object[]) {
      for (const [name, entry] of Object.entries(source)) if (!into.has(name)) into.set(name, entry);
    }
  }

  #sources(node: Node | null): YAMLMap[] {
    const target = this.target(node);
    if (isMap(target)) return [target];
    return isSeq(target) ? target.items.flatMap((item) => this.#sources(item as Node | null)) : [];
  }

  #readScalar(node: Scalar, path: Path): unknown {
    const value = typeof node.value === "string" ? showBraces(node.value) : node.value;
    if (this.#plain || typeof value !== "string" || !value.includes("$")) return value;
    const { text, used, missing, malformed } = substitute(value, this.#reading.env);
    if (malformed !== undefined) {
      this.#fail(
        node,
        path,
        // What follows the brace may be the rest of a password with a brace in it.
        isSecretPath(path) ? '"${…"' : JSON.stringify(malformed),
        "${NAME} or ${NAME:-default}",
        "a dollar itself is written $$",
      );
    }
    for (const name of new Set(missing)) this.#failMissing(node, path, name);
    if (used.length === 0 && text === value) return value;
    return this.#reread(node, text);
  }

  /** A text with variables put in is read as if it had been written: `port: ${PORT}` is a number. */
  #reread(node: Scalar, text: string): unknown {
    const scalar = /^[-+.\w]+$/.test(text) ? (parse(text, { schema: "core" }) as unknown) : text;
    if (typeof scalar !== "number" && typeof scalar !== "boolean" && scalar !== null) return text;
    // JSON cannot say it without quotes, so there the schema decides, as it does for digits that are a key.
    const quoted = node.type !== "PLAIN";
    if (quoted && !this.#json) return text;
    this.otherReadings.set(node, quoted ? scalar : text);
    return quoted ? text : scalar;
  }

  #failMissing(node: Node, path: Path, name: string): void {
    const set = Object.keys(this.#reading.env).filter((known) => this.#reading.env[known] !== undefined);
    const hint = suggest(name, set) ?? `set it in the environment or in .env, or write \${${name}:-default}`;
    this.#fail(node, path, `\${${name}}, which is not set`, `an environment variable ${name}`, hint);
  }

  #fail(node: Node, path: Path, found: string, expected: string, hint?: string): void {
    this.#report(node.range?.[0] ?? 0, { path: [...path], found, expected, ...(hint && { hint }) });
  }
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === "PLAIN" && key.source === "<<";
}

/** A key as it is written: `1.10` is not `1.1`. */
function keyName(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  return showBraces(key.type === "PLAIN" ? (key.source ?? String(key.value)) : String(key.value));
}
