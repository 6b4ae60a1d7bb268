import { proxyURL } from "../../config/values.ts";
import type { Reader } from "./reader.ts";
import { isBlank } from "./reader.ts";
import { checkPrefixes, readCustom, readForwards, readPairs } from "./forwards.ts";
import { checkLevels, mergeKeys, readForwardKeys, readLevelModels, readPool } from "./levels.ts";
import { readLimit, readPace, readRouteLimits, routePath } from "./limits.ts";
import type { Forward, ForwardKey, Place, PoolKey, Settings } from "./settings.ts";
import {
  cacheDirectory,
  cacheRoutes,
  chunkTypes,
  milliseconds,
  readAddresses,
  readRedis,
  readStrategy,
} from "./values.ts";

/** The environment: names and values as a process, or a `.env` file, gives them. */
export type Environment = Record<string, string | undefined>;

const plainLists = ["OPENAI_BASE_URL", "OPENAI_ROUTE_PREFIX", "EXTRA_BASE_URL", "EXTRA_ROUTE_PREFIX"];
const webPage = ["OPENAI_FORWARD_WEBUI", "WEBUI_RESTART_PORT", "WEBUI_LOG_PORT"];
const certificates = ["ssl_keyfile", "ssl_certfile"];

/** What the file says in the variables' place, where there is one. */
export const variables: readonly string[] = [
  ...plainLists,
  ...(
    "FORWARD_CONFIG CUSTOM_MODEL_CONFIG OPENAI_API_KEY OPENAI_API_KEY_CONFIG FORWARD_KEY FORWARD_KEY_CONFIG " +
    "LEVEL_MODELS LOG_CHAT LOG_OPENAI LOG_GENERAL PRINT_CHAT CHAT_COMPLETION_ROUTE COMPLETION_ROUTE " +
    "EMBEDDING_ROUTE REQ_RATE_LIMIT GLOBAL_RATE_LIMIT RATE_LIMIT_STRATEGY REQ_RATE_LIMIT_BACKEND " +
    "TOKEN_RATE_LIMIT TIMEOUT PROXY IP_WHITELIST IP_BLACKLIST BENCHMARK_MODE ITER_CHUNK_TYPE " +
    "DEFAULT_STREAM_RESPONSE CACHE_OPENAI CACHE_GENERAL CACHE_CHAT_COMPLETION CACHE_EMBEDDING CACHE_ROUTES " +
    "CACHE_BACKEND CACHE_ROOT_PATH_OR_URL DEFAULT_REQUEST_CACHING_VALUE"
  ).split(" "),
];

function place(name: string): Place {
  return ["env", name];
}

/** Reads openai-forward's environment variables. */
export function readEnvironment(reader: Reader, env: Environment): Settings {
  const flag = (name: string) => reader.boolean(place(name), env[name]);
  const text = (name: string) => reader.text(place(name), env[name]);
  const addresses = (name: string) => readAddresses(reader, place(name), env[name]);

  const { forwards, custom } = readUpstreams(reader, env);
  const routes = {
    chat: routePath(text("CHAT_COMPLETION_ROUTE") ?? "/v1/chat/completions"),
    completion: routePath(text("COMPLETION_ROUTE") ?? "/v1/completions"),
    embedding: routePath(text("EMBEDDING_ROUTE") ?? "/v1/embeddings"),
  };
  const settings: Settings = {
    forwards,
    custom: [...custom, ...readCustom(reader, place("CUSTOM_MODEL_CONFIG"), env.CUSTOM_MODEL_CONFIG)],
    pool: readKeys(reader, env, "OPENAI_API_KEY", readPool, (key): PoolKey => ({ key, levels: undefined })),
    forwardKeys: readKeys(reader, env, "FORWARD_KEY", readForwardKeys, (key): ForwardKey => ({
      key,
      level: 0,
    })),
    levelModels: readLevelModels(reader, place("LEVEL_MODELS"), env.LEVEL_MODELS),
    log: {
      openai: flag("LOG_OPENAI") ?? flag("LOG_CHAT") ?? false,
      general: flag("LOG_GENERAL") ?? false,
      print: flag("PRINT_CHAT") ?? false,
    },
    routes,
    requestLimits: readRouteLimits(reader, place("REQ_RATE_LIMIT"), env.REQ_RATE_LIMIT, readLimit),
    globalLimit: readLimit(reader, place("GLOBAL_RATE_LIMIT"), env.GLOBAL_RATE_LIMIT),
    strategy: readStrategy(reader, place("RATE_LIMIT_STRATEGY"), env.RATE_LIMIT_STRATEGY),
    redis: readRedis(reader, place("REQ_RATE_LIMIT_BACKEND"), env.REQ_RATE_LIMIT_BACKEND),
    paces: readRouteLimits(reader, place("TOKEN_RATE_LIMIT"), env.TOKEN_RATE_LIMIT, readPace),
    cache: readCache(reader, env, routes),
    timeout: milliseconds(reader.positive(place("TIMEOUT"), env.TIMEOUT)),
    proxy: reader.checked(place("PROXY"), env.PROXY, proxyURL),
    timezone: text("TZ"),
    allow: addresses("IP_WHITELIST"),
    deny: addresses("IP_BLACKLIST"),
    benchmark: flag("BENCHMARK_MODE") ?? false,
  };
  checkLevels(reader, place("LEVEL_MODELS"), settings);
  reader.oneOf(place("ITER_CHUNK_TYPE"), env.ITER_CHUNK_TYPE, chunkTypes);
  warnOfTheRest(reader, env);
  return settings;
}

/** `FORWARD_CONFIG`, or else the older pairs of lists. */
function readUpstreams(reader: Reader, env: Environment) {
  if (!isBlank(env.FORWARD_CONFIG)) {
    const unread = plainLists.filter((name) => !isBlank(env[name]));
    if (unread.length > 0) reader.warn(`${unread.join(", ")}: not read, as FORWARD_CONFIG is set`);
    const upstreams = readForwards(reader, ["env", "FORWARD_CONFIG"], env.FORWARD_CONFIG);
    checkPrefixes(reader, upstreams.forwards, { rootAlone: false });
    return upstreams;
  }
  const or = (name: string, value: string) => ({
    place: place(name),
    value: isBlank(env[name]) ? value : env[name],
  });
  const forwards: Forward[] = [
    ...readPairs(reader, {
      type: "openai",
      baseURLs: or("OPENAI_BASE_URL", "https://api.openai.com"),
      prefixes: or("OPENAI_ROUTE_PREFIX", "/"),
    }),
    ...readPairs(reader, {
      type: "general",
      baseURLs: or("EXTRA_BASE_URL", ""),
      prefixes: or("EXTRA_ROUTE_PREFIX", ""),
    }),
  ];
  checkPrefixes(reader, forwards, { rootAlone: true });
  return { forwards, custom: [] };
}

/** Keys stand in a plain list, in a JSON mapping of the same name, or in one named `…_CONFIG`. */
function readKeys<K extends { key: string }>(
  reader: Reader,
  env: Environment,
  name: string,
  readMapping: (reader: Reader, place: Place, value: unknown) => K[],
  plain: (key: string) => K,
): K[] {
  const mapped = `${name}_CONFIG`;
  const isMapping = /^\s*['"]?\s*\{/.test(env[name] ?? "");
  const listed = isMapping
    ? readMapping(reader, ["env", name], env[name])
    : reader.list(["env", name], env[name]).map(plain);
  return mergeKeys(listed, readMapping(reader, ["env", mapped], env[mapped]));
}

function readCache(reader: Reader, env: Environment, routes: Settings["routes"]): Settings["cache"] {
  const flag = (name: string) => reader.boolean(["env", name], env[name]);
  const chat = flag("CACHE_CHAT_COMPLETION") ?? false;
  const embedding = flag("CACHE_EMBEDDING") ?? false;
  const openai = flag("CACHE_OPENAI");
  const older = [...(chat ? [routes.chat] : []), ...(embedding ? [routes.embedding] : [])];
  return {
    openai: openai ?? older.length > 0,
    general: flag("CACHE_GENERAL") ?? false,
    routes: older.length > 0 ? older : cacheRoutes(reader, ["env", "CACHE_ROUTES"], env.CACHE_ROUTES, routes),
    default: flag("DEFAULT_REQUEST_CACHING_VALUE") ?? false,
    directory: cacheDirectory(
      reader,
      { place: ["env", "CACHE_BACKEND"], value: env.CACHE_BACKEND },
      { place: ["env", "CACHE_ROOT_PATH_OR_URL"], value: env.CACHE_ROOT_PATH_OR_URL },
    ),
  };
}

/** Names what has no counterpart here. */
function warnOfTheRest(reader: Reader, env: Environment): void {
  const flag = (name: string) => reader.boolean(["env", name], env[name]) === true;
  if (flag("DEFAULT_STREAM_RESPONSE")) {
    reader.warn("DEFAULT_STREAM_RESPONSE: not honoured; a request without `stream` goes on as it is");
  }
  if (flag("LOG_CACHE_DB_INFO")) reader.warn("LOG_CACHE_DB_INFO: not honoured; there is no cache database");
  if (!isBlank(env.CUSTOM_GENERAL_ROUTE)) {
    reader.warn("CUSTOM_GENERAL_ROUTE: not honoured; all routes of a general upstream are alike");
  }
  for (const name of webPage.filter((name) => !isBlank(env[name]))) {
    reader.warn(`${name}: not honoured; openai-forward's web page is no part of Sluice`);
  }
  for (const name of certificates.filter((name) => !isBlank(env[name]))) {
    reader.warn(`${name}: not honoured; serve with --https.cert and --https.key`);
  }
}
