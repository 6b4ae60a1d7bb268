import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { judge, mayBeExhausted } from "../../../plugins/cooldown/judge.ts";
import { cooldownOptions } from "../../../plugins/cooldown/options.ts";
import type { RateLimits, UpstreamFailure } from "../../../core/index.ts";
import type { Sentence } from "../../../plugins/cooldown/judge.ts";

const at = 1_000_000;
const minute = 60_000;

function judged(
  status: number,
  {
    limits = {},
    failure,
    opaque = false,
    options = {},
  }: Partial<{
    limits: RateLimits;
    failure: UpstreamFailure;
    opaque: boolean;
    options: object;
  }> = {},
): Sentence | undefined {
  const { upstreams: _, ...settings } = v.parse(cooldownOptions, options);
  return judge({ status, failure, limits: () => limits, at, opaque }, settings);
}

const failed = (code: string, message = ""): { failure: UpstreamFailure } => ({ failure: { code, message } });

test("a 429 rests as long as it asks, else until the reset, else for the default", () => {
  const asked = { scope: "target", kind: "limit", reason: "it answered 429 and asked to wait", length: 7000 };
  assert.deepEqual(
    judged(429, { limits: { retryAt: at + 7000, requests: { remaining: 0, resetAt: at + 1 } } }),
    asked,
  );
  assert.deepEqual(judged(429, { failure: { message: "", retryAfter: 7 } }), asked);
  const reset = { scope: "target", kind: "limit", reason: "nothing is left of its rate limit", length: 9000 };
  const both = {
    requests: { remaining: 0, resetAt: at + 4000 },
    tokens: { remaining: 0, resetAt: at + 9000 },
  };
  assert.deepEqual(judged(429, { limits: both }), reset);
  const plain = { scope: "target", kind: "rest", reason: "it answered 429", length: 5000 };
  assert.deepEqual(judged(429), plain);
  assert.deepEqual(judged(429, { limits: { requests: { remaining: 3, resetAt: at + 4000 } } }), plain);
  assert.deepEqual(judged(429, { options: { rateLimit: "90s" } }), { ...plain, length: 90_000 });
});

test("what an answer asks for is bounded, and asking for nothing is no rest", () => {
  assert.equal(judged(429, { limits: { retryAt: at + 1e9 } })?.length, 60 * minute);
  assert.equal(judged(429, { limits: { retryAt: at } }), undefined);
  assert.equal(judged(429, { options: { rateLimit: 0 } }), undefined);
});

test("503 and 529 rest only as long as they ask; other failures are not its business", () => {
  for (const status of [503, 529]) {
    assert.equal(judged(status), undefined);
    assert.equal(judged(status, { limits: { retryAt: at + 3000 } })?.length, 3000);
  }
  for (const status of [400, 404, 408, 409, 413, 422, 500, 502, 504]) assert.equal(judged(status), undefined);
});

test("an answer that went well rests until the reset where nothing is left", () => {
  const limits = {
    tokens: { remaining: 0, resetAt: at + 2000 },
    requests: { remaining: 5, resetAt: at + 9000 },
  };
  assert.equal(judged(200, { limits })?.length, 2000);
  assert.equal(judged(200, { limits, options: { resets: false } }), undefined);
  assert.equal(judged(200, { limits: { tokens: { remaining: 0 } } }), undefined);
  assert.equal(judged(200), undefined);
  assert.deepEqual(
    [
      ["x-ratelimit-remaining-requests", "0"],
      ["x-ratelimit-remaining-requests", "10"],
      ["content-length", "0"],
      [],
    ].map(mayBeExhausted),
    [true, false, false, false],
  );
});

test("a refused key rests over all models; what was asked is no fault of the key", () => {
  const refused = (status: number): object => ({
    scope: "key",
    kind: "rest",
    reason: `its key was refused with ${status}`,
    length: 10 * minute,
    grows: true,
  });
  assert.deepEqual([judged(401), judged(403)], [refused(401), refused(403)]);
  assert.equal(judged(401, { options: { unauthorized: 0 } }), undefined);
  assert.equal(
    judged(403, failed("", "Your chosen model requires moderation and your input was flagged")),
    undefined,
  );
  for (const status of [401, 402, 403]) assert.equal(judged(status, { opaque: true }), undefined);
});

test("a quota that is used up rests the key for long, whatever the status", () => {
  const usedUp = {
    scope: "key",
    kind: "rest",
    reason: "its quota is used up",
    length: 60 * minute,
    grows: true,
  };
  assert.deepEqual(judged(402), usedUp);
  for (const code of [
    "insufficient_quota",
    "billing_hard_limit_reached",
    "insufficient_balance",
    "quota_exceeded",
  ]) {
    assert.deepEqual(judged(429, { ...failed(code), limits: { retryAt: at + 1 } }), usedUp, code);
  }
  assert.deepEqual(judged(403, failed("insufficient_user_quota")), usedUp);
  const credit = "Your credit balance is too low to access the Anthropic API.";
  assert.deepEqual(judged(400, failed("invalid_request_error", credit)), usedUp);
  assert.equal(judged(400, failed("invalid_request_error", `You wrote: ${credit}`)), undefined);
  assert.equal(judged(429, failed("rate_limit_exceeded"))?.length, 5000);
});

test("a model that is not there rests only where that is asked for", () => {
  const options = { notFound: "1m" };
  assert.equal(judged(404, failed("model_not_found")), undefined);
  assert.deepEqual(judged(404, { ...failed("model_not_found"), options }), {
    scope: "target",
    kind: "rest",
    reason: "it does not know the model",
    length: minute,
  });
  assert.equal(judged(404, { options }), undefined);
});
