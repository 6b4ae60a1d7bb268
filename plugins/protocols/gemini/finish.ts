import type { FinishReason } from "../../../core/index.ts";
import type * as wire from "./wire.ts";

/** Finish reasons and what they are in the neutral shape. Source: Gemini API reference, `FinishReason`. */
const reasons: Readonly<Record<wire.FinishReason, FinishReason>> = {
  FINISH_REASON_UNSPECIFIED: "stop",
  STOP: "stop",
  MAX_TOKENS: "length",
  CONTINUATION: "length",
  SAFETY: "content_filter",
  RECITATION: "content_filter",
  LANGUAGE: "content_filter",
  OTHER: "content_filter",
  BLOCKLIST: "content_filter",
  PROHIBITED_CONTENT: "content_filter",
  SPII: "content_filter",
  IMAGE_SAFETY: "content_filter",
  IMAGE_PROHIBITED_CONTENT: "content_filter",
  IMAGE_RECITATION: "content_filter",
  IMAGE_OTHER: "content_filter",
  MALFORMED_FUNCTION_CALL: "stop",
  UNEXPECTED_TOOL_CALL: "stop",
  TOO_MANY_TOOL_CALLS: "stop",
  NO_IMAGE: "stop",
};

const written: Readonly<Record<string, wire.FinishReason>> = {
  stop: "STOP",
  tool_calls: "STOP",
  function_call: "STOP",
  length: "MAX_TOKENS",
  content_filter: "SAFETY",
};

/** The neutral reason; a stop at function calls is for the calls. */
export function decodeFinish(reason: unknown, hasCalls: boolean): FinishReason {
  const known = typeof reason === "string" && Object.hasOwn(reasons, reason);
  const neutral = known ? reasons[reason as wire.FinishReason] : "stop";
  return neutral === "stop" && hasCalls ? "tool_calls" : neutral;
}

/** The reason as this protocol has it: the upstream's own word, where it is one of ours that says the same. */
export function encodeFinish(reason: FinishReason, native: string | null | undefined): wire.FinishReason {
  const own = native as wire.FinishReason | null | undefined;
  if (own && Object.hasOwn(reasons, own)) {
    const neutral = reasons[own];
    if (neutral === reason || neutral === "stop") return own;
  }
  return written[reason] ?? "STOP";
}

/** What a caller is told of a prompt that was blocked. */
export function blockedText(reason: unknown, message: unknown): string {
  if (typeof message === "string" && message !== "") return message;
  return `The prompt was blocked${typeof reason === "string" ? `: ${reason}` : ""}.`;
}
