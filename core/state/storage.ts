import { createStorage, type Driver, type Storage } from "unstorage";

/** Keys removed at once by `clear`. */
const BATCH = 100;

/**
 * A storage over one driver (memory by default). unstorage's own `clear` with a base looks for drivers mounted
 * below that base and so leaves the items of this one; here it removes them.
 */
export function openStorage(driver?: Driver): Storage {
  const storage = createStorage(driver ? { driver } : {});
  const clearAll = storage.clear;
  storage.clear = async (base, options) => {
    if (!base) return clearAll("", options);
    const keys = await storage.getKeys(base);
    for (let i = 0; i < keys.length; i += BATCH) {
      await Promise.all(keys.slice(i, i + BATCH).map((key) => storage.removeItem(key, options)));
    }
  };
  return storage;
}
