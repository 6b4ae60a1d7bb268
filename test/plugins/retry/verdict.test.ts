import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { GatewayError, readRetryAfter } from "../../../core/index.ts";
import { options } from "../../../plugins/retry/options.ts";
import { Classes } from "../../../plugins/retry/verdict.ts";
import type { Attempt } from "../../../core/index.ts";

const classes = new Classes(v.parse(options, {}));

function ofAnswer(status: number, code?: string): string {
  const failure = code === undefined ? undefined : { message: "", code };
  const attempt = { failure } as Attempt;
  return classes.judge({ response: new Response(null, { status }), failure: undefined, attempt });
}

function ofError(status: number, code: string, retryable = true): string {
  const failure = new GatewayError("", { status, code, retryable });
  return classes.judge({ response: undefined, failure, attempt: undefined });
}

test("answers, by status and by the code in them", () => {
  const told = {
    answer: [ofAnswer(200), ofAnswer(400), ofAnswer(404), ofAnswer(413), ofAnswer(422), ofAnswer(451)],
    never: [ofAnswer(400, "content_filter"), ofAnswer(403, "content_policy_violation")],
    again: [408, 409, 429, 500, 502, 503, 504, 529].map((status) => ofAnswer(status)),
    elsewhere: [401, 402, 403].map((status) => ofAnswer(status)),
    codes: [
      ofAnswer(429, "insufficient_quota"),
      ofAnswer(404, "model_not_found"),
      ofAnswer(400, "api_key_invalid"),
    ],
    context: [ofAnswer(400, "context_length_exceeded")],
  };
  const all = (count: number, verdict: string): string[] => Array.from({ length: count }, () => verdict);
  assert.deepEqual(told, {
    answer: all(6, "answer"),
    never: all(2, "answer"),
    again: all(8, "again"),
    elsewhere: all(3, "elsewhere"),
    codes: all(3, "elsewhere"),
    context: ["context"],
  });
});

test("failures, by whether another may do better", () => {
  assert.deepEqual(
    [
      ofError(502, "upstream_connection_lost"),
      ofError(502, "upstream_bad_answer"),
      ofError(400, "invalid_request", false),
      ofError(499, "client_gone", false),
      ofError(503, "upstream_unavailable"),
      ofError(429, "upstream_limit"),
      ofError(400, "context_length_exceeded", false),
      ofError(401, "invalid_api_key"),
    ],
    ["again", "again", "answer", "answer", "turned-away", "turned-away", "context", "elsewhere"],
  );
});

test("a wait is told in ms, in seconds, or by a date", () => {
  const now = Date.parse("2026-11-21T10:00:00Z");
  const of = (headers: Record<string, string>): number | undefined => {
    const until = readRetryAfter(new Headers(headers), now);
    return until && Math.max(0, until - now);
  };
  assert.deepEqual(
    [
      of({}),
      of({ "retry-after": "2" }),
      of({ "retry-after": "2", "retry-after-ms": "1500" }),
      of({ "retry-after": "Sat, 21 Nov 2026 10:00:05 GMT" }),
      of({ "retry-after": "Sat, 21 Nov 2026 09:00:00 GMT" }),
      of({ "retry-after": "soon" }),
    ],
    [undefined, 2000, 1500, 5000, 0, undefined],
  );
});
