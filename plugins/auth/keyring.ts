import { createCaller, type KnownCaller } from "./callers.ts";
import { keyName, ownKeyPrefix } from "./keys.ts";
import type { KeyConfig } from "../../core/index.ts";

/** How many callers with keys of their own are remembered. */
const ownCallersKept = 10_000;
/** Longer ones are computed anew each time, so that what is remembered stays small. */
const ownKeyKept = 512;

/**
 * Finds the caller of a key without telling, by the time it takes, how much of a key was guessed right.
 *
 * A key that is seen for the first time is looked up by its SHA-256: what the lookup compares is a digest,
 * and whoever guesses cannot choose its bytes. The digest is asynchronous and takes some 20 µs, so keys
 * that were found are remembered as they came. That second Map tells nothing either: V8 hashes the whole
 * string with a seed of the process and compares only strings of one hash, and no guess is ever put into it.
 */
export class Keyring {
  readonly #byDigest = new Map<string, KnownCaller>();
  /** At most as many as there are keys. */
  readonly #verified = new Map<string, KnownCaller>();
  readonly #own = new Map<string, KnownCaller>();
  readonly #aliases: ReadonlyMap<string, string>;

  private constructor(aliases: ReadonlyMap<string, string>) {
    this.#aliases = aliases;
  }

  /** @param keys Known to be sound (see `keyProblems`). */
  static async create(keys: readonly KeyConfig[], aliases: ReadonlyMap<string, string>): Promise<Keyring> {
    const ring = new Keyring(aliases);
    for (const [i, { key, name: _, ...rules }] of keys.entries()) {
      ring.#byDigest.set(await digest(key), createCaller(keyName(keys[i]!, i), rules, aliases));
    }
    return ring;
  }

  /** The caller of a key that was verified before. */
  known(key: string): KnownCaller | undefined {
    return this.#verified.get(key);
  }

  /** The caller of a key, or undefined when it is not one of ours. */
  async verify(key: string): Promise<KnownCaller | undefined> {
    const known = this.#verified.get(key);
    if (known || this.#own.has(key)) return known;
    const caller = this.#byDigest.get(await digest(key));
    if (caller) this.#verified.set(key, caller);
    return caller;
  }

  /** A caller who brought a key of its own, by a name that is the same in every process and tells nothing of the key. */
  async own(key: string): Promise<KnownCaller> {
    const remembered = this.#own.get(key);
    if (remembered) return remembered;
    const hash = await digest(`a caller's own key\0${key}`);
    const caller = { ...createCaller(ownKeyPrefix + hash.slice(0, 16), {}, this.#aliases), ownKey: true };
    this.#remember(key, caller);
    return caller;
  }

  #remember(key: string, caller: KnownCaller): void {
    if (key.length > ownKeyKept) return;
    if (this.#own.size >= ownCallersKept) this.#own.delete(this.#own.keys().next().value ?? "");
    this.#own.set(key, caller);
  }
}

const encoder = new TextEncoder();

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
