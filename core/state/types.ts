import type { Storage } from "unstorage";

export interface StateOptions {
  /** Where state lives. Default `memory`. Only `redis` is shared by several processes. */
  driver?: "memory" | "fs" | "redis";
  /** fs: the directory; it is made when missing. One process a directory. */
  path?: string;
  /**
   * redis: `redis://` or, over TLS, `rediss://`; credentials and database number as usual in the URL.
   * `redis+cluster://host,host` (`rediss+cluster:`): nodes of a Redis Cluster. `redis+sentinel://host,host/master`:
   * sentinels, and what they call the master; `?sentinelPassword=` where they want one.
   */
  url?: string;
  /** redis: PEM files for TLS: authorities to trust beside or instead of the known ones, and a certificate of our own. */
  tls?: { ca?: string; cert?: string; key?: string };
  /** redis: what every key begins with. Default `sluice`. */
  prefix?: string;
  /** redis: ms without an answer after which Redis counts as away. Default 250. */
  commandTimeout?: number;
  /**
   * fs: ms between two snapshots of the counters, while they change. Default 1000. Many counters are written more
   * seldom: once a second for every 15,000 of them.
   */
  snapshotInterval?: number;
}

export interface StateEvents {
  /** Redis is away, or the fs directory cannot be written. Once per outage; the error holds no secret. */
  onLost?(error: Error): void;
  /** It is back. Once per return. */
  onRestored?(): void;
  /** Something was dropped, but all goes on: a corrupt snapshot, a write that no bounded store could keep. */
  onWarning?(message: string): void;
}

export interface State {
  /** fs: what is written lies on a disk, in the clear. */
  driver: NonNullable<StateOptions["driver"]>;
  /** unstorage over the chosen driver. Only Redis honours a `ttl` (seconds) given to `setItem`. */
  storage: Storage;
  counters: Counters;
  cursors: Cursors;
  board: Board;
  /** Whether other processes see the same state: true for redis, also while it is away. */
  shared: boolean;
  /** False from `onLost` to `onRestored`. */
  healthy(): boolean;
  /** Writes what is not written yet and lets go of connections and timers. Never throws. */
  close(): Promise<void>;
}

/**
 * Small notes that all processes see: that a target rests, say. Reading is immediate, from this process's copy; what
 * others write arrives soon after. Meant for thousands of short notes, not for more; none may hold a secret.
 */
export interface Board {
  /** The note under a key; undefined where there is none, or its time is over. */
  get(key: string): string | undefined;
  /** @param ttl ms until it goes by itself */
  set(key: string, value: string, ttl: number): void;
  delete(key: string): void;
  entries(prefix: string): Iterable<readonly [key: string, value: string]>;
  /** Told of every change, this process's own too; `undefined` for what was taken down, not for what ran out. */
  onChange(listener: (key: string, value: string | undefined) => void): () => void;
  /** Resolves when what others wrote before is here, or cannot be had. Where there are no others, there is none. */
  load?(): Promise<void>;
}

/** Counts turns, so that who takes turns goes on where the last one stopped, in whatever process that was. */
export interface Cursors {
  /** Yields 0, 1, 2, … for each name; a name that was not asked for in a long time may begin anew. */
  next(name: string): number | Promise<number>;
}

/** One sliding window that a call must fit into. */
export interface Window {
  /** Who or what is counted. The same key with another length is another counter. */
  key: string;
  /** How much fits into the window. 0 refuses everything, `Infinity` nothing. */
  limit: number;
  /** The window's length, ms; meant for 1 second to a year. */
  window: number;
  /**
   * What this call takes, at least 0. 0 asks for any room at all and reserves nothing. Fractions add up as
   * floating point does: where that matters, count in a small unit (say, millionths of a dollar).
   */
  amount: number;
}

export interface WindowState {
  used: number;
  limit: number;
  /** Never below 0. */
  remaining: number;
  /**
   * ms. Of a window that refused: until it has room for `amount`. Of one that did not: until its oldest
   * slot leaves, 0 when it is empty.
   */
  resetAfter: number;
}

export interface TakeResult {
  allowed: boolean;
  /** The index of the window that refuses longest, -1 when none does. */
  refused: number;
  /** ms until every window has room, 0 when allowed; the window's length where the amount can never fit. */
  retryAfter: number;
  /** The time of the take on the counters' clock, ms; `settle` wants it back. */
  at: number;
  /** In the order of the windows asked for. */
  windows: WindowState[];
}

/** A correction of what a take charged to one window. */
export interface Settlement {
  key: string;
  window: number;
  /** `TakeResult.at` of the take. */
  at: number;
  /** What was really used, less what was taken; may be negative. */
  delta: number;
}

/**
 * Atomic counters. In memory (drivers memory and fs) they answer synchronously; over Redis with a promise,
 * and synchronously while Redis is away. They throw RangeError for a length of time that is none; nothing else.
 */
export interface Counters {
  /**
   * All or nothing: when every window has room, each is charged its amount, else none is. A window is cut
   * into 60 slots and a slot counts until all of it lies outside, so no stretch of the window's length ever
   * holds more than the limit, and room comes back at most a sixtieth of the window late.
   */
  take(windows: readonly Window[]): TakeResult | Promise<TakeResult>;
  /**
   * Corrects what a take reserved by what was really used, in the slot where it was charged; never below 0.
   * Where that slot has left its window, there is nothing to correct.
   */
  settle(entries: readonly Settlement[]): void | Promise<void>;
  /** What `take` would answer, without charging. */
  peek(windows: readonly Window[]): TakeResult | Promise<TakeResult>;
  /**
   * Adds to a plain counter and answers its value. A counter begins at 0 and is forgotten `ttl` ms after
   * its first increment, whatever comes later. It shares no names with windows.
   */
  increment(key: string, by: number, ttl: number): number | Promise<number>;
  /** The value of a plain counter, 0 when there is none. */
  get(key: string): number | Promise<number>;
  /** For tests and the admin: forgets windows and counters whose key starts with the prefix; all by default. */
  clear(prefix?: string): void | Promise<void>;
}
