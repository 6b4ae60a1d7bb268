import { isAbsolute, relative } from "node:path";
import type { ConfigProblem } from "../core/config-error.ts";
import type { Log } from "../core/context.ts";
import type { Plugin } from "../core/plugin.ts";
import type { Reading } from "./document.ts";
import type { Env } from "./env.ts";
import type { Format } from "./foreign.ts";
import type { Preset } from "./preset.ts";
import { readRemote } from "./remote.ts";
import type { RemoteText } from "./remote.ts";
import { Secrets } from "./secrets.ts";
import { readText, signatureOf } from "./text.ts";
import type { TextResult } from "./text.ts";

/** Named modules, loaded when a configuration names them. */
export interface Registry {
  plugins: Record<string, () => Promise<{ default: Plugin }>>;
  /** Providers that a plugin of another name adds, and that plugin. */
  providers: Record<string, string>;
  presets: Record<string, () => Promise<{ default: Preset }>>;
  /** Shapes of other gateways' files. */
  formats: readonly Format[];
}

/** What the reading of one configuration shares, and what it leaves behind: mistakes, files, texts of URLs. */
export class Session implements Reading {
  readonly cwd: string;
  readonly registry: Registry;
  readonly log: Log;
  env: Env = {};
  readonly problems: ConfigProblem[] = [];
  readonly secrets = new Secrets();
  /** What was looked for, by absolute path, as it was just before it was read. */
  readonly signatures = new Map<string, string>();
  /** What was read from URLs, now and in the reading before. */
  readonly remotes: Map<string, RemoteText>;
  /** URLs that this configuration was read from. */
  readonly urls = new Set<string>();
  /** Those of them that could not be read. */
  readonly away = new Set<string>();

  constructor(init: {
    cwd: string;
    registry: Registry;
    log: Log;
    remotes?: Map<string, RemoteText> | undefined;
  }) {
    this.cwd = init.cwd;
    this.registry = init.registry;
    this.log = init.log;
    this.remotes = init.remotes ?? new Map();
  }

  /** A path as messages name it: from the working directory where it lies in there. */
  nameOf(path: string): string {
    const name = relative(this.cwd, path);
    return name.startsWith("..") || isAbsolute(name) ? path : name;
  }

  /** Remembers that the configuration depends on a file. To be called before it is read. */
  async note(path: string): Promise<void> {
    this.signatures.set(path, await signatureOf(path));
  }

  /** Reads a file or a URL, and remembers that it did. Never throws. */
  async readText(location: string): Promise<TextResult> {
    if (isURL(location)) return this.#readURL(location);
    await this.note(location);
    return readText(location);
  }

  async #readURL(url: string): Promise<TextResult> {
    this.urls.add(url);
    const result = await readRemote(url, this.remotes.get(url));
    if (result.failure === undefined) {
      const { unchanged: _, ...remote } = result;
      this.remotes.set(url, remote);
    } else this.away.add(url);
    return result;
  }
}

export function isURL(location: string): boolean {
  return /^https?:\/\//i.test(location) && URL.canParse(location);
}
