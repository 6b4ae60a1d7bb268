const MAX_ITEMS = 10_000;
/** In UTF-16 units, keys and values together. */
const MAX_LENGTH = 16 * 1024 * 1024;
/** Longer values are not worth their room. */
const MAX_VALUE = 1024 * 1024;

export interface LocalItem {
  /** null: removed. */
  value: string | null;
  /** ms since the epoch, or Infinity. */
  expires: number;
}

/** Items kept in this process, bounded in number and size: the longest untouched goes first. */
export interface LocalItems {
  get(key: string): LocalItem | undefined;
  set(key: string, item: LocalItem): void;
  delete(key: string): void;
  keys(): string[];
  entries(): [string, LocalItem][];
}

/** @param onDrop told of each item that found no room, or lost it */
export function createLocalItems(onDrop: (key: string) => void = () => {}): LocalItems {
  const items = new Map<string, LocalItem>();
  let length = 0;

  function remove(key: string): void {
    const item = items.get(key);
    if (!item) return;
    items.delete(key);
    length -= size(key, item);
  }

  return {
    get(key) {
      const item = items.get(key);
      if (!item) return undefined;
      if (item.expires <= Date.now()) {
        remove(key);
        return undefined;
      }
      // A Map keeps the order of insertion: what is read moves to the end.
      items.delete(key);
      items.set(key, item);
      return item;
    },
    set(key, item) {
      remove(key);
      if ((item.value?.length ?? 0) > MAX_VALUE) return onDrop(key);
      items.set(key, item);
      length += size(key, item);
      while (items.size > MAX_ITEMS || length > MAX_LENGTH) {
        const oldest = items.keys().next().value!;
        remove(oldest);
        onDrop(oldest);
      }
    },
    delete: remove,
    keys: () => [...items.keys()],
    entries: () => [...items],
  };
}

function size(key: string, { value }: LocalItem): number {
  return key.length + (value?.length ?? 0);
}
