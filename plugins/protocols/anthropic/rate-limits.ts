import { setAmount, setResetAt } from "../../../core/index.ts";
import type { HeaderPairs, LimitKind, RateLimit, RateLimitHeaders, RateLimits } from "../../../core/index.ts";

const kinds: readonly (readonly [LimitKind, string])[] = [
  ["requests", "requests"],
  ["tokens", "tokens"],
  ["inputTokens", "input-tokens"],
  ["outputTokens", "output-tokens"],
];

/** `anthropic-ratelimit-{requests,tokens,…}-{limit,remaining,reset}`. Source: Anthropic API, rate limits, response headers. */
export const rateLimits: RateLimitHeaders = {
  names: ["anthropic-ratelimit-*"],
  read(headers, now) {
    const limits: RateLimits = {};
    for (const [kind, name] of kinds) {
      const of = (part: string): string | undefined => headers.get(`anthropic-ratelimit-${name}-${part}`);
      const limit: RateLimit = {};
      setAmount(limit, "limit", of("limit"));
      setAmount(limit, "remaining", of("remaining"));
      setResetAt(limit, of("reset"), now);
      if (Object.keys(limit).length > 0) limits[kind] = limit;
    }
    return limits;
  },
  write(limits) {
    const headers: HeaderPairs = [];
    for (const [kind, name] of kinds) {
      const { limit, remaining, resetAt } = limits[kind] ?? {};
      const push = (part: string, value: string): void =>
        void headers.push(`anthropic-ratelimit-${name}-${part}`, value);
      if (limit !== undefined) push("limit", String(limit));
      if (remaining !== undefined) push("remaining", remaining.toFixed());
      if (resetAt !== undefined) push("reset", wholeSecond(resetAt));
    }
    return headers;
  },
};

/** RFC 3339, the second after: at that time there is room. */
function wholeSecond(ms: number): string {
  const second = new Date(Math.ceil(ms / 1000) * 1000);
  return second.toISOString().replace(".000Z", "Z");
}
