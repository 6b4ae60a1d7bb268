import type { Config } from "../../config/schema.ts";
import { rateLimits } from "./rates.ts";
import type { Settings } from "./settings.ts";
import { mapAccess } from "./upstreams.ts";

/** The Sluice configuration that does what openai-forward does with these settings. */
export function toConfig(settings: Settings): Config {
  const { upstreams, keys, anonymous } = mapAccess(settings);
  const { allow, deny, timeout } = settings;
  const state = mapState(settings);
  const limits = rateLimits(settings);
  const chatLog = mapChatLog(settings);
  const cache = mapCache(settings);
  const models = mapModels(settings);
  return {
    server: { host: "0.0.0.0", port: 8000, ...(timeout !== undefined && { timeouts: { connect: timeout } }) },
    ...(state && { state }),
    upstreams,
    ...(keys.length > 0 && { keys }),
    plugins: [
      "protocols/openai-chat",
      "protocols/openai-completions",
      "request-log",
      ...(chatLog ? [{ "chat-log": chatLog }] : []),
      {
        auth: {
          anonymous,
          passUnknownKeys: true,
          ...(allow.length > 0 && { allow }),
          ...(deny.length > 0 && { deny }),
        },
      },
      ...(limits ? [{ "rate-limit": limits }] : []),
      ...(cache ? [{ cache }] : []),
      "routing",
      { retry: { attempts: 3 } },
      ...(models ? [{ "model-map": models }] : []),
      ...(settings.benchmark ? ["benchmark-echo"] : []),
    ],
  };
}

function mapState({ redis, cache }: Settings): Config["state"] {
  if (redis !== undefined) return { driver: "redis", url: redis };
  return cache.directory !== undefined && isCaching(cache)
    ? { driver: "fs", path: cache.directory }
    : undefined;
}

function isCaching({ openai, general, routes }: Settings["cache"]): boolean {
  return (openai || general) && routes.length > 0;
}

/** Paths behind the prefixes of upstreams of these types, as they come in. */
function pathsOf({ forwards }: Settings, types: readonly string[], routes: readonly string[]): string[] {
  const prefixes = forwards.filter(({ type }) => types.includes(type)).map(({ prefix }) => prefix);
  return prefixes.flatMap((prefix) => routes.map((route) => (prefix === "/" ? route : prefix + route)));
}

function mapChatLog(settings: Settings) {
  const { log, routes } = settings;
  if (!log.openai) return undefined;
  return {
    path: "./Log/chat",
    format: "openai-forward",
    operations: ["chat", "completion", "embeddings"],
    paths: pathsOf(settings, ["openai", "custom"], [...new Set(Object.values(routes))]),
    print: log.print,
  };
}

function mapCache(settings: Settings) {
  const { cache, pool } = settings;
  if (!isCaching(cache)) return undefined;
  const types = [...(cache.openai ? ["openai", "custom"] : []), ...(cache.general ? ["general"] : [])];
  return {
    default: cache.default,
    bodyField: "caching",
    // Callers whom our keys pay for share answers. Those with keys of their own are served what they paid for.
    shared: pool.length > 0,
    ttl: "365d",
    paths: pathsOf(settings, types, cache.routes),
  };
}

function mapModels({ custom, forwards }: Settings) {
  if (custom.length === 0) return undefined;
  const everywhere = forwards.filter(({ type }) => type === "openai").map(({ prefix }) => prefix);
  return {
    maps: custom.map(({ baseURL, models, prefix }) => ({
      baseURL,
      models: Object.fromEntries(models),
      prefixes: prefix === undefined ? everywhere : [prefix],
    })),
  };
}
