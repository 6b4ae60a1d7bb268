import { isFields, parseFields, reasoningFormats } from "../../../core/index.ts";
import type { ReasoningDetail } from "../../../core/index.ts";

/**
 * Reasoning that another vendor signed has to come back to it before the function calls that it led to, and a client of
 * this protocol brings back nothing but `thoughtSignature`s. So such reasoning travels in the signature of a function
 * call: as base64 of a mark and JSON, which no upstream ever sees.
 */
const mark = "sluice";
/** Six bytes are eight characters of base64, whatever follows. */
const markInBase64 = btoa(mark);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Whether a detail is this vendor's own. */
export function isOwn(detail: ReasoningDetail): boolean {
  return detail.format === reasoningFormats.gemini;
}

/** Whether a detail is another vendor's, and of use to it when it comes back. */
export function isForeign(detail: ReasoningDetail): boolean {
  if (isOwn(detail) || detail.format === undefined) return false;
  return detail.type === "reasoning.encrypted" || (detail.type === "reasoning.text" && !!detail.signature);
}

/** Other vendors' reasoning as a signature. */
export function wrap(details: readonly ReasoningDetail[]): string {
  const bytes = encoder.encode(mark + JSON.stringify({ details }));
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(binary);
}

/** The reasoning in a signature that `wrap` made; undefined for any other signature. */
export function unwrap(signature: string): ReasoningDetail[] | undefined {
  if (!signature.startsWith(markInBase64)) return undefined;
  try {
    // Clients that keep bytes may write the other alphabet, and leave the end away.
    const binary = atob(signature.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    const details = parseFields(decoder.decode(bytes).slice(mark.length))?.["details"];
    return Array.isArray(details) ? (details.filter(isFields) as unknown as ReasoningDetail[]) : undefined;
  } catch {
    return undefined;
  }
}
