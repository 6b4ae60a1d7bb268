import { baseURL as baseURLSchema, prefix as prefixSchema } from "../../config/values.ts";
import type { Reader } from "./reader.ts";
import { below, describe, isBlank, isMapping } from "./reader.ts";
import { routePath } from "./limits.ts";
import type { CustomModels, Forward, Place } from "./settings.ts";

const types = ["openai", "general", "custom"] as const;
const example = '[{"base_url": "https://api.openai.com", "route": "/", "type": "openai"}]';

/** The names of two lists that pair up by position, and what they hold. */
export interface PairedLists {
  type: Forward["type"];
  baseURLs: { place: Place; value: unknown };
  prefixes: { place: Place; value: unknown };
}

/** Reads base URLs and route prefixes that stand in two lists. */
export function readPairs(reader: Reader, { type, baseURLs, prefixes }: PairedLists): Forward[] {
  const urls = reader.list(baseURLs.place, baseURLs.value);
  const routes = reader.list(prefixes.place, prefixes.value);
  if (urls.length !== routes.length) {
    const found = `${routes.length} for ${urls.length} in ${String(baseURLs.place.at(-1))}`;
    reader.problem(prefixes.place, found, "one prefix for each base URL, in the same order");
    return [];
  }
  return urls.flatMap((url, index) => {
    const baseURL = readAddress(reader, baseURLs.place, url);
    const prefix = readPrefix(reader, prefixes.place, routes[index]);
    if (baseURL === undefined || prefix === undefined) return [];
    return [{ baseURL, prefix, type, place: prefixes.place }];
  });
}

/** Reads a list of `{base_url, route, type}`; an entry of the type `custom` has a `model_map`, too. */
export function readForwards(reader: Reader, place: Place, value: unknown) {
  const forwards: Forward[] = [];
  const custom: CustomModels[] = [];
  for (const [index, entry] of reader.items(place, value, example).entries()) {
    if (isBlank(entry)) continue;
    const at = below(place, index);
    if (!isMapping(entry)) {
      reader.problem(at, describe(entry), "an entry with base_url, route and type");
      continue;
    }
    const baseURL = required(reader, at, entry, "base_url", readAddress);
    const prefix = required(reader, at, entry, "route", readPrefix);
    const type = required(reader, at, entry, "type", readType);
    if (baseURL === undefined || prefix === undefined || type === undefined) continue;
    forwards.push({ baseURL, prefix, type, place: below(at, "route") });
    if (type === "custom") custom.push(...readCustom(reader, at, { ...entry, api_base: baseURL }, prefix));
  }
  return { forwards, custom };
}

/** Reads `{backend: "ollama", model_map, api_base}`: models that another server has under names of its own. */
export function readCustom(reader: Reader, place: Place, value: unknown, prefix?: string): CustomModels[] {
  const example =
    '{"backend": "ollama", "model_map": {"gpt-4o": "qwen2:7b"}, "api_base": "http://localhost:11434"}';
  const settings = Object.fromEntries(reader.entries(place, value, example));
  if (Object.keys(settings).length === 0) return [];
  const backend = reader.text(below(place, "backend"), settings.backend);
  if (backend?.toLowerCase() !== "ollama") {
    reader.warn(`model_map: not honoured for the backend ${describe(backend ?? "")}, only for "ollama"`);
    return [];
  }
  const baseURL = required(reader, place, settings, "api_base", readAddress);
  const at = below(place, "model_map");
  const models = reader.entries(at, settings.model_map, '{"gpt-4o": "qwen2:7b"}').flatMap(([asked, name]) => {
    const known = reader.text(below(at, asked), name);
    return known === undefined ? [] : [[asked, known] satisfies [string, string]];
  });
  return baseURL === undefined || models.length === 0 ? [] : [{ baseURL, models, prefix }];
}

/** Each prefix is used once; and where `rootAlone`, the root only if there is one upstream. */
export function checkPrefixes(
  reader: Reader,
  forwards: readonly Forward[],
  { rootAlone }: { rootAlone: boolean },
) {
  const taken = new Set<string>();
  for (const { prefix, place } of forwards) {
    if (taken.has(prefix)) {
      reader.problem(place, `"${prefix}" twice`, "a prefix of its own for each upstream");
    } else if (rootAlone && prefix === "/" && forwards.length > 1) {
      const expected = `a prefix such as /openai, as there are ${forwards.length} upstreams`;
      reader.problem(place, '"/"', expected, "only a single upstream may take the root");
    }
    taken.add(prefix);
  }
}

function readAddress(reader: Reader, place: Place, value: unknown): string | undefined {
  return reader.checked(place, value, baseURLSchema)?.replace(/\/+$/, "");
}

function readPrefix(reader: Reader, place: Place, value: unknown): string | undefined {
  const route = reader.text(place, value);
  return route === undefined ? undefined : reader.checked(place, routePath(route), prefixSchema);
}

function readType(reader: Reader, place: Place, value: unknown): Forward["type"] | undefined {
  return reader.oneOf(place, value, types);
}

/** Reads a key of a mapping that must be there. */
function required<T>(
  reader: Reader,
  place: Place,
  mapping: Record<string, unknown>,
  key: string,
  read: (reader: Reader, place: Place, value: unknown) => T | undefined,
): T | undefined {
  const value = mapping[key];
  if (!isBlank(value)) return read(reader, below(place, key), value);
  reader.problem(below(place, key), "nothing", `a value for ${key}`);
  return undefined;
}
