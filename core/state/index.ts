import { systemClock } from "../clock.ts";
import { createLocalBoard } from "./board.ts";
import { createLocalCursors } from "./cursors.ts";
import { createMemoryCounters } from "./memory.ts";
import { openStorage } from "./storage.ts";
import { crowdWarning } from "./sweep.ts";
import type { Clock } from "../clock.ts";
import type { State, StateEvents, StateOptions } from "./types.ts";

export type * from "./types.ts";

/**
 * Opens the state that the configuration asks for. With Redis it resolves whether or not Redis is there.
 * @param clock Time of what is kept in memory; files and Redis go by the machine's.
 * @throws Error, naming the option at fault, when the options make no state or the directory cannot be written
 */
export async function createState(
  options: StateOptions = {},
  events: StateEvents = {},
  clock: Clock = systemClock,
): Promise<State> {
  const driver = options.driver ?? "memory";
  // The drivers are loaded on use: ioredis alone would cost a start that does without it.
  if (driver === "redis") return (await import("./redis.ts")).openRedis(options, events);
  if (driver === "fs") return (await import("./fs.ts")).openFs(options, events);
  if (driver === "memory") return createMemoryState(events, clock);
  throw new Error(`state.driver: expected memory, fs or redis, found ${JSON.stringify(driver)}`);
}

/**
 * Where the options put the state. A configuration that leaves it in its place keeps the state that is open, and with
 * it what is counted; a new `snapshotInterval` then waits for the next start.
 */
export function stateKey({
  driver = "memory",
  path,
  url,
  tls,
  prefix,
  commandTimeout,
}: StateOptions = {}): string {
  if (driver === "redis") return JSON.stringify([driver, url, tls, prefix, commandTimeout]);
  return driver === "fs" ? `${driver} ${path}` : driver;
}

function createMemoryState(events: StateEvents, clock: Clock): State {
  const now = (): number => clock.now();
  return {
    driver: "memory",
    storage: openStorage(),
    counters: createMemoryCounters(now, () => events.onWarning?.(crowdWarning)),
    cursors: createLocalCursors(),
    board: createLocalBoard(now),
    shared: false,
    healthy: () => true,
    close: async () => {},
  };
}
