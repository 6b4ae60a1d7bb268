import { isFields } from "../../../../core/index.ts";
import type { Fields, GatewayContext } from "../../../../core/index.ts";
import type { KeepOptions } from "./options.ts";

type Storage = GatewayContext["state"]["storage"];

/** One response and what it was given. */
export interface Kept {
  /** The caller's name. */
  caller: string;
  response: Fields;
  /** Its own items; those of the responses before it are theirs. */
  input: Fields[];
  /** Ids of the responses before it, oldest first. */
  chain: string[];
}

interface Entry extends Kept {
  /** ms since the epoch. */
  expires: number;
}

/** Responses that clients may come back to. A caller finds its own only. */
export interface ResponseStore {
  /** Undefined for one that is not kept, or no longer, or is another caller's. */
  get(id: string, caller: string): Promise<Kept | undefined>;
  /** Never rejects: a state that fails costs the next turn, not this one. */
  set(id: string, kept: Kept): Promise<void>;
  delete(id: string): Promise<void>;
}

const base = "responses:";
/** Ids as this gateway makes them; nothing else is looked for, nor becomes a part of a storage's key. */
const madeHere = /^resp_[0-9a-f]{32}$/;

/** What is in a storage that forgets nothing by itself, oldest first. */
interface Index {
  sizes: Map<string, number>;
  total: number;
}

/** One index a storage: a reload makes new plugins over the same state. */
const indexes = new WeakMap<Storage, Promise<Index>>();

/** Opens the store over the gateway's state. */
export function openResponses({ state, log }: GatewayContext, options: KeepOptions): ResponseStore {
  const { storage, shared } = state;
  /** Writes that go on: whoever asks for one waits for it. */
  const writing = new Map<string, Promise<void>>();

  async function write(id: string, kept: Kept): Promise<void> {
    const entry: Entry = { ...kept, expires: Date.now() + options.ttl };
    const text = JSON.stringify(entry);
    if (text.length > options.maxSize) return;
    if (shared) {
      await storage.setItem(base + id, text, { ttl: Math.ceil(options.ttl / 1000) });
      return;
    }
    const index = await indexOf(storage);
    await storage.setItem(base + id, text);
    note(index, id, text.length);
    await makeRoom(index);
  }

  async function remove(id: string): Promise<void> {
    if (!shared) note(await indexOf(storage), id, undefined);
    await storage.removeItem(base + id);
  }

  async function read(id: string): Promise<Entry | undefined> {
    const entry: unknown = await storage.getItem(base + id);
    if (!isFields(entry)) return undefined;
    const { expires } = entry as unknown as Entry;
    return expires > Date.now() ? (entry as unknown as Entry) : undefined;
  }

  /** Takes out those whose time is over, from the oldest on, then the oldest until the rest fits. */
  async function makeRoom(index: Index): Promise<void> {
    for (const id of index.sizes.keys()) {
      if (index.total <= options.maxTotal && (await read(id))) return;
      await remove(id);
    }
  }

  return {
    async get(id, caller) {
      if (!madeHere.test(id)) return undefined;
      await writing.get(id);
      const entry = await read(id);
      return entry?.caller === caller ? entry : undefined;
    },
    set(id, kept) {
      if (!madeHere.test(id)) return Promise.resolve();
      const pending = write(id, kept)
        .catch((error: unknown) => log.warn(`openai-responses: a response was not kept: ${messageOf(error)}`))
        .finally(() => writing.delete(id));
      writing.set(id, pending);
      return pending;
    },
    delete: remove,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Notes an item's size, or that it is gone. What was written last stands last. */
function note(index: Index, id: string, size: number | undefined): void {
  index.total += (size ?? 0) - (index.sizes.get(id) ?? 0);
  index.sizes.delete(id);
  if (size !== undefined) index.sizes.set(id, size);
}

function indexOf(storage: Storage): Promise<Index> {
  const known = indexes.get(storage);
  if (known) return known;
  const loading = loadIndex(storage);
  indexes.set(storage, loading);
  // Or one failure would be remembered for ever.
  loading.catch(() => indexes.delete(storage));
  return loading;
}

/** What an earlier process left in the storage. */
async function loadIndex(storage: Storage): Promise<Index> {
  const index: Index = { sizes: new Map(), total: 0 };
  const found: { id: string; size: number; time: number }[] = [];
  for (const key of await storage.getKeys(base)) {
    const { mtime, size } = await storage.getMeta(key);
    const id = key.slice(base.length);
    found.push({ id, size: typeof size === "number" ? size : 0, time: mtime?.getTime() ?? Date.now() });
  }
  for (const { id, size } of found.sort((one, other) => one.time - other.time)) note(index, id, size);
  return index;
}
