import { parseLimits } from "../../core/index.ts";
import type { Limit } from "../../core/index.ts";
import type { Reader } from "./reader.ts";
import { below, describe, isMapping } from "./reader.ts";
import type { Place, RouteLimit } from "./settings.ts";

/**
 * Reads `[count] [per or /] [n] [second|minute|hour|day|month|year]`, several joined by `;`. Undefined where
 * there is none, or `inf`.
 */
export function readLimit(reader: Reader, place: Place, value: unknown): string | undefined {
  const text = reader.text(place, value);
  const limits = text === undefined ? [] : parsed(text);
  if (limits) return limits.length > 0 ? text : undefined;
  reader.problem(place, describe(text), "a limit such as 60/minute, 1/10seconds or 60/minute;600/hour");
  return undefined;
}

/** Reads how fast a stream may go: a single limit. */
export function readPace(reader: Reader, place: Place, value: unknown): string | undefined {
  const text = reader.text(place, value);
  if (text === undefined || parsed(text)?.length === 1) return text;
  reader.problem(place, describe(text), "a pace such as 20/second");
  return undefined;
}

/**
 * Reads limits by route. The environment maps a route to a limit, or to a list of `{level, limit}`;
 * the file lists `{route, value: [{level, limit}]}`.
 */
export function readRouteLimits(
  reader: Reader,
  place: Place,
  value: unknown,
  readOne: typeof readLimit,
): RouteLimit[] {
  return routesOf(reader, place, value).map(({ route, value, place }) => ({
    route: routePath(route),
    limits: Array.isArray(value)
      ? value.flatMap((entry, index) => readLevelLimit(reader, below(place, index), entry, readOne))
      : anyLevel(readOne(reader, place, value)),
  }));
}

function routesOf(reader: Reader, place: Place, value: unknown) {
  if (!Array.isArray(value)) {
    const example = '{"/v1/chat/completions": "60/minute"}';
    const entries = reader.entries(place, value, example);
    return entries.map(([route, value]) => ({ route, value, place: below(place, route) }));
  }
  return value.flatMap((entry: unknown, index) => {
    if (isMapping(entry) && typeof entry.route === "string") {
      return [{ route: entry.route, value: entry.value, place: below(place, index, "value") }];
    }
    reader.problem(below(place, index), describe(entry), "an entry with route and value");
    return [];
  });
}

function readLevelLimit(reader: Reader, place: Place, entry: unknown, readOne: typeof readLimit) {
  const level = isMapping(entry) ? Number(entry.level) : NaN;
  if (!isMapping(entry) || !Number.isInteger(level) || level < 0) {
    reader.problem(place, describe(entry), "an entry with level (0, 1, 2, …) and limit");
    return [];
  }
  // `rate_limit` is what the web page of openai-forward writes for `limit`.
  const limit = readOne(reader, below(place, "limit"), entry.limit ?? entry.rate_limit);
  return limit === undefined ? [] : [{ level, limit }];
}

function anyLevel(limit: string | undefined) {
  return limit === undefined ? [] : [{ level: undefined, limit }];
}

function parsed(text: string): Limit[] | undefined {
  try {
    return parseLimits(text);
  } catch {
    return undefined;
  }
}

/** With a leading slash and without a trailing one. */
export function routePath(route: string): string {
  return `/${route.trim().replace(/^\/+|\/+$/g, "")}`;
}
