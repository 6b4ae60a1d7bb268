import type { Driver } from "unstorage";
import { isFault, type Link, type Rejoin } from "./redis-link.ts";
import { createLocalItems, type LocalItem } from "./local-items.ts";

/** Writes sent at once when Redis returns. */
const BATCH = 100;

/**
 * unstorage's Redis driver, made to survive outages: reads then come from a bounded copy of what was last read
 * or written here and else miss; writes are kept, bounded too, and sent when Redis returns (the last writer
 * wins). `clear` in an outage removes what is known here; keys that only Redis knows of stay.
 */
export function createRedisStorage(
  remote: Driver,
  link: Link,
  warn: (message: string) => void,
): { driver: Driver; rejoin: Rejoin } {
  const copy = createLocalItems();
  const writes = createLocalItems((key) => warn(`Redis is away and too much was written: dropped ${key}`));

  function read(key: string): string | null {
    return (writes.get(key) ?? copy.get(key))?.value ?? null;
  }

  function keep(key: string, value: unknown): void {
    if (typeof value === "string") copy.set(key, { value, expires: Number.POSITIVE_INFINITY });
    else copy.delete(key);
  }

  function keys(): string[] {
    const all = new Set([...copy.keys(), ...writes.keys()]);
    return [...all].filter((key) => read(key) !== null);
  }

  function keepWrite(key: string, item: LocalItem): void {
    // Or a write that expires here would uncover what was there before.
    copy.delete(key);
    writes.set(key, item);
  }

  async function write(key: string, item: LocalItem): Promise<void> {
    await link.run(
      async () => {
        await send(remote, key, item);
        copy.set(key, item);
      },
      () => keepWrite(key, item),
    );
  }

  /** Sends what was written here; what cannot be sent stays. */
  async function replay(entries: readonly [string, LocalItem][]): Promise<void> {
    await Promise.all(
      entries.map(async ([key, item]) => {
        try {
          await link.within(send(remote, key, item));
        } catch (error) {
          if (!isFault(error)) throw error;
          warn(`Redis refused what was written while it was away: dropped ${key}`);
        }
        copy.set(key, item);
        // Unless it was written again meanwhile.
        if (writes.get(key) === item) writes.delete(key);
      }),
    );
  }

  const driver: Driver = {
    name: "redis",
    options: remote.options,
    getInstance: remote.getInstance,
    hasItem: (key, options) =>
      link.run(
        () => remote.hasItem(key, options),
        () => read(key) !== null,
      ),
    getItem: (key, options) =>
      link.run(
        async () => {
          const value = await remote.getItem(key, options);
          keep(key, value);
          return value;
        },
        () => read(key),
      ),
    getItems: (items, options) =>
      link.run(
        async () => {
          const found = (await remote.getItems?.(items, options)) ?? [];
          for (const { key, value } of found) keep(key, value);
          return found;
        },
        () => items.map(({ key }) => ({ key, value: read(key) })),
      ),
    setItem: (key, value, options) => write(key, { value, expires: expiry(options?.ttl) }),
    removeItem: (key) => write(key, { value: null, expires: Number.POSITIVE_INFINITY }),
    getKeys: (base, options) => link.run(() => remote.getKeys(base, options), keys),
    clear: (base, options) =>
      link.run(
        async () => {
          await remote.clear?.(base, options);
          for (const key of copy.keys()) if (key.startsWith(base ?? "")) copy.delete(key);
        },
        () => {
          const gone: LocalItem = { value: null, expires: Number.POSITIVE_INFINITY };
          for (const key of keys()) if (key.startsWith(base ?? "")) keepWrite(key, gone);
        },
      ),
  };

  return {
    driver,
    rejoin: {
      async catchUp() {
        const entries = writes.entries();
        for (let i = 0; i < entries.length; i += BATCH) await replay(entries.slice(i, i + BATCH));
      },
      switchOver() {
        replay(writes.entries()).catch(link.fail);
      },
    },
  };
}

async function send(remote: Driver, key: string, { value, expires }: LocalItem): Promise<void> {
  if (value === null) return remote.removeItem?.(key, {});
  if (expires === Number.POSITIVE_INFINITY) return remote.setItem?.(key, value, {});
  const ttl = Math.ceil((expires - Date.now()) / 1000);
  return ttl > 0 ? remote.setItem?.(key, value, { ttl }) : remote.removeItem?.(key, {});
}

/** @param ttl seconds, as unstorage's Redis driver wants them; what is no such number means for ever */
function expiry(ttl: unknown): number {
  return typeof ttl === "number" && ttl > 0 ? Date.now() + ttl * 1000 : Number.POSITIVE_INFINITY;
}
