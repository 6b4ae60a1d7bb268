import { groupKeys, levelsInUse } from "./levels.ts";
import type { Settings } from "./settings.ts";

/** What whoever runs the gateway should know of these settings: one line each, without secrets. */
export function warningsOf(settings: Settings): string[] {
  return [...openness(settings), ...levels(settings), ...logs(settings), ...caching(settings)];
}

function openness({ pool, forwardKeys }: Settings): string[] {
  if (forwardKeys.length > 0) return [];
  if (pool.length === 0) {
    return [
      "No keys are configured: whoever reaches this gateway is forwarded, with the key that it brings.",
    ];
  }
  return [
    "OPEN TO EVERYONE: there are keys for the upstreams and no forward keys, so whoever reaches this gateway " +
      "spends those keys without one of its own. Set FORWARD_KEY (in the file, api_key.forward_key).",
  ];
}

function levels(settings: Settings): string[] {
  const { pool, forwardKeys } = settings;
  if (forwardKeys.length === 0) return [];
  const unserved = groupKeys(settings).filter(({ keys }) => keys.length === 0);
  const idle = pool.filter(
    ({ levels }) => levels && !levelsInUse(forwardKeys).some((level) => levels.includes(level)),
  );
  return [
    ...unserved.map(({ levels }) =>
      pool.length === 0
        ? "There are forward keys and no keys for the upstreams: calls with a forward key go out without a key."
        : `No key for the upstreams serves level ${levels.join(", ")}: calls with its forward keys go out without a key.`,
    ),
    ...(idle.length > 0
      ? [`${idle.length} key(s) for the upstreams serve no level that a forward key has, and are not used.`]
      : []),
  ];
}

/** The ends of the paths that OpenAI's protocol knows; calls elsewhere are passed on unread. */
const readable = /\/(?:chat\/completions|completions|embeddings)$/;

function logs({ log, routes, forwards }: Settings): string[] {
  const unread = Object.values(routes).filter((route) => !readable.test(route));
  return [
    ...(log.openai
      ? unread.map((route) => `The calls of ${route} are not logged: it is no path of OpenAI's API.`)
      : []),
    ...(log.print && !log.openai
      ? ["PRINT_CHAT: nothing is printed, as LOG_CHAT or LOG_OPENAI is not set."]
      : []),
    ...(log.general && forwards.some(({ type }) => type === "general")
      ? [
          "LOG_GENERAL: not honoured; calls of general upstreams are in the request log, without their contents.",
        ]
      : []),
  ];
}

function caching({ redis, cache, forwards }: Settings): string[] {
  return [
    ...(cache.general && cache.routes.length > 0 && forwards.some(({ type }) => type === "general")
      ? ["CACHE_GENERAL: of general upstreams only the answers to GET requests are cached."]
      : []),
    ...(redis !== undefined && cache.directory !== undefined && (cache.openai || cache.general)
      ? ["CACHE_BACKEND: cached answers are kept in the Redis that counts requests."]
      : []),
  ];
}
