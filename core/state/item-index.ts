import type { Storage } from "unstorage";

/** What is known of an item without reading it. */
export interface IndexedItem {
  /** Bytes. */
  size: number;
  /** ms since the epoch. */
  expires: number;
}

/** The items under one base of a storage that forgets nothing by itself, oldest first. */
export class ItemIndex {
  readonly #items = new Map<string, IndexedItem>();
  #total = 0;

  get count(): number {
    return this.#items.size;
  }

  /** Bytes of all items. */
  get total(): number {
    return this.#total;
  }

  has(key: string): boolean {
    return this.#items.has(key);
  }

  /** Notes an item as the newest, whether or not it was known. */
  add(key: string, item: IndexedItem): void {
    this.remove(key);
    this.#items.set(key, item);
    this.#total += item.size;
  }

  remove(key: string): IndexedItem | undefined {
    const item = this.#items.get(key);
    this.#items.delete(key);
    this.#total -= item?.size ?? 0;
    return item;
  }

  /** Live: what is added while it is walked through comes last. */
  entries(): Iterable<[string, IndexedItem]> {
    return this.#items;
  }
}

/** One index a storage and base, whoever writes there: a reload makes new plugins over the same state. */
const indexes = new WeakMap<Storage, Map<string, Promise<ItemIndex>>>();

/** The index where it is loaded, or being loaded. */
export function knownIndex(storage: Storage, base: string): Promise<ItemIndex> | undefined {
  return indexes.get(storage)?.get(base);
}

/**
 * The index of what lies under `base`; loaded once. Rejects as the storage does, and is then loaded anew the next time.
 * @param ttl ms that an item of an earlier process is kept, from its last change on
 */
export function indexOf(storage: Storage, base: string, ttl: number): Promise<ItemIndex> {
  const known = knownIndex(storage, base);
  if (known) return known;
  const byBase = indexes.get(storage) ?? new Map<string, Promise<ItemIndex>>();
  indexes.set(storage, byBase);
  const loading = load(storage, base, ttl);
  byBase.set(base, loading);
  // Or one failure would be remembered for ever.
  loading.catch(() => byBase.delete(base));
  return loading;
}

/** Items asked about at once. */
const batch = 64;

/** What an earlier process left, in the order of its writing where the driver tells that. */
async function load(storage: Storage, base: string, ttl: number): Promise<ItemIndex> {
  const keys = await storage.getKeys(base);
  const found: { key: string; size: number; time: number }[] = [];
  for (let at = 0; at < keys.length; at += batch) {
    const some = keys.slice(at, at + batch).map((key) => describe(storage, key));
    found.push(...(await Promise.all(some)));
  }
  const index = new ItemIndex();
  for (const { key, size, time } of found.sort((one, other) => one.time - other.time)) {
    index.add(key, { size, expires: time + ttl });
  }
  return index;
}

async function describe(storage: Storage, key: string) {
  const { mtime, size } = await storage.getMeta(key, { nativeOnly: true });
  return { key, size: typeof size === "number" ? size : 0, time: mtime?.getTime() ?? Date.now() };
}
