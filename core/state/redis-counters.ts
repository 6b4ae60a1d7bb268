import { assertLength } from "./memory.ts";
import { createMirror, type PlainChange, type WindowChange } from "./mirror.ts";
import { isFault, type Link, type Rejoin } from "./redis-link.ts";
import type { ScriptClient } from "./redis-scripts.ts";
import type { Counters, Settlement, TakeResult, Window } from "./types.ts";

/** Keys a merge script gets: it must not hold up the other users of Redis. */
const BATCH = 50;
/** Catching up goes over to Redis when no more keys than this changed meanwhile, or after so many passes. */
const RESIDUE = 500;
const PASSES = 5;

/**
 * Counters in Redis, and in a mirror of them while Redis is away.
 * @param prefix what every key begins with
 * @param clock for tests: replaces the time of Redis
 */
export function createRedisCounters(
  client: ScriptClient,
  link: Link,
  prefix: string,
  clock?: () => number,
): Counters & Rejoin {
  const mirror = createMirror(clock);
  const time = () => clock?.() ?? "";
  const windowKey = ({ key, window }: { key: string; window: number }) => `${prefix}:window:${key}:${window}`;
  const plainKey = (key: string) => `${prefix}:counter:${key}`;

  async function remoteTake(windows: readonly Window[], charge: boolean): Promise<TakeResult> {
    const args = windows.flatMap(({ window, limit, amount }) => [window, limit, amount]);
    const keys = windows.map(windowKey);
    let result: TakeResult;
    try {
      const reply = client.sluiceTake(keys.length, ...keys, time(), charge ? 1 : 0, ...args);
      result = parseTake(await link.within(reply), windows);
    } catch (error) {
      link.fail(error);
      return charge ? mirror.take(windows, "unsure") : mirror.peek(windows);
    }
    if (link.up()) {
      for (const [i, { key, window }] of windows.entries()) {
        mirror.observe(key, window, result.at, result.windows[i]!.used);
      }
    } else if (charge && result.allowed) {
      mirror.charge(windows, result.at);
    }
    return result;
  }

  async function remoteSettle(entries: readonly Settlement[]): Promise<void> {
    const keys = entries.map(windowKey);
    const args = entries.flatMap(({ window, at, delta }) => [window, at, delta]);
    try {
      const reply = await link.within(client.sluiceSettle(keys.length, ...keys, time(), ...args));
      if (!link.up()) return mirror.settle(entries, "unsure");
      const [at, ...used] = reply.split(" ").map(Number);
      for (const [i, { key, window }] of entries.entries()) mirror.observe(key, window, at!, used[i]!);
    } catch (error) {
      link.fail(error);
      mirror.settle(entries, "unsure");
    }
  }

  async function remoteIncrement(key: string, by: number, ttl: number): Promise<number> {
    try {
      const reply = await link.within(client.sluiceIncrement(1, plainKey(key), by, ttl));
      const [value, left] = reply.split(" ").map(Number);
      if (!link.up()) return mirror.increment(key, by, ttl, "unsure");
      mirror.observePlain(key, value!, left!);
      return value!;
    } catch (error) {
      link.fail(error);
      return mirror.increment(key, by, ttl, "unsure");
    }
  }

  async function remoteGet(key: string): Promise<number> {
    try {
      return Number(await link.within(client.get(plainKey(key)))) || 0;
    } catch (error) {
      if (isFault(error)) return 0;
      link.fail(error);
      return mirror.get(key);
    }
  }

  async function clear(prefixOfKeys = ""): Promise<void> {
    mirror.clear(prefixOfKeys);
    for (const kind of ["window", "counter"]) await clearMatching(`${prefix}:${kind}:${prefixOfKeys}`);
  }

  async function clearMatching(start: string): Promise<void> {
    if (!link.up()) return;
    const match = `${start.replace(/[*?[\]\\]/g, "\\$&")}*`;
    try {
      let cursor = "0";
      do {
        const [next, keys] = await link.within(client.scan(cursor, "MATCH", match, "COUNT", 1000));
        if (keys.length > 0) await link.within(client.unlink(keys));
        cursor = next;
      } while (cursor !== "0");
    } catch (error) {
      link.fail(error);
    }
  }

  function sendWindows(changes: WindowChange[]): Promise<unknown> {
    const args = changes.flatMap(({ window, slots }) => [window, slots.length / 3, ...slots]);
    return link.within(client.sluiceMerge(changes.length, ...changes.map(windowKey), time(), ...args));
  }

  function sendPlain(changes: PlainChange[]): Promise<unknown> {
    const args = changes.flatMap(({ known, added, ttl }) => [known, added, ttl]);
    return link.within(
      client.sluiceMergePlain(changes.length, ...changes.map(({ key }) => plainKey(key)), ...args),
    );
  }

  /** Brings keys back, a batch at a time, each taken from the mirror at the moment it is sent. */
  function* bringBack(which: "all" | "journalled"): Generator<Promise<unknown>> {
    const { windows, plain } = mirror.keys(which);
    for (const keys of batches(windows)) {
      const changes = mirror.windowChanges(keys).filter(({ slots }) => slots.length > 0);
      if (changes.length > 0) yield sendWindows(changes);
    }
    for (const keys of batches(plain)) {
      const changes = mirror.plainChanges(keys);
      if (changes.length > 0) yield sendPlain(changes);
    }
  }

  return {
    take(windows) {
      if (!link.up()) return mirror.take(windows, "journal");
      for (const { window } of windows) assertLength(window, "window");
      return remoteTake(windows, true);
    },
    peek(windows) {
      if (!link.up()) return mirror.peek(windows);
      for (const { window } of windows) assertLength(window, "window");
      return remoteTake(windows, false);
    },
    settle(entries) {
      const sound = entries.filter(({ at, delta }) => Number.isFinite(delta) && Number.isFinite(at));
      for (const { window } of sound) assertLength(window, "window");
      if (sound.length === 0) return;
      return link.up() ? remoteSettle(sound) : mirror.settle(sound, "journal");
    },
    increment(key, by, ttl) {
      assertLength(ttl, "ttl");
      const amount = Number.isFinite(by) ? by : 0;
      return link.up() ? remoteIncrement(key, amount, ttl) : mirror.increment(key, amount, ttl, "journal");
    },
    get: (key) => (link.up() ? remoteGet(key) : mirror.get(key)),
    clear,
    async catchUp() {
      // A Redis that answers but takes no writes (full, a replica) is no use yet.
      await link.within(client.set(`${prefix}:alive`, "1", "PX", 60_000));
      for (const sent of bringBack("all")) await sent;
      for (let pass = 1; pass < PASSES; pass++) {
        const { windows, plain } = mirror.keys("journalled");
        if (windows.length + plain.length <= RESIDUE) return;
        for (const sent of bringBack("journalled")) await sent;
      }
    },
    switchOver() {
      for (const sent of bringBack("journalled")) sent.catch(link.fail);
    },
  };
}

function parseTake(reply: string, windows: readonly Window[]): TakeResult {
  const numbers = reply.split(" ").map(Number);
  const [at, refused, retryAfter] = numbers as [number, number, number];
  return {
    allowed: refused < 0,
    refused,
    retryAfter,
    at,
    windows: windows.map(({ limit }, i) => {
      const used = numbers[3 + i * 2]!;
      return { used, limit, remaining: Math.max(0, limit - used), resetAfter: numbers[4 + i * 2]! };
    }),
  };
}

function* batches<T>(all: readonly T[]): Generator<T[]> {
  for (let i = 0; i < all.length; i += BATCH) yield all.slice(i, i + BATCH);
}
