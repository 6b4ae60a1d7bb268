import { reasoningFormats } from "../../../core/index.ts";
import type { ReasoningDetail } from "../../../core/index.ts";

/** Whether a detail is this vendor's own. */
export function isOwn(detail: ReasoningDetail): boolean {
  return detail.format === reasoningFormats.gemini;
}

/**
 * Whether a detail is another vendor's, and of use to it when it comes back. That has to be before the function calls
 * that it led to, and a client of this protocol brings back nothing but `thoughtSignature`s: so such reasoning travels
 * sealed in the signature of a function call, which no upstream ever sees.
 */
export function isForeign(detail: ReasoningDetail): boolean {
  if (isOwn(detail) || detail.format === undefined) return false;
  return detail.type === "reasoning.encrypted" || (detail.type === "reasoning.text" && !!detail.signature);
}
