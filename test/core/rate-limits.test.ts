import assert from "node:assert/strict";
import { test } from "node:test";
import { readRateLimits, writeRateLimits } from "../../core/index.ts";
import { protocolOf } from "./translate/_wire.ts";
import type { HeaderPairs, RateLimits } from "../../core/index.ts";

const now = Date.parse("2026-03-01T10:00:00Z");
const seconds = (count: number): number => now + count * 1000;

function read(name: "openai-chat" | "anthropic" | "cohere" | "gemini", headers: Record<string, string>) {
  return readRateLimits(Object.entries(headers).flat(), protocolOf(name), now);
}

test("limits in the names that most services share", () => {
  const told = {
    "x-ratelimit-limit-requests": "500",
    "x-ratelimit-remaining-requests": "499",
    "x-ratelimit-reset-requests": "12ms",
    "x-ratelimit-limit-tokens": "30000",
    "x-ratelimit-remaining-tokens": "29000",
    "x-ratelimit-reset-tokens": "6m0s",
  };
  const limits: RateLimits = {
    requests: { limit: 500, remaining: 499, resetAt: now + 12 },
    tokens: { limit: 30_000, remaining: 29_000, resetAt: seconds(360) },
  };
  assert.deepEqual(read("openai-chat", told), limits);
  assert.deepEqual(read("gemini", told), limits);
  assert.deepEqual(readRateLimits(new Headers(told), undefined, now), limits);
  assert.deepEqual(writeRateLimits(limits, protocolOf("openai-chat"), now), Object.entries(told).flat());
});

test("times as services write them", () => {
  for (const [text, at] of [
    ["2m59.56s", seconds(179.56)],
    ["1h0m0s", seconds(3600)],
    ["1d", seconds(86_400)],
    ["33011.38", seconds(33_011.38)],
    ["0", now],
    [String(seconds(60) / 1000), seconds(60)],
    [String(seconds(60)), seconds(60)],
    ["2026-03-01T10:00:07Z", seconds(7)],
    ["Sun, 01 Mar 2026 10:00:07 GMT", seconds(7)],
  ] as const) {
    assert.deepEqual(read("openai-chat", { "x-ratelimit-reset-requests": text }), {
      requests: { resetAt: at },
    });
  }
  for (const text of ["", "soon", "-1", "NaN", "1x"]) {
    assert.deepEqual(read("openai-chat", { "x-ratelimit-reset-requests": text }), {}, text);
  }
});

test("of several windows the tightest counts", () => {
  const told = {
    "x-ratelimit-limit-requests-day": "14400",
    "x-ratelimit-remaining-requests-day": "14000",
    "x-ratelimit-reset-requests-day": "33011.5",
    "x-ratelimit-limit-req-minute": "60",
    "x-ratelimit-remaining-req-minute": "6",
    "x-ratelimit-limit-tokens-prompt": "1000",
    "x-ratelimit-remaining-tokens-generated": "-1",
  };
  assert.deepEqual(read("openai-chat", told), {
    requests: { limit: 60, remaining: 6 },
    inputTokens: { limit: 1000 },
  });
});

test("limits as Anthropic names them", () => {
  const names = { requests: 50, tokens: 80_000, "input-tokens": 40_000, "output-tokens": 8000 };
  const told = Object.entries(names).flatMap(([name, limit]): HeaderPairs => [
    `anthropic-ratelimit-${name}-limit`,
    String(limit),
    `anthropic-ratelimit-${name}-remaining`,
    "0",
    `anthropic-ratelimit-${name}-reset`,
    "2026-03-01T10:00:07Z",
  ]);
  const of = (limit: number) => ({ limit, remaining: 0, resetAt: seconds(7) });
  const limits: RateLimits = {
    requests: of(50),
    tokens: of(80_000),
    inputTokens: of(40_000),
    outputTokens: of(8000),
  };
  assert.deepEqual(readRateLimits(told, protocolOf("anthropic"), now), limits);
  assert.deepEqual(writeRateLimits(limits, protocolOf("anthropic"), now), told);
  const later: RateLimits = { requests: { resetAt: now + 1 } };
  assert.deepEqual(writeRateLimits(later, protocolOf("anthropic"), now), [
    "anthropic-ratelimit-requests-reset",
    "2026-03-01T10:00:01Z",
  ]);
});

test("input or output stand for all tokens where a protocol has one number", () => {
  const limits: RateLimits = {
    inputTokens: { limit: 100, remaining: 50 },
    outputTokens: { limit: 100, remaining: 5 },
  };
  assert.deepEqual(writeRateLimits(limits, protocolOf("openai-responses"), now), [
    "x-ratelimit-limit-tokens",
    "100",
    "x-ratelimit-remaining-tokens",
    "5",
  ]);
});

test("Cohere's calls for trial keys", () => {
  const told = { "x-trial-endpoint-call-limit": "40", "x-trial-endpoint-call-remaining": "39" };
  assert.deepEqual(read("cohere", told), { requests: { limit: 40, remaining: 39 } });
  assert.deepEqual(read("cohere", {}), {});
});

test("when to come again, however it is said", () => {
  assert.deepEqual(read("anthropic", { "retry-after": "7" }), { retryAt: seconds(7) });
  assert.deepEqual(read("gemini", { "retry-after": "7", "retry-after-ms": "6400" }), { retryAt: now + 6400 });
  assert.deepEqual(read("cohere", { "retry-after": "Sun, 01 Mar 2026 10:00:07 GMT" }), {
    retryAt: seconds(7),
  });
  assert.deepEqual(read("cohere", { "retry-after": "soon", "retry-after-ms": "-1" }), {});
});
