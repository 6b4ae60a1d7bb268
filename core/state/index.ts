import { createMemoryCounters } from "./memory.ts";
import { openStorage } from "./storage.ts";
import type { State, StateEvents, StateOptions } from "./types.ts";

export type * from "./types.ts";

/**
 * Opens the state that the configuration asks for. With Redis it resolves whether or not Redis is there.
 * @throws Error, naming the option at fault, when the options make no state or the directory cannot be written
 */
export async function createState(options: StateOptions = {}, events: StateEvents = {}): Promise<State> {
  const driver = options.driver ?? "memory";
  // The drivers are loaded on use: ioredis alone would cost a start that does without it.
  if (driver === "redis") return (await import("./redis.ts")).openRedis(options, events);
  if (driver === "fs") return (await import("./fs.ts")).openFs(options, events);
  if (driver === "memory") return createMemoryState();
  throw new Error(`state.driver: expected memory, fs or redis, found ${JSON.stringify(driver)}`);
}

function createMemoryState(): State {
  return {
    storage: openStorage(),
    counters: createMemoryCounters(),
    shared: false,
    healthy: () => true,
    close: async () => {},
  };
}
