import { GatewayError, type Call, type TakeResult } from "../../core/index.ts";
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
    retryAfter: seconds,
  });
}

/**
 * Tells of the tightest windows, one of requests and one of tokens, in the headers that OpenAI uses: the
 * one that refuses, else the one with least left.
 */
export function pushHeaders(call: Call, slots: readonly Slot[], taken: TakeResult): void {
  const refused = taken.allowed ? -1 : longestWait(slots, taken);
  let requests = -1;
  let tokens = -1;
  for (let i = 0; i < slots.length; i++) {
    if (slots[i]!.rule.limit.unit === "requests") requests = tighter(taken, requests, i, refused);
    else tokens = tighter(taken, tokens, i, refused);
  }
  if (requests >= 0) {
    const { limit, remaining } = taken.windows[requests]!;
    call.responseHeaders.push(
      "x-ratelimit-limit-requests",
      String(limit),
      "x-ratelimit-remaining-requests",
      passing(remaining),
      "x-ratelimit-reset-requests",
      formatReset(waitOf(slots, taken, requests)),
    );
  }
  if (tokens >= 0) {
    const { limit, remaining } = taken.windows[tokens]!;
    call.responseHeaders.push(
      "x-ratelimit-limit-tokens",
      String(limit),
      "x-ratelimit-remaining-tokens",
      passing(Math.floor(remaining)),
      "x-ratelimit-reset-tokens",
      formatReset(waitOf(slots, taken, tokens)),
    );
  }
}

/** A number that is not seen again: V8 keeps what `String` makes of one, which fills its memory with old numbers. */
function passing(value: number): string {
  return value.toFixed();
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

/** A length of time as OpenAI writes it: `120ms`, `1s`, `6m0s`, `1h0m0s`. */
export function formatReset(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${seconds % 60}s`;
  return `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds % 60}s`;
}
