import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { dirname } from "node:path";
import { ConfigError } from "../core/config-error.ts";
import { attemptLoad, attemptOf } from "./load.ts";
import type { Attempt, LoadedConfig } from "./load.ts";
import { readRemote } from "./remote.ts";
import { isEmptied, signatureOf } from "./text.ts";

export interface WatchOptions {
  /** A changed configuration without mistakes. What it throws goes to `onError`. */
  onChange(loaded: LoadedConfig): void | Promise<void>;
  /** A changed configuration with mistakes, or a URL out of reach: a ConfigError. The old one stays. */
  onError(error: Error): void;
  /** How often URLs are read again, ms; 0: never. Default: the configuration's `reloadInterval`. */
  interval?: number;
  /** How often files are looked at, in case that the file system tells nothing, ms. Default 2000. */
  pollInterval?: number;
}

export interface Watcher {
  /** Stops watching. A reading that is under way ends without a callback. */
  close(): void;
  /** Reads everything again now, changed or not. Resolves when the callback is through. */
  trigger(): Promise<void>;
}

/** A file that is being written is read once it has been left alone for so long, ms. */
const settleTime = 100;
/** One that is never left alone is read after so many looks. */
const mostLooks = 20;

/**
 * Watches what a configuration was read from: files through their directories, so that files which are
 * replaced, appear, or lie behind a swapped link are seen; URLs by asking again. Keeps no process alive.
 */
export function watchConfig(loaded: LoadedConfig, options: WatchOptions): Watcher {
  const watcher = new ConfigWatcher(loaded, options);
  return { close: () => watcher.close(), trigger: () => watcher.trigger() };
}

class ConfigWatcher {
  readonly #options: WatchOptions;
  #loaded: LoadedConfig;
  /** The last reading, failed or not: what it depends on is watched. */
  #last: Attempt;
  readonly #directories = new Map<string, FSWatcher>();
  #looking: NodeJS.Timeout | undefined;
  #asking: NodeJS.Timeout | undefined;
  readonly #polling: NodeJS.Timeout;
  readonly #closing = new AbortController();
  /** One thing at a time. */
  #work: Promise<void> = Promise.resolve();

  constructor(loaded: LoadedConfig, options: WatchOptions) {
    this.#options = options;
    this.#loaded = loaded;
    const unknown: Attempt = { signatures: new Map(), urls: new Set(), away: new Set(), remotes: new Map() };
    this.#last = attemptOf(loaded) ?? unknown;
    this.#polling = setInterval(() => this.#enqueue(() => this.#look()), options.pollInterval ?? 2000);
    this.#polling.unref();
    this.#watchDirectories();
    this.#scheduleAsking();
  }

  close(): void {
    this.#closing.abort();
    clearInterval(this.#polling);
    clearTimeout(this.#looking);
    clearTimeout(this.#asking);
    for (const watched of this.#directories.values()) watched.close();
    this.#directories.clear();
  }

  trigger(): Promise<void> {
    return this.#enqueue(() => this.#load());
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work
      .then(() => (this.#closed ? undefined : work()))
      .catch((error: unknown) => this.#fail(error));
    return this.#work;
  }

  /** Loads when a file changed, once its writer is through: half a file may be a configuration too. */
  async #look(): Promise<void> {
    const known = this.#last.signatures;
    let now = await this.#signatures();
    if (stringify(now) === stringify(known)) return;
    for (let looks = 0; looks < mostLooks && !this.#closed; looks++) {
      await new Promise((resolve) => setTimeout(resolve, settleTime));
      const before = now;
      now = await this.#signatures();
      if (stringify(now) === stringify(before) && !isBeingWritten(known, now)) break;
    }
    await this.#load();
  }

  async #signatures(): Promise<Map<string, string>> {
    const now = new Map<string, string>();
    for (const path of this.#last.signatures.keys()) now.set(path, await signatureOf(path));
    return now;
  }

  /** Asks the URLs for changes, and loads when there are some, or when one went away or came back. */
  async #ask(): Promise<void> {
    const { urls, remotes, away } = this.#last;
    let changed = false;
    for (const url of urls) {
      const answer = await readRemote(url, remotes.get(url), this.#closing.signal);
      const failed = answer.failure !== undefined;
      changed ||= failed ? !away.has(url) : away.has(url) || !answer.unchanged;
    }
    if (changed) await this.#load();
    this.#scheduleAsking();
  }

  async #load(): Promise<void> {
    if (this.#closed) return;
    const attempt = await attemptLoad(this.#loaded.options, this.#last.remotes);
    if (this.#closed) return;
    this.#last = attempt;
    this.#watchDirectories();
    if (!attempt.loaded) {
      this.#fail(attempt.error);
      return;
    }
    if (attempt.loaded.fallback && !this.#loaded.fallback) {
      this.#fail(fileGone(this.#loaded));
      return;
    }
    this.#loaded = attempt.loaded;
    this.#scheduleAsking();
    await this.#options.onChange(attempt.loaded);
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    try {
      this.#options.onError(error instanceof Error ? error : new Error(String(error)));
    } catch {
      // There is nobody left to tell; the watching must go on.
    }
  }

  #scheduleAsking(): void {
    clearTimeout(this.#asking);
    const interval = this.#options.interval ?? this.#loaded.reloadInterval;
    if (this.#closed || interval <= 0 || this.#last.urls.size === 0) return;
    this.#asking = setTimeout(() => void this.#enqueue(() => this.#ask()), interval);
    this.#asking.unref();
  }

  #watchDirectories(): void {
    const wanted = new Set([...this.#last.signatures.keys()].map((path) => dirname(path)));
    for (const [directory, watched] of this.#directories) {
      if (wanted.has(directory)) continue;
      watched.close();
      this.#directories.delete(directory);
    }
    for (const directory of wanted) if (!this.#directories.has(directory)) this.#watchDirectory(directory);
  }

  #watchDirectory(directory: string): void {
    const giveUp = (): void => {
      this.#directories.get(directory)?.close();
      this.#directories.delete(directory);
    };
    try {
      const watched = watch(directory, { persistent: false }, () => this.#lookSoon());
      // Polling goes on where the system cannot watch: too many watches, a directory that is gone.
      watched.on("error", giveUp);
      this.#directories.set(directory, watched);
    } catch {
      giveUp();
    }
  }

  /** Many events make one look; the first of them decides when, lest a busy directory puts it off forever. */
  #lookSoon(): void {
    if (this.#closed || this.#looking) return;
    this.#looking = setTimeout(() => {
      this.#looking = undefined;
      void this.#enqueue(() => this.#look());
    }, settleTime);
    this.#looking.unref();
  }
}

/** Whether a file was emptied since: its writer is not through, or it was emptied for good. */
function isBeingWritten(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): boolean {
  return [...now].some(([path, signature]) => isEmptied(signature) && before.get(path) !== signature);
}

/** Without its file a search comes to the demo, which serves nobody's models. */
function fileGone({ source }: LoadedConfig): ConfigError {
  return new ConfigError([{ path: [], file: source, found: "no file", expected: "the configuration" }]);
}

function stringify(signatures: ReadonlyMap<string, string>): string {
  return JSON.stringify([...signatures]);
}
