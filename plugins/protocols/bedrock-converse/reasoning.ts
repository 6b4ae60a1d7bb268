import { isFields, reasoningFormats } from "../../../core/index.ts";
import type { AssistantMessage, Fields, ReasoningDetail } from "../../../core/index.ts";
import { familyOf, signsAsAnthropic } from "./families.ts";
import type { WireBlock } from "./wire.ts";

/** The format of reasoning whose signature, if any, is good on Bedrock only. */
const ownFormat = "amazon-bedrock-v1";

/** Whose signature a model's reasoning bears. */
export function formatOf(model: string): string {
  return signsAsAnthropic(model) ? reasoningFormats.anthropic : ownFormat;
}

/** A `reasoningContent` block's value as a detail; undefined for anything else. */
export function reasoningDetail(value: unknown, model: string): ReasoningDetail | undefined {
  if (!isFields(value)) return undefined;
  const { reasoningText: said, redactedContent } = value;
  const format = formatOf(model);
  if (typeof redactedContent === "string")
    return { type: "reasoning.encrypted", data: redactedContent, format };
  if (!isFields(said) || typeof said["text"] !== "string") return undefined;
  const { text, signature } = said;
  return { type: "reasoning.text", text, ...(typeof signature === "string" && { signature }), format };
}

/** The text of all details. */
export function reasoningText(details: readonly ReasoningDetail[]): string {
  return details.map((detail) => (detail.type === "reasoning.text" ? detail.text : "")).join("");
}

/** A detail as a `reasoningContent` block; undefined for one that another vendor's model made. */
export function reasoningBlock(detail: ReasoningDetail, model: string): Fields | undefined {
  const claude = familyOf(model).claude !== undefined;
  const mine = detail.format === ownFormat ? !claude : detail.format === reasoningFormats.anthropic;
  if (!mine || (detail.format !== ownFormat && !signsAsAnthropic(model)) || familyOf(model).forgetsReasoning)
    return undefined;
  if (detail.type === "reasoning.encrypted") {
    const block: WireBlock = { reasoningContent: { redactedContent: detail.data } };
    return block;
  }
  if (detail.type !== "reasoning.text") return undefined;
  const { text, signature } = detail;
  // Claude refuses its own reasoning without its signature.
  if (claude && !signature) return undefined;
  const block: WireBlock = { reasoningContent: { reasoningText: { text, ...(signature && { signature }) } } };
  return block;
}

/** The reasoning of an answer, for its client to read: of whichever vendor, but with no signature that could be taken for Bedrock's. */
export function shownReasoning({
  reasoning_content: said,
  reasoning_details: details,
}: AssistantMessage): Fields[][] {
  const text = said && !(details ?? []).some(hasText) ? [[shownText(said)]] : [];
  return [...text, ...(details ?? []).map(shownDetail)];
}

/** False for a detail that is only a signature, or closed: then its text stands beside it. */
export function hasText(detail: ReasoningDetail): boolean {
  if (detail.type === "reasoning.encrypted") return false;
  return (detail.type === "reasoning.text" ? detail.text : detail.summary) !== "";
}

/** One detail, or one piece of it. */
export function shownDetail(detail: ReasoningDetail): Fields[] {
  if (detail.type === "reasoning.summary") return [shownText(detail.summary)];
  const isKnown = detail.format === ownFormat || detail.format === reasoningFormats.anthropic;
  if (detail.type === "reasoning.text")
    return [shownText(detail.text, isKnown ? detail.signature : undefined)];
  if (!isKnown) return [];
  const block: WireBlock = { reasoningContent: { redactedContent: detail.data } };
  return [block];
}

function shownText(text: string, signature?: string | null): Fields {
  const block: WireBlock = { reasoningContent: { reasoningText: { text, ...(signature && { signature }) } } };
  return block;
}
