import type { Driver } from "unstorage";
import redisDriver from "unstorage/drivers/redis";
import type { Redis } from "ioredis";
import { createRedisCounters } from "./redis-counters.ts";
import { createBackoff, createLink, DISCONNECT_TIMEOUT, type Link, type Rejoin } from "./redis-link.ts";
import { createRedisStorage } from "./redis-storage.ts";
import { openStorage } from "./storage.ts";
import type { State, StateEvents, StateOptions } from "./types.ts";

/**
 * State in Redis (5 or later, one server, no Cluster). Resolves also when Redis is not there: then it begins
 * with an outage. One connection serves unstorage's driver, which makes it, and the counters.
 * @param clock for tests: replaces the time of Redis in the counters
 * @throws Error when the URL is missing or none of Redis; it never holds the URL, which may hold a password
 */
export async function openRedis(
  options: StateOptions,
  events: StateEvents,
  clock?: () => number,
): Promise<State> {
  assertUrl(options.url);
  const prefix = options.prefix ?? "sluice";
  const timeout = options.commandTimeout ?? 250;
  const backoff = createBackoff();
  const remote: Driver = redisDriver({
    url: options.url,
    base: `${prefix}:storage`,
    connectTimeout: Math.max(1000, timeout * 4),
    disconnectTimeout: DISCONNECT_TIMEOUT,
    maxLoadingRetryTime: 1000,
    keepAlive: 30_000,
    disableClientInfo: true,
    scanCount: 1000,
    retryStrategy: backoff.next,
    // Nothing is sent later than asked: what fails is done here at once, and doing it twice would count twice.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  });
  const client = remote.getInstance!() as Redis;
  const link = createLink(client, timeout, backoff, events);
  const counters = createRedisCounters(client, link, prefix, clock);
  const { driver, rejoin } = createRedisStorage(remote, link, (message) => events.onWarning?.(message));
  await link.start([database(client, link), rejoin, counters]);
  return {
    storage: openStorage(driver),
    counters,
    shared: true,
    healthy: link.up,
    close: link.close,
  };
}

/** ioredis goes on in database 0 when the server refuses the one asked for; here that is an outage. */
function database(client: Redis, link: Link): Rejoin {
  const { db = 0 } = client.options;
  return {
    async catchUp() {
      if (db !== 0) await link.within(client.select(db));
    },
    switchOver() {},
  };
}

function assertUrl(url: string | undefined): asserts url is string {
  const expected = "expected redis://[user:password@]host[:port][/database], or rediss:// for TLS";
  if (!url) throw new Error(`state.url: ${expected}, found none`);
  if (!isRedisUrl(url)) throw new Error(`state.url: ${expected}, found something else`);
}

function isRedisUrl(url: string): boolean {
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url)) return false;
  const { hostname, pathname, username, password } = new URL(url);
  return hostname !== "" && /^\/?\d*$/.test(pathname) && isEncoded(username) && isEncoded(password);
}

/** A `%` in a password is written `%25`. */
function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
