import { GatewayError, writeRateLimits } from "../../core/index.ts";
import type { Call, RateLimit, RateLimits, TakeResult } from "../../core/index.ts";
import { describeScope, type Slot } from "./slots.ts";

/** The refusal of a call, naming the limit that keeps it waiting longest. */
export function refusal(call: Call, slots: readonly Slot[], taken: TakeResult): GatewayError {
  const index = longestWait(slots, taken);
  const slot = slots[index];
  const seconds = Math.max(1, Math.ceil(waitOf(slots, taken, index) / 1000));
  const what = slot
    ? `${slot.rule.limit.text} for ${describeScope(slot.rule, call, call.model)}`
    : "the limit";
  return new GatewayError(`Rate limit reached: ${what}. Try again in ${seconds} s.`, {
    status: 429,
    code: "rate_limit_exceeded",
    limit: what,
    retryAfter: seconds,
  });
}

/**
 * Tells of the tightest windows, one of requests and one of tokens, in the headers that the client's protocol has: the
 * one that refuses, else the one with least left. They stand in place of the upstream's of the same names.
 */
export function pushHeaders(call: Call, slots: readonly Slot[], taken: TakeResult): void {
  const refused = taken.allowed ? -1 : longestWait(slots, taken);
  let requests = -1;
  let tokens = -1;
  for (let i = 0; i < slots.length; i++) {
    if (slots[i]!.rule.limit.unit === "requests") requests = tighter(taken, requests, i, refused);
    else tokens = tighter(taken, tokens, i, refused);
  }
  const limits: RateLimits = {};
  if (requests >= 0) limits.requests = stateOf(slots, taken, requests);
  if (tokens >= 0) limits.tokens = stateOf(slots, taken, tokens);
  call.responseHeaders.push(...writeRateLimits(limits, call.protocol, taken.at));
}

function stateOf(slots: readonly Slot[], taken: TakeResult, index: number): RateLimit {
  const { limit, remaining } = taken.windows[index]!;
  return { limit, remaining: Math.floor(remaining), resetAt: taken.at + waitOf(slots, taken, index) };
}

function tighter({ windows }: TakeResult, before: number, index: number, refused: number): number {
  if (before < 0 || index === refused) return index;
  if (before === refused) return before;
  return windows[index]!.remaining < windows[before]!.remaining ? index : before;
}

/** ms until a window has room, or more room: for a fixed one its end, which the counters do not know of. */
function waitOf(slots: readonly Slot[], taken: TakeResult, index: number): number {
  const ends = slots[index]?.ends ?? 0;
  return ends > 0 ? Math.max(0, ends - taken.at) : (taken.windows[index]?.resetAfter ?? 0);
}

/** The window that refuses longest. */
function longestWait(slots: readonly Slot[], taken: TakeResult): number {
  let longest = taken.refused;
  for (const [i, { used, limit }] of taken.windows.entries()) {
    const refuses = used + (slots[i]?.amount ?? 0) > limit;
    if (refuses && waitOf(slots, taken, i) > waitOf(slots, taken, longest)) longest = i;
  }
  return longest;
}
