import * as v from "valibot";

/** Text that is not empty. */
export const text = v.pipe(v.string(), v.nonEmpty("text that is not empty"));

/** An http(s) URL that an API lives under: a path may follow, but no query and no credentials. */
export const baseURL = v.pipe(
  v.string(),
  v.check(isBaseURL, "an http:// or https:// URL without a query and without credentials"),
);

/** The URL of an HTTP proxy; credentials may stand in it. */
export const proxyURL = v.pipe(
  v.string(),
  v.check((value) => webURL(value) !== undefined, "an http:// or https:// URL"),
);

/** A route prefix: `/`, or `/a/b` that no trick of path handling turns into another. */
export const prefix = v.pipe(
  v.string(),
  v.check(isPrefix, "a path such as /openai: from a slash on, without .., //, ?, #, % or a slash at its end"),
);

/** RFC 9110, section 5.6.2: a field name is a token. */
export const headerName = v.pipe(v.string(), v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "a header's name"));

/** RFC 9110, section 5.5: visible characters, spaces and tabs; a line break would begin another header. */
export const headerValue = v.pipe(
  v.string(),
  v.regex(/^[\t\x20-\x7e\x80-\xff]*$/, "a header's value: one line of Latin text"),
);

/** `2027-01-01` or `2027-01-01T12:00:00Z`. */
export const isoDate = v.pipe(
  v.string(),
  v.check(isDate, "a date such as 2027-01-01 or 2027-01-01T12:00:00Z"),
);

function webURL(value: string): URL | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url && /^https?:$/.test(url.protocol) ? url : undefined;
}

function isBaseURL(value: string): boolean {
  const url = webURL(value);
  return url !== undefined && !/[?#]/.test(value) && !url.username && !url.password;
}

function isPrefix(value: string): boolean {
  if (value === "/") return true;
  return /^(\/[^/?#%\\\s]+)+$/.test(value) && !value.split("/").some((part) => part === "." || part === "..");
}

/** JavaScript rolls 2027-02-30 over to March: a date that does not come back as it went in is none. */
function isDate(value: string): boolean {
  const match = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/.exec(value);
  const day = match?.[1];
  if (!day || Number.isNaN(Date.parse(value))) return false;
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

/**
 * Whether lists and maps are nested deeper than so many levels, as a value that holds itself is, or hold more
 * than so many entries. What stands in several places counts in each.
 */
export function exceeds(value: unknown, levels: number, entries: number): boolean {
  let left = entries;
  const within = (inner: unknown, depth: number): boolean => {
    if (typeof inner !== "object" || inner === null) return true;
    const children: unknown[] = Object.values(inner);
    left -= children.length;
    return depth > 0 && left >= 0 && children.every((child) => within(child, depth - 1));
  };
  return !within(value, levels);
}
