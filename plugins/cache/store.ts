import { openExpiring } from "../../core/index.ts";
import type { BytesFormat, GatewayContext } from "../../core/index.ts";
import { decodeEntry, encodeEntry } from "./entry.ts";
import type { StoredAnswer } from "./entry.ts";

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

/** An answer says itself until when it is served. */
const format: BytesFormat<StoredAnswer> = {
  encode: encodeEntry,
  decode(bytes) {
    const value = decodeEntry(bytes);
    return value && { value, expires: value.expires };
  },
};

/** Opens the store over the gateway's state. */
export function openStore({ state, log }: GatewayContext, options: StoreOptions): Store {
  const { ttl, maxEntries, maxTotal } = options;
  const store = openExpiring(state, { base: "cache:", ttl, maxEntries, maxTotal, format });
  const warn = failureWarner(log);
  return {
    get: (key) => store.get(key).catch(warn),
    set: (key, answer) => store.set(key, answer, answer.expires - Date.now()).catch(warn),
  };
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
