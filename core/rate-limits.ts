import { headerValue, removeHeaders } from "./headers.ts";
import type { Protocol } from "./protocol.ts";
import type { HeaderPairs } from "./transport/types.ts";

/** One limit as a service tells of it; what it does not tell is left out. */
export interface RateLimit {
  limit?: number;
  remaining?: number;
  /** When there is room again, or all of it: ms since the epoch. */
  resetAt?: number;
}

/** What an answer tells of its sender's limits. */
export interface RateLimits {
  requests?: RateLimit;
  /** Input and output together. */
  tokens?: RateLimit;
  inputTokens?: RateLimit;
  outputTokens?: RateLimit;
  /** Before this the service wants no other request: ms since the epoch. */
  retryAt?: number;
}

/** What is limited. */
export type LimitKind = Exclude<keyof RateLimits, "retryAt">;

/** How a protocol's services name their limits in headers. */
export interface RateLimitHeaders {
  /** Their names, lower case, `*` at the end for any rest. */
  readonly names: readonly string[];
  /** @param headers By name, lower case. @param now ms since the epoch: lengths of time count from it. */
  read(headers: ReadonlyMap<string, string>, now: number): RateLimits;
  /** The headers for a client; left out where the protocol has none that a client reads: then `x-ratelimit-…` it is. */
  write?(limits: RateLimits, now: number): HeaderPairs;
}

const commonName =
  /^x-ratelimit-(limit|remaining|reset)(?:-(requests|req|tokens))?(?:-(prompt|generated|second|minute|hour|day|month))?$/;

/**
 * `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, which most services have: OpenAI, Azure, Groq, xAI;
 * by the window at Mistral (`-req-minute`) and Cerebras (`-requests-day`), of prompts and outputs at Fireworks
 * (`-tokens-prompt`), of requests alone at OpenRouter (`x-ratelimit-limit`). Of several windows the tightest counts.
 * Source: the rate limit pages of their documentation.
 */
export const commonRateLimits: RateLimitHeaders = {
  names: ["x-ratelimit-*"],
  read(headers, now) {
    const windows = new Map<string, { kind: LimitKind; limit: RateLimit }>();
    for (const [name, value] of headers) {
      const [, what, unit = "requests", rest = ""] = commonName.exec(name) ?? [];
      if (!what) continue;
      const key = `${unit} ${rest}`;
      const window = windows.get(key) ?? { kind: kindOf(unit, rest), limit: {} };
      windows.set(key, window);
      if (what === "reset") setResetAt(window.limit, value, now);
      else setAmount(window.limit, what as "limit" | "remaining", value);
    }
    const limits: RateLimits = {};
    for (const { kind, limit } of windows.values()) {
      if (Object.keys(limit).length > 0) limits[kind] = tighter(limits[kind], limit);
    }
    return limits;
  },
  write({ requests, tokens, inputTokens, outputTokens }, now) {
    const headers: HeaderPairs = [];
    pushCommon(headers, "requests", requests, now);
    pushCommon(headers, "tokens", tokens ?? (inputTokens && tighter(outputTokens, inputTokens)), now);
    return headers;
  },
};

function kindOf(unit: string, rest: string): LimitKind {
  if (unit !== "tokens") return "requests";
  if (rest === "prompt") return "inputTokens";
  return rest === "generated" ? "outputTokens" : "tokens";
}

/** The limit of which a smaller share is left; one that tells what is left goes before one that does not. */
function tighter(one: RateLimit | undefined, other: RateLimit): RateLimit {
  return one && shareLeft(one) <= shareLeft(other) ? one : other;
}

function shareLeft({ limit, remaining }: RateLimit): number {
  if (remaining === undefined) return Infinity;
  return limit ? remaining / limit : remaining === 0 ? 0 : 1;
}

function pushCommon(
  headers: HeaderPairs,
  unit: string,
  { limit, remaining, resetAt }: RateLimit = {},
  now: number,
): void {
  if (limit !== undefined) headers.push(`x-ratelimit-limit-${unit}`, String(limit));
  if (remaining !== undefined) headers.push(`x-ratelimit-remaining-${unit}`, passing(remaining));
  if (resetAt !== undefined) headers.push(`x-ratelimit-reset-${unit}`, formatReset(resetAt - now));
}

/** A number that is not seen again: V8 keeps what `String` makes of one, which fills its memory with old numbers. */
function passing(value: number): string {
  return value.toFixed();
}

/** A length of time as OpenAI writes it: `120ms`, `1s`, `6m0s`, `1h0m0s`. */
function formatReset(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.ceil(ms))}ms`;
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${seconds % 60}s`;
  return `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds % 60}s`;
}

/** Takes a header's number over; what is none, or below zero, says nothing. */
export function setAmount(limit: RateLimit, field: "limit" | "remaining", text: string | undefined): void {
  const amount = text ? Number(text) : Number.NaN;
  if (amount >= 0 && amount < Infinity) limit[field] = amount;
}

/** Takes a header's time over; what is none says nothing. */
export function setResetAt(limit: RateLimit, text: string | undefined, now: number): void {
  const at = text && readTime(text.trim(), now);
  if (at) limit.resetAt = at;
}

const msOf: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A time as services write it: a length of time (`6m0s`, `12ms`, `2m59.56s`), seconds, seconds or ms since the
 * epoch, or a date (RFC 3339, or that of HTTP). Yields ms since the epoch.
 */
function readTime(text: string, now: number): number | undefined {
  if (/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(text)) {
    const parts = text.matchAll(/([\d.]+)(ms|[smhd])/g);
    return (
      now + [...parts].reduce((sum, [, count, unit = "s"]) => sum + Number(count) * (msOf[unit] ?? 0), 0)
    );
  }
  const number = Number(text || Number.NaN);
  // No wait is that long: it is a time.
  if (number >= 1e11) return number;
  if (number >= 1e9) return number * 1000;
  if (number >= 0) return now + number * 1000;
  const date = Date.parse(text);
  return Number.isNaN(number) && !Number.isNaN(date) ? date : undefined;
}

/**
 * What an answer's headers tell of its sender's limits, as the protocol's services name them; `retry-after-ms` and
 * `retry-after` (RFC 9110 section 10.2.3) are read for all.
 * @param headers Of an answer; names of pairs are lower case.
 * @param now ms since the epoch: when the answer came.
 */
export function readRateLimits(
  headers: Headers | HeaderPairs,
  protocol: Pick<Protocol, "rateLimits"> | undefined,
  now = Date.now(),
): RateLimits {
  const named = new Map<string, string>();
  if (Array.isArray(headers)) {
    for (let i = 0; i < headers.length; i += 2) named.set(headers[i] ?? "", headers[i + 1] ?? "");
  } else headers.forEach((value, name) => named.set(name, value));
  const limits = headersOf(protocol).read(named, now);
  const retryAt = readRetryAfter(named, now);
  return retryAt === undefined ? limits : { ...limits, retryAt };
}

/**
 * Until when an answer asks to wait, ms since the epoch: `retry-after-ms`, which OpenAI's clients read, or `retry-after`
 * as seconds or as a date (RFC 9110 section 10.2.3). Undefined where it does not say.
 */
export function readRetryAfter(
  headers: { get(name: string): string | null | undefined },
  now: number,
): number | undefined {
  const retry: RateLimit = {};
  const precise = headers.get("retry-after-ms");
  const text = precise && /^[\d.]+$/.test(precise) ? `${precise}ms` : headers.get("retry-after");
  setResetAt(retry, text ?? undefined, now);
  return retry.resetAt;
}

/** Limits as headers that a protocol's clients know. */
export function writeRateLimits(
  limits: RateLimits,
  protocol: Pick<Protocol, "rateLimits"> | undefined,
  now = Date.now(),
): HeaderPairs {
  const { write = commonRateLimits.write } = headersOf(protocol);
  return write?.(limits, now) ?? [];
}

function headersOf(protocol: Pick<Protocol, "rateLimits"> | undefined): RateLimitHeaders {
  return protocol?.rateLimits ?? commonRateLimits;
}

/** Gives the headers of a translated answer the names and forms that the client's protocol has for limits. */
export function carryRateLimits(headers: HeaderPairs, client: Protocol, upstream: Protocol): void {
  const from = headersOf(upstream);
  const now = Date.now();
  if (headerValue(headers, "retry-after") === undefined) {
    const ms = Number(headerValue(headers, "retry-after-ms") ?? Number.NaN);
    if (ms >= 0) headers.push("retry-after", String(Math.ceil(ms / 1000)));
  }
  if (from === headersOf(client)) return;
  const limits = readRateLimits(headers, upstream, now);
  for (const name of from.names) removeHeaders(headers, name);
  headers.push(...writeRateLimits(limits, client, now));
}
