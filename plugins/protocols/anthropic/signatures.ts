import { reasoningFormats } from "../../../core/index.ts";
import type { ReasoningDetail } from "../../../core/index.ts";

/**
 * Reasoning of other vendors in thinking blocks: a client keeps such a block and sends it back as it is, so its
 * signature is a place for what the vendor wants to see again. It is written `<format>|<id>|<kind>|<payload>`;
 * a signature of Anthropic's own is base64 and holds no bar.
 */
const carried = /^([\w.-]+)\|([^|]*)\|([a-z]+)\|/;

/** `call`: the signature of a tool call, whose id stands in the place of the reasoning's. */
type Kind = "text" | "summary" | "encrypted" | "call";

export interface Carried {
  format: string;
  id: string;
  kind: string;
  payload: string;
}

function carry(kind: Kind, { format, id, payload }: Omit<Carried, "kind">): string {
  return `${format}|${encodeURIComponent(id)}|${kind}|${payload}`;
}

/** What another vendor's signature holds; undefined for one of Anthropic's own. */
export function readCarried(signature: string): Carried | undefined {
  const head = carried.exec(signature);
  if (!head) return undefined;
  const [all, format = "", id = "", kind = ""] = head;
  return { format, id: decodeURIComponent(id), kind, payload: signature.slice(all.length) };
}

/** A detail's signature as a block has it: Anthropic's own as it is, another vendor's with its name. */
export function signatureFor(detail: ReasoningDetail): string {
  const { format, id } = detail;
  const payload = payloadOf(detail);
  if (format === reasoningFormats.anthropic || format === undefined) return payload;
  const kind = detail.type.slice("reasoning.".length) as Kind;
  return carry(kind, { format, id: id ?? "", payload });
}

function payloadOf(detail: ReasoningDetail): string {
  if (detail.type === "reasoning.encrypted") return detail.data;
  return detail.type === "reasoning.text" ? (detail.signature ?? "") : "";
}

/** Gemini's signature of a tool call, as the data of a redacted block before it. */
export function carryCallSignature(callId: string, signature: string): string {
  return carry("call", { format: reasoningFormats.gemini, id: callId, payload: signature });
}

/** A thinking block's text and signature as a detail. */
export function thinkingDetail(text: string, signature: string, index: number): ReasoningDetail {
  if (signature === "") return { type: "reasoning.text", text, index };
  const foreign = readCarried(signature);
  if (!foreign) {
    return { type: "reasoning.text", text, signature, format: reasoningFormats.anthropic, index };
  }
  const { format, id, kind, payload } = foreign;
  const about = { ...(id && { id }), format, index };
  if (kind === "summary") return { type: "reasoning.summary", summary: text, ...about };
  return { type: "reasoning.text", text, ...(payload && { signature: payload }), ...about };
}

/** A redacted block's data as a detail; undefined where it is a tool call's signature. */
export function redactedDetail(data: string, index: number): ReasoningDetail | undefined {
  const foreign = readCarried(data);
  if (!foreign) return { type: "reasoning.encrypted", data, format: reasoningFormats.anthropic, index };
  const { format, id, kind, payload } = foreign;
  if (kind === "call") return undefined;
  return { type: "reasoning.encrypted", data: payload, ...(id && { id }), format, index };
}
