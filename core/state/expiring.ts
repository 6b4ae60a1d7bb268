import { normalizeKey } from "unstorage";
import { indexOf, knownIndex } from "./item-index.ts";
import type { ItemIndex } from "./item-index.ts";
import type { State } from "./types.ts";

/** How values that are no JSON are written; the bytes hold the end of the value, too. */
export interface BytesFormat<T> {
  /** @param expires ms since the epoch */
  encode(value: T, expires: number): Uint8Array;
  /** Undefined for bytes that are none of its own, such as a file half written. */
  decode(bytes: Uint8Array): { value: T; expires: number } | undefined;
}

export interface ExpiringOptions<T> {
  /** What every key begins with, such as `reasoning:`. One kind of value has one. */
  base: string;
  /** ms that a value is kept. */
  ttl: number;
  /** Bytes of one value; a longer one is not kept. */
  maxSize?: number;
  /** Values, and bytes of them, that a memory or fs state keeps; the oldest go first. Redis keeps all until their end. */
  maxEntries?: number;
  maxTotal?: number;
  /** Default JSON. */
  format?: BytesFormat<T>;
}

/**
 * Values that are forgotten after a time. Over Redis it forgets them itself; elsewhere this does, without a timer:
 * when the next one is written.
 */
export interface ExpiringStore<T> {
  get(key: string): Promise<T | undefined>;
  /** @param ttl ms, where it is another than the store's; what is over already is not kept */
  set(key: string, value: T, ttl?: number): Promise<void>;
  delete(key: string): Promise<void>;
}

/** Opens a store over the gateway's state. Its functions reject as the state's storage does. */
export function openExpiring<T>(state: State, options: ExpiringOptions<T>): ExpiringStore<T> {
  return new Expiring(state, options);
}

const unlimited = Number.POSITIVE_INFINITY;

class Expiring<T> implements ExpiringStore<T> {
  readonly #storage: State["storage"];
  readonly #shared: boolean;
  readonly #options: ExpiringOptions<T>;

  constructor({ storage, shared }: State, options: ExpiringOptions<T>) {
    this.#storage = storage;
    this.#shared = shared;
    this.#options = options;
  }

  async get(key: string): Promise<T | undefined> {
    const place = this.#place(key);
    const { format } = this.#options;
    const entry = format
      ? decoded(format, await this.#storage.getItemRaw<unknown>(place))
      : await this.#storage.getItem<{ value: T; expires: number }>(place);
    return entry && entry.expires > Date.now() ? entry.value : undefined;
  }

  async set(key: string, value: T, ttl = this.#options.ttl): Promise<void> {
    const { base, format, maxSize = unlimited, maxTotal = unlimited } = this.#options;
    const expires = Date.now() + ttl;
    const data = format ? format.encode(value, expires) : JSON.stringify({ expires, value });
    const size = sizeOf(data);
    // Nor one that would push out all others and then itself.
    if (ttl <= 0 || size > maxSize || (!this.#shared && size > maxTotal)) return this.delete(key);
    const place = this.#place(key);
    if (this.#shared) return this.#write(place, data, { ttl: Math.ceil(ttl / 1000) });
    const index = await indexOf(this.#storage, base, this.#options.ttl);
    await this.#write(place, data);
    index.add(place, { size, expires });
    await this.#makeRoom(index);
  }

  async delete(key: string): Promise<void> {
    const place = this.#place(key);
    const known = this.#shared ? undefined : knownIndex(this.#storage, this.#options.base);
    // One that could not be loaded knows of nothing.
    const index = await known?.catch(() => undefined);
    if (index) await this.#remove(index, place);
    else await this.#storage.removeItem(place);
  }

  /** As the storage lists it, or an item would be in the index twice. */
  #place(key: string): string {
    return normalizeKey(this.#options.base + key);
  }

  #write(place: string, data: string | Uint8Array, options?: { ttl: number }): Promise<void> {
    return typeof data === "string"
      ? this.#storage.setItem(place, data, options)
      : this.#storage.setItemRaw(place, data, options);
  }

  /** Takes out those of the oldest that are over, then the oldest until the rest fits. */
  async #makeRoom(index: ItemIndex): Promise<void> {
    const { maxEntries = unlimited, maxTotal = unlimited } = this.#options;
    const now = Date.now();
    for (const [place, { expires }] of index.entries()) {
      const fits = index.count <= maxEntries && index.total <= maxTotal;
      if (fits && expires > now) return;
      await this.#remove(index, place);
    }
  }

  /** Out of the index first: what is written there meanwhile stays in it. */
  async #remove(index: ItemIndex, place: string): Promise<void> {
    const item = index.remove(place);
    try {
      await this.#storage.removeItem(place);
    } catch (error) {
      if (item && !index.has(place)) index.add(place, item);
      throw error;
    }
  }
}

function decoded<T>(format: BytesFormat<T>, bytes: unknown): { value: T; expires: number } | undefined {
  return bytes instanceof Uint8Array ? format.decode(bytes) : undefined;
}

function sizeOf(data: string | Uint8Array): number {
  return typeof data === "string" ? new TextEncoder().encode(data).byteLength : data.byteLength;
}
