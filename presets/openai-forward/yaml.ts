import { isMap, isScalar, LineCounter, parseDocument } from "yaml";
import type { Document } from "yaml";
import type { ConfigProblem } from "../../core/index.ts";
import { createReader, isBlank, isMapping } from "./reader.ts";
import { proxyURL } from "../../config/values.ts";
import type { Reader } from "./reader.ts";
import { checkPrefixes, readCustom, readForwards } from "./forwards.ts";
import { checkLevels, mergeKeys, readForwardKeys, readLevelModels, readPool } from "./levels.ts";
import { readLimit, readPace, readRouteLimits, routePath } from "./limits.ts";
import type { Place, Settings } from "./settings.ts";
import {
  cacheDirectory,
  cacheRoutes,
  chunkTypes,
  milliseconds,
  readAddresses,
  readRedis,
  readStrategy,
} from "./values.ts";

/** What openai-forward calls its file, in the working directory. */
export const fileName = "openai-forward-config.yaml";

/** Every key that is read, the section first. */
const known: Record<string, readonly string[]> = {
  "": (
    "log cache forward api_key rate_limit custom_model_config chat_completion_route completion_route " +
    "embedding_route print_chat benchmark_mode timeout proxy tz ip_blacklist ip_whitelist " +
    "default_stream_response req_rate_limit req_rate_limit_backend"
  ).split(" "),
  log: ["general", "openai"],
  cache: "general openai routes backend root_path_or_url default_request_caching_value".split(" "),
  api_key: ["level", "openai_key", "forward_key"],
  rate_limit:
    "global_rate_limit strategy iter_chunk req_rate_limit req_rate_limit_backend token_rate_limit".split(" "),
};

const defaultForward = [{ base_url: "https://api.openai.com", route: "/", type: "openai" }];

/** The file as it was read: a reader that knows its lines, and the settings unless there are none. */
export interface ReadFile {
  reader: Reader;
  /** Undefined for an empty file, which openai-forward treats as none. */
  settings: Settings | undefined;
}

/** Reads the text of an openai-forward-config.yaml. */
export function readYAML(text: string): ReadFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const reader = createReader((place) => locate(document, lines, place));
  for (const error of document.errors) {
    const at = lines.linePos(error.pos[0]);
    const [message = "broken YAML"] = error.message.split(/ at line \d/);
    reader.problems.push({
      path: [],
      file: fileName,
      line: at.line,
      column: at.col,
      found: message,
      expected: "YAML",
    });
  }
  if (document.errors.length > 0) return { reader, settings: undefined };
  const tree: unknown = document.toJS();
  if (isBlank(tree) || (isMapping(tree) && Object.keys(tree).length === 0))
    return { reader, settings: undefined };
  if (!isMapping(tree)) {
    reader.problem([], "no mapping", "keys such as forward, api_key and rate_limit");
    return { reader, settings: undefined };
  }
  return { reader, settings: readTree(reader, tree) };
}

function readTree(reader: Reader, tree: Record<string, unknown>): Settings {
  const section = (name: string) => {
    const example = `{"${known[name]?.[0]}": …}`;
    return Object.fromEntries(reader.entries([name], tree[name], example));
  };
  const [log, cache, keys, limits] = [
    section("log"),
    section("cache"),
    section("api_key"),
    section("rate_limit"),
  ];
  const text = (name: string) => reader.text([name], tree[name]);
  const flag = (place: Place, value: unknown) => reader.boolean(place, value) ?? false;
  // The program reads these two at the top, its own example has them in the section.
  const requests = limits.req_rate_limit ?? tree.req_rate_limit;
  const backend = limits.req_rate_limit_backend ?? tree.req_rate_limit_backend;

  const { forwards, custom } = readForwards(reader, ["forward"], tree.forward ?? defaultForward);
  checkPrefixes(reader, forwards, { rootAlone: false });
  const routes = {
    chat: routePath(text("chat_completion_route") ?? "/v1/chat/completions"),
    completion: routePath(text("completion_route") ?? "/v1/completions"),
    embedding: routePath(text("embedding_route") ?? "/v1/embeddings"),
  };
  const settings: Settings = {
    forwards,
    custom: [...custom, ...readCustom(reader, ["custom_model_config"], tree.custom_model_config)],
    pool: mergeKeys(readPool(reader, ["api_key", "openai_key"], keys.openai_key)),
    forwardKeys: mergeKeys(readForwardKeys(reader, ["api_key", "forward_key"], keys.forward_key)),
    levelModels: readLevelModels(reader, ["api_key", "level"], keys.level),
    log: {
      openai: flag(["log", "openai"], log.openai),
      general: flag(["log", "general"], log.general),
      print: flag(["print_chat"], tree.print_chat),
    },
    routes,
    requestLimits: readRouteLimits(reader, ["rate_limit", "req_rate_limit"], requests, readLimit),
    globalLimit: readLimit(reader, ["rate_limit", "global_rate_limit"], limits.global_rate_limit),
    strategy: readStrategy(reader, ["rate_limit", "strategy"], limits.strategy),
    redis: readRedis(reader, ["rate_limit", "req_rate_limit_backend"], backend),
    paces: readRouteLimits(reader, ["rate_limit", "token_rate_limit"], limits.token_rate_limit, readPace),
    cache: {
      openai: flag(["cache", "openai"], cache.openai),
      general: flag(["cache", "general"], cache.general),
      routes: cacheRoutes(reader, ["cache", "routes"], cache.routes, routes),
      default: flag(["cache", "default_request_caching_value"], cache.default_request_caching_value),
      directory: cacheDirectory(
        reader,
        { place: ["cache", "backend"], value: cache.backend },
        { place: ["cache", "root_path_or_url"], value: cache.root_path_or_url },
      ),
    },
    timeout: milliseconds(reader.positive(["timeout"], tree.timeout)),
    proxy: reader.checked(["proxy"], tree.proxy, proxyURL),
    timezone: text("tz"),
    allow: readAddresses(reader, ["ip_whitelist"], tree.ip_whitelist),
    deny: readAddresses(reader, ["ip_blacklist"], tree.ip_blacklist),
    benchmark: flag(["benchmark_mode"], tree.benchmark_mode),
  };
  checkLevels(reader, ["api_key", "level"], settings);
  reader.oneOf(["rate_limit", "iter_chunk"], limits.iter_chunk, chunkTypes);
  warnOfTheRest(reader, tree);
  return settings;
}

/** Names what has no counterpart here. */
function warnOfTheRest(reader: Reader, tree: Record<string, unknown>): void {
  if (reader.boolean(["default_stream_response"], tree.default_stream_response) === true) {
    reader.warn("default_stream_response: not honoured; a request without `stream` goes on as it is");
  }
  for (const [section, keys] of Object.entries(known)) {
    const values = section === "" ? tree : tree[section];
    if (!isMapping(values)) continue;
    for (const [key, value] of Object.entries(values)) {
      if (keys.includes(key) || isBlank(value) || value === false) continue;
      reader.warn(`${section && `${section}.`}${key}: not honoured; it has no counterpart in Sluice`);
    }
  }
}

/** The line of a place, or of the nearest one above that the file has. */
function locate(document: Document, lines: LineCounter, place: Place): Partial<ConfigProblem> {
  for (let depth = place.length; depth > 0; depth--) {
    const path = place.slice(0, depth);
    const node = keyNode(document, path) ?? document.getIn(path, true);
    const range = isRanged(node) ? node.range : undefined;
    if (range)
      return { file: fileName, line: lines.linePos(range[0]).line, column: lines.linePos(range[0]).col };
  }
  return { file: fileName };
}

/** A mapping's key, which is where a reader looks for what is wrong with its value. */
function keyNode(document: Document, path: Place): unknown {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  return parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))?.key;
}

function isRanged(node: unknown): node is { range: [number, number, number] } {
  return typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range);
}
