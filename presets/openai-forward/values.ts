import { addressRange } from "../../core/index.ts";
import type { Reader } from "./reader.ts";
import { describe, isBlank } from "./reader.ts";
import { routePath } from "./limits.ts";
import type { Place, Settings } from "./settings.ts";

/** How openai-forward reads an upstream. Here bytes go on as they come, and a pace counts stream events. */
export const chunkTypes = ["efficiency", "one-by-one", "precision"] as const;

/** Seconds → ms. */
export function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1000);
}

/** Addresses, or ranges of them. */
export function readAddresses(reader: Reader, place: Place, value: unknown): string[] {
  return reader.list(place, value).flatMap((item) => reader.checked(place, item, addressRange) ?? []);
}

/** Default `fixed-window`. */
export function readStrategy(reader: Reader, place: Place, value: unknown): Settings["strategy"] {
  const word = typeof value === "string" ? value.replaceAll("_", "-") : value;
  const strategy = reader.oneOf(place, word, [
    "fixed-window",
    "fixed-window-elastic-expiry",
    "moving-window",
  ]);
  if (strategy === "fixed-window-elastic-expiry") {
    reader.warn(
      `${String(place.at(-1))}: fixed-window-elastic-expiry is not honoured; the windows are fixed ones`,
    );
  }
  return strategy === "moving-window" ? "sliding" : "fixed";
}

/** The URL of the Redis that counts requests; undefined for memory, or where the store is not one we know. */
export function readRedis(reader: Reader, place: Place, value: unknown): string | undefined {
  const backend = reader.text(place, value)?.replace(/^async\+/, "");
  if (backend === undefined || /^memory(:\/\/)?$/i.test(backend)) return undefined;
  if (/^rediss?:\/\//.test(backend) && URL.canParse(backend)) return backend;
  if (/^(redis\+|memcached|mongodb|etcd)/i.test(backend)) {
    reader.warn(
      `${String(place.at(-1))}: ${describe(backend)} is not honoured; requests are counted in memory`,
    );
  } else reader.problem(place, describe(backend), "memory, or a URL such as redis://localhost:6379");
  return undefined;
}

/** Which paths are cached; the chats and embeddings where nothing is said of it. */
export function cacheRoutes(
  reader: Reader,
  place: Place,
  value: unknown,
  routes: Settings["routes"],
): string[] {
  if (isBlank(value)) return [routes.chat, routes.embedding];
  const listed = reader.items(place, value, '["/v1/chat/completions"]');
  return reader.list(place, listed).map(routePath);
}

/** Where cached answers are kept so that they outlive a restart; undefined: in memory. */
export function cacheDirectory(
  reader: Reader,
  backend: { place: Place; value: unknown },
  root: { place: Place; value: unknown },
): string | undefined {
  const kind = reader.oneOf(backend.place, backend.value, ["memory", "lmdb", "leveldb"]);
  const directory = reader.text(root.place, root.value);
  if (kind === undefined || kind === "memory") return undefined;
  if (directory !== undefined && /^[a-z]+:\/\//i.test(directory)) {
    reader.warn(`${String(root.place.at(-1))}: a cache server is not honoured; answers are kept in memory`);
    return undefined;
  }
  return directory ?? "./FLAXKV_DB";
}
