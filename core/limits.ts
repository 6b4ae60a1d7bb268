import * as v from "valibot";

/** How much is allowed in how long a time. */
export interface Limit {
  amount: number;
  unit: "requests" | "tokens";
  /** ms. */
  window: number;
  /** For people: `60 requests per minute`. */
  text: string;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Units of time by every name: ms, and the name for people. A month has 30 days and a year 365. */
const times = new Map<string, readonly [number, string]>();
for (const [ms, ...names] of [
  [second, "second", "seconds", "sec", "secs", "s"],
  [minute, "minute", "minutes", "min", "mins", "m"],
  [hour, "hour", "hours", "hr", "hrs", "h"],
  [day, "day", "days", "d"],
  [30 * day, "month", "months", "mo"],
  [365 * day, "year", "years", "y"],
] as const) {
  for (const name of names) times.set(name, [ms, names[0]]);
}

const units: Record<string, Limit["unit"]> = {
  request: "requests",
  req: "requests",
  call: "requests",
  token: "tokens",
};
const thousands: Record<string, number> = { k: 1000, m: 1_000_000 };
const expected = 'a limit such as "60/min", "5/10 seconds" or "100000 tokens/min"';
const shape =
  /^(?:(requests?|reqs?|calls?|tokens?) ?: ?)?(\d[\d_]*(?:\.\d+)?)([km])? ?(requests?|reqs?|calls?|tokens?)? ?(?:\/|per) ?(\d+)? ?([a-z]+)$/;

/** One limit, or what is wrong with it. */
function parseOne(text: string): Limit | string {
  const match = shape.exec(text.trim().toLowerCase().replace(/\s+/g, " "));
  if (!match) return expected;
  const [, before, digits = "", times1000 = "", after, count = "1", timeName = ""] = match;
  const time = times.get(timeName);
  if (!time) return `${expected}; there is no unit of time "${timeName}" (s, min, h, d, mo, y)`;
  if (before && after) return `${expected}; what is counted is said twice`;
  const unit = units[(before ?? after ?? "request").replace(/s$/, "")] ?? "requests";
  const amount = Number(digits.replaceAll("_", "")) * (thousands[times1000] ?? 1);
  const window = Number(count) * time[0];
  if (!Number.isSafeInteger(amount) || amount < 1) return `${expected}, with a whole number from 1 on`;
  if (!(window > 0)) return `${expected}, with a length of time above 0`;
  return { amount, unit, window, text: describe(amount, unit, Number(count), time[1]) };
}

function describe(amount: number, unit: Limit["unit"], count: number, time: string): string {
  const what = amount === 1 ? unit.slice(0, -1) : unit;
  return `${amount} ${what} per ${count === 1 ? time : `${count} ${time}s`}`;
}

function split(text: string): string[] {
  return text
    .split(/[,;]/)
    .map((part) => part.trim())
    .filter((part) => part !== "" && !/^(?:inf|none)$/i.test(part));
}

/**
 * Reads limits: `N/unit`, `N per unit`, `N/10 seconds`, `N tokens/min`, `tokens:N/min`, `100k tokens/min`, several
 * joined by `,` or `;` or in a list. Units are s, min, h, d, mo, y and their longer names. `inf`, `none` and the
 * empty text are no limit.
 * @throws TypeError when a text is no limit.
 */
export function parseLimits(texts: string | readonly string[]): Limit[] {
  return [texts].flat().flatMap((text) =>
    split(text).map((part) => {
      const limit = parseOne(part);
      if (typeof limit === "string") throw new TypeError(`Found ${JSON.stringify(part)}, expected ${limit}.`);
      return limit;
    }),
  );
}

/** valibot schema of limits as `parseLimits` reads them, a text or a list of texts. Yields the texts. */
export const limitTexts = v.pipe(
  v.union([v.string(), v.array(v.string())], expected),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const part of [dataset.value].flat().flatMap(split)) {
      const limit = parseOne(part);
      if (typeof limit === "string") addIssue({ received: JSON.stringify(part), message: limit });
    }
  }),
  v.transform((texts) => [texts].flat()),
);

/** The same, yielding `Limit[]`. */
export const limitList = v.pipe(
  limitTexts,
  v.transform((texts) => parseLimits(texts)),
);
