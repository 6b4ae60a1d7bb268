import type { Driver } from "unstorage";
import redisDriver from "unstorage/drivers/redis";
import type { Redis } from "ioredis";
import { nameOf, readRedisAddress } from "./redis-address.ts";
import { RedisBoard } from "./redis-board.ts";
import { clientOptions } from "./redis-client.node.ts";
import { createRedisCounters } from "./redis-counters.ts";
import { createRedisCursors } from "./redis-cursors.ts";
import { createBackoff, createLink, type Link, type Rejoin } from "./redis-link.ts";
import { withScripts } from "./redis-scripts.ts";
import { createRedisStorage } from "./redis-storage.ts";
import { openStorage } from "./storage.ts";
import type { State, StateEvents, StateOptions } from "./types.ts";

/**
 * State in Redis (5 or later; one server, a Cluster, or a master that sentinels know of). Resolves also when Redis is
 * not there: then it begins with an outage. One connection serves unstorage's driver, which makes it, and all else
 * but what the board hears.
 * @param clock for tests: replaces the time of Redis in the counters
 * @throws Error when the URL is missing or none of Redis; it never holds the URL, which may hold a password
 */
export async function openRedis(
  options: StateOptions,
  events: StateEvents,
  clock?: () => number,
): Promise<State> {
  const address = readRedisAddress(options.url);
  const prefix = prefixFor(address.kind, options.prefix ?? "sluice");
  const backoff = createBackoff();
  const warn = (message: string): void => events.onWarning?.(message);
  const remote: Driver = redisDriver({
    ...(await clientOptions(address, options, prefix, backoff)),
    base: `${prefix}:storage`,
    scanCount: 1000,
  });
  const client = withScripts(remote.getInstance!() as Redis);
  gatherWrites(client);
  const link = createLink(client, nameOf(address), options.commandTimeout ?? 250, backoff, events);
  const counters = createRedisCounters(client, link, prefix, clock);
  const board = new RedisBoard(client, link, prefix, warn);
  const { driver, rejoin } = createRedisStorage(remote, link, warn);
  await link.start([database(client, link), rejoin, counters, board]);
  return {
    driver: "redis",
    storage: openStorage(driver),
    counters,
    cursors: createRedisCursors(client, link, prefix),
    board,
    shared: true,
    healthy: link.up,
    close() {
      board.close();
      return link.close();
    },
  };
}

/** In a cluster all keys must lie in one slot, or a take could not be atomic: that of the prefix. */
function prefixFor(kind: string, prefix: string): string {
  return kind !== "cluster" || /\{[^}]+\}/.test(prefix) ? prefix : `{${prefix}}`;
}

/** Has what is sent in one turn leave in one piece: the limits and the turn that a call asks for, say. */
function gatherWrites(client: Redis): void {
  const send = client.sendCommand.bind(client);
  let gathering = false;
  client.sendCommand = (command, stream) => {
    // ioredis's own; there is none before it connects.
    const { stream: socket } = client as unknown as { stream?: { cork(): void; uncork(): void } };
    if (!gathering && socket) {
      gathering = true;
      socket.cork();
      // After the promises of this turn: a call that was just read sends from several of them.
      setImmediate(() => {
        gathering = false;
        socket.uncork();
      });
    }
    return send(command, stream);
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
