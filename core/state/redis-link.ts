import type { Redis } from "ioredis";
import type { StateEvents } from "./types.ts";

/** ms between two attempts to connect, at most. */
const MAX_DELAY = 1000;
/** ms that a broken connection gets to close by itself. */
export const DISCONNECT_TIMEOUT = 100;

/** What must happen before Redis is used again after an outage, or for the first time. */
export interface Rejoin {
  /** Brings back what was kept here; calls go on here meanwhile. A rejection means: not yet. */
  catchUp(): Promise<void>;
  /**
   * Sends, without waiting, what came up during `catchUp`. Redis is in use from this moment: whatever is sent
   * later runs later, since one connection keeps its order.
   */
  switchOver(): void;
}

/** The one connection, and whether it can be relied on. */
export interface Link {
  up(): boolean;
  /** Bounds the time of a command. */
  within<T>(command: Promise<T>): Promise<T>;
  /** A command failed: Redis counts as away until it has been reconnected and caught up with. */
  fail(error: unknown): void;
  /** `remote` while Redis is there; `local` while it is away, and when `remote` finds that it is. */
  run<T>(remote: () => T | Promise<T>, local: () => T): Promise<T>;
  /** Resolves when Redis is in use, or its first outage was reported. */
  start(rejoin: readonly Rejoin[]): Promise<void>;
  close(): Promise<void>;
}

export interface Backoff {
  next(): number;
  reset(): void;
}

/** Growing delays between attempts, from 50 ms to 1 s, until `reset`. */
export function createBackoff(): Backoff {
  let failures = 0;
  return { next: () => Math.min(50 * 2 ** failures++, MAX_DELAY), reset: () => void (failures = 0) };
}

/**
 * Whether Redis refused a command for what it said (a wrong type, a bad argument). Anything else, such as no
 * memory, no permission, a replica that takes no writes, is taken for an outage.
 */
export function isFault(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError" && /^(ERR|WRONGTYPE)\b/.test(error.message);
}

/**
 * @param name what Redis is called before people
 * @param timeout ms without an answer after which Redis counts as away
 */
export function createLink(
  client: Redis,
  name: string,
  timeout: number,
  backoff: Backoff,
  events: StateEvents,
): Link {
  let up = false;
  let lost = false;
  let closed = false;
  let connection = 0;
  let lastError: unknown;
  let handshake: ReturnType<typeof setTimeout> | undefined;
  let rejoins: readonly Rejoin[] = [];
  let start: (() => void) | undefined;
  const started = new Promise<void>((resolve) => (start = resolve));

  function down(error: unknown): void {
    up = false;
    if (!lost && !closed) {
      lost = true;
      events.onLost?.(describe(name, error));
    }
    start?.();
  }

  function fail(error: unknown): void {
    if (!up) return;
    down(error);
    // Answers that come late, or never, must not be mistaken for those of later commands' time.
    client.disconnect(true);
  }

  async function rejoin(): Promise<void> {
    clearTimeout(handshake);
    const mine = ++connection;
    try {
      for (const one of rejoins) await one.catchUp();
    } catch (error) {
      if (mine !== connection || closed) return;
      down(error);
      client.disconnect(true);
      return;
    }
    if (mine !== connection || closed || client.status !== "ready") return;
    up = true;
    for (const one of rejoins) one.switchOver();
    backoff.reset();
    lastError = undefined;
    if (lost) events.onRestored?.();
    lost = false;
    start?.();
  }

  client.on("connect", () => {
    clearTimeout(handshake);
    handshake = setTimeout(() => {
      lastError = new Error(`no answer within ${timeout * 2} ms of connecting`);
      client.disconnect(true);
    }, timeout * 2);
  });
  client.on("ready", () => void rejoin());
  client.on("error", (error: Error) => {
    // That one only says that commands were given up when the connection closed.
    if (error.name === "MaxRetriesPerRequestError") return;
    lastError = error;
    // Who first looks for the master may look for long, without any connection that closes.
    if (!up) down(error);
  });
  client.on("close", () => {
    clearTimeout(handshake);
    connection++;
    down(lastError ?? new Error("connection closed"));
  });

  const within = <T>(command: Promise<T>) => bounded(command, timeout);

  return {
    up: () => up,
    within,
    fail,
    async run(remote, local) {
      if (!up) return local();
      try {
        return await within(Promise.resolve(remote()));
      } catch (error) {
        if (isFault(error)) throw error;
        fail(error);
        return local();
      }
    },
    start(all) {
      rejoins = all;
      return started;
    },
    async close() {
      closed = true;
      // QUIT is answered after all that was sent before it.
      if (up) await within(client.quit()).catch(() => {});
      up = false;
      clearTimeout(handshake);
      if (client.status !== "end") client.disconnect();
    },
  };
}

function bounded<T>(command: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer = setTimeout(() => {
      // One more turn of the event loop: when this process itself was busy, the answer waits to be read.
      timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), 10);
    }, ms);
    command.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** A new error: those of ioredis carry the command's arguments, a password among them. */
function describe(name: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message || error.name : String(error);
  return new Error(`${name} is away: ${reason}`);
}
