import type { GatewayContext } from "../../core/index.ts";
import { decodeEntry, encodeEntry } from "./entry.ts";
import type { StoredAnswer } from "./entry.ts";

type Storage = GatewayContext["state"]["storage"];

export interface StoreOptions {
  /** ms that an answer is kept. */
  ttl: number;
  /** Answers, and bytes of them, that a memory or fs state keeps; the oldest go first. */
  maxEntries: number;
  maxTotal: number;
}

/** Where answers are kept. Neither function rejects: a state that fails costs hits, not calls. */
export interface Store {
  get(key: string): Promise<StoredAnswer | undefined>;
  set(key: string, answer: StoredAnswer): Promise<void>;
}

/** What is in a storage that forgets nothing by itself, oldest first. */
interface Index {
  sizes: Map<string, { size: number; expires: number }>;
  total: number;
}

const base = "cache:";

/** One index a storage: a reload makes new plugins over the same state. */
const indexes = new WeakMap<Storage, Promise<Index>>();

/** Opens the store over the gateway's state. A shared one (Redis) drops what is too old by itself. */
export function openStore({ state, log }: GatewayContext, options: StoreOptions): Store {
  const { storage } = state;
  const warn = failureWarner(log);

  function index(): Promise<Index> {
    const known = indexes.get(storage);
    if (known) return known;
    const loading = loadIndex(storage, options.ttl);
    indexes.set(storage, loading);
    // Or one failure would be remembered for ever.
    loading.catch(() => indexes.delete(storage));
    return loading;
  }

  async function forget(index: Index, key: string): Promise<void> {
    index.total -= index.sizes.get(key)?.size ?? 0;
    index.sizes.delete(key);
    await storage.removeItem(key);
  }

  /** Takes out what is too old, then the oldest until the rest fits. */
  async function makeRoom(index: Index): Promise<void> {
    const now = Date.now();
    for (const [key, { expires }] of index.sizes) {
      const fits = index.sizes.size <= options.maxEntries && index.total <= options.maxTotal;
      if (fits && expires > now) break;
      await forget(index, key);
    }
  }

  async function read(key: string): Promise<StoredAnswer | undefined> {
    const bytes = await storage.getItemRaw<Uint8Array>(key);
    if (!(bytes instanceof Uint8Array)) return undefined;
    const answer = decodeEntry(bytes);
    return answer && answer.expires > Date.now() ? answer : undefined;
  }

  async function write(key: string, answer: StoredAnswer): Promise<void> {
    const bytes = encodeEntry(answer);
    if (state.shared) {
      await storage.setItemRaw(key, bytes, { ttl: Math.ceil(options.ttl / 1000) });
      return;
    }
    const known = await index();
    await storage.setItemRaw(key, bytes);
    known.total += bytes.byteLength - (known.sizes.get(key)?.size ?? 0);
    // Anew, so that it stands at the end.
    known.sizes.delete(key);
    known.sizes.set(key, { size: bytes.byteLength, expires: answer.expires });
    await makeRoom(known);
  }

  return {
    get: (key) => read(base + key).catch(warn),
    set: (key, answer) => write(base + key, answer).catch(warn),
  };
}

/** What an earlier process left in the storage. */
async function loadIndex(storage: Storage, ttl: number): Promise<Index> {
  const index: Index = { sizes: new Map(), total: 0 };
  const found: { key: string; size: number; time: number }[] = [];
  for (const key of await storage.getKeys(base)) {
    const { mtime, size } = await storage.getMeta(key);
    found.push({ key, size: typeof size === "number" ? size : 0, time: mtime?.getTime() ?? Date.now() });
  }
  for (const { key, size, time } of found.sort((one, other) => one.time - other.time)) {
    index.sizes.set(key, { size, expires: time + ttl });
    index.total += size;
  }
  return index;
}

const warnEvery = 10_000;

/** Tells of a failing state, at most every ten seconds. */
function failureWarner(log: GatewayContext["log"]): (error: unknown) => undefined {
  let warnedAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (Date.now() - warnedAt >= warnEvery) {
      warnedAt = Date.now();
      log.warn(`cache: the state failed, calls go on without the cache: ${(error as Error).message}`);
    }
    return undefined;
  };
}
