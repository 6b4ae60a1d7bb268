import type { State } from "./types.ts";

export interface ExpiringOptions {
  /** What every key begins with, such as `reasoning:`. */
  base: string;
  /** ms that an entry is kept. */
  ttl: number;
  /** Entries that a memory or fs state keeps; the oldest go first. */
  maxEntries: number;
}

/** JSON values that are forgotten after a time. Over Redis it forgets them itself; elsewhere this does, without a timer. */
export interface ExpiringStore<T> {
  get(key: string): Promise<T | undefined>;
  set(key: string, value: T): Promise<void>;
  delete(key: string): Promise<void>;
}

interface Entry<T> {
  expires: number;
  value: T;
}

/** Opens a store over the gateway's state. Its functions reject as the state's storage does. */
export function openExpiring<T>({ storage, shared }: State, options: ExpiringOptions): ExpiringStore<T> {
  const { base, ttl, maxEntries } = options;
  /** Keys in the order of their writing, for a storage that forgets nothing by itself. */
  let written: Promise<Set<string>> | undefined;

  async function keys(): Promise<Set<string>> {
    // What an earlier process left in a directory counts too.
    written ??= storage.getKeys(base).then((found) => new Set(found.map((key) => key.slice(base.length))));
    return written;
  }

  async function read(key: string): Promise<T | undefined> {
    const entry = await storage.getItem<Entry<T>>(base + key);
    return entry && entry.expires > Date.now() ? entry.value : undefined;
  }

  async function remove(key: string): Promise<void> {
    if (!shared) (await keys()).delete(key);
    await storage.removeItem(base + key);
  }

  /** Takes out the oldest until the rest fits, and those of the oldest that are over. */
  async function makeRoom(known: Set<string>): Promise<void> {
    for (const key of known) {
      if (known.size <= maxEntries && (await read(key)) !== undefined) return;
      await remove(key);
    }
  }

  return {
    get: read,
    delete: remove,
    async set(key, value) {
      const entry: Entry<T> = { expires: Date.now() + ttl, value };
      if (shared) {
        await storage.setItem(base + key, entry, { ttl: Math.ceil(ttl / 1000) });
        return;
      }
      const known = await keys();
      await storage.setItem(base + key, entry);
      known.delete(key);
      known.add(key);
      await makeRoom(known);
    },
  };
}
