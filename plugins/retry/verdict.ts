/** Statuses by which an upstream says that this key will not do, now or later. */
export function isSpent(status: number): boolean {
  return status === 401 || status === 402 || status === 403;
}

/**
 * How long an answer asks to wait, in ms: `retry-after-ms`, or `retry-after` as seconds or as a date.
 * Undefined when it does not say. Source: RFC 9110 section 10.2.3; OpenAI's clients read the first.
 */
export function parseRetryAfter(headers: Headers): number | undefined {
  const precise = Number(headers.get("retry-after-ms") ?? Number.NaN);
  if (precise >= 0) return precise;
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  const seconds = Number(text);
  if (seconds >= 0) return seconds * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
