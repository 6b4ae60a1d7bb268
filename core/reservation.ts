import { totalTokens } from "./usage.ts";
import type { Call, Outcome } from "./call.ts";

/** What is reserved for a call before it is sent, in tokens. */
export interface TokenReservation {
  input: number;
  output: number;
}

/** Operations whose answers hold no tokens that anyone counts. */
const withoutOutput = new Set(["embeddings", "rerank", "moderation", "count-tokens", "models"]);
/** For bodies that are not read. */
const bytesPerToken = 4;

/**
 * Estimates the tokens of a call: its texts, or a quarter of the length of a text that is not read, and the
 * most that the answer may have. 0 for a call that costs none.
 * @param defaultOutput Where the request sets no maximum.
 */
export function reserveTokens(call: Call, defaultOutput: number): TokenReservation {
  if (
    call.method === "GET" ||
    call.method === "HEAD" ||
    call.method === "OPTIONS" ||
    call.endpoint?.modelless
  )
    return { input: 0, output: 0 };
  const input = call.facts ? call.estimateInput() : unreadTokens(call.request.headers);
  if (withoutOutput.has(call.operation)) return { input, output: 0 };
  const most = call.facts?.maxTokens;
  return { input, output: most !== undefined && most >= 0 && most < Infinity ? most : defaultOutput };
}

/** Files and pictures have no tokens that their length would tell of. */
function unreadTokens(headers: Headers): number {
  if (!/^(?:application\/(?:[\w.+-]+\+)?json|text\/)/i.test(headers.get("content-type") ?? "")) return 0;
  const length = Number(headers.get("content-length") ?? 0);
  return length > 0 ? Math.ceil(length / bytesPerToken) : 0;
}

/**
 * What a finished call really used. Nothing, where no upstream was asked or none answered well. The
 * reservation stands where an upstream answered without telling, and its input where the client left
 * while an upstream was at work.
 */
export function usedTokens(call: Call, outcome: Outcome, reserved: TokenReservation): number {
  if (call.attempts.length === 0) return 0;
  if (outcome.usage) return totalTokens(outcome.usage);
  if (call.answer && call.answer.status < 400) return reserved.input + reserved.output;
  return outcome.result === "client-gone" ? reserved.input : 0;
}
