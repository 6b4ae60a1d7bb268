import type { Storage } from "unstorage";

export interface StateOptions {
  /** Where state lives. Default `memory`. Only `redis` is shared by several processes. */
  driver?: "memory" | "fs" | "redis";
  /** fs: the directory; it is made when missing. One process a directory. */
  path?: string;
  /** redis: `redis://` or, over TLS, `rediss://`; credentials and database number as usual in the URL. */
  url?: string;
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
  /** unstorage over the chosen driver. Only Redis honours a `ttl` (seconds) given to `setItem`. */
  storage: Storage;
  counters: Counters;
  /** Whether other processes see the same state: true for redis, also while it is away. */
  shared: boolean;
  /** False from `onLost` to `onRestored`. */
  healthy(): boolean;
  /** Writes what is not written yet and lets go of connections and timers. Never throws. */
  close(): Promise<void>;
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
