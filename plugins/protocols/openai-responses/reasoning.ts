import { isFields, reasoningFormats, sealReasoning, unsealReasoning } from "../../../core/index.ts";
import type { CarriedReasoning, Fields, ReasoningDetail } from "../../../core/index.ts";

const format = reasoningFormats.responses;

/** A reasoning item, read. */
export interface ReadReasoning extends CarriedReasoning {
  /** What else the item says. */
  rest: Fields;
}

/** The detail's own text, whatever its kind; `""` for an encrypted one. */
export function detailText(detail: ReasoningDetail): string {
  if (detail.type === "reasoning.text") return detail.text ?? "";
  return detail.type === "reasoning.summary" ? (detail.summary ?? "") : "";
}

/** The text of a turn's reasoning: its pieces with an empty line between them. */
export function reasoningText(details: readonly ReasoningDetail[]): string {
  return details.map(detailText).filter(Boolean).join("\n\n");
}

/** Whether a detail is of the vendor whose reasoning items these are. */
export function isOurs(detail: ReasoningDetail): boolean {
  return detail.format === format;
}

/** A reasoning item as details: those that it carries for another vendor, else its own summaries, texts, encrypted content. */
export function decodeReasoning(item: Fields): ReadReasoning {
  const carried = unsealReasoning(item["encrypted_content"]);
  if (carried) return { ...carried, rest: {} };
  const { type: _type, id, summary, content, encrypted_content: data, ...rest } = item;
  const about = { ...(typeof id === "string" && { id }), format };
  const details: ReasoningDetail[] = [
    ...textsOf(summary).map((text) => ({ type: "reasoning.summary" as const, summary: text, ...about })),
    ...textsOf(content).map((text) => ({ type: "reasoning.text" as const, text, ...about })),
  ];
  if (typeof data === "string") details.push({ type: "reasoning.encrypted", data, ...about });
  // Only so does an item without any text come back: its id is what the upstream knows it by.
  if (details.length === 0) details.push({ type: "reasoning.summary", summary: "", ...about });
  if (data === null) rest["encrypted_content"] = null;
  if (content === null || (Array.isArray(content) && content.length === 0)) rest["content"] = content;
  return { details, calls: {}, rest };
}

function textsOf(parts: unknown): string[] {
  if (!Array.isArray(parts)) return [];
  return parts.filter(isFields).map(({ text }) => (typeof text === "string" ? text : ""));
}

/** The reasoning item of details that share an id; all of this vendor. */
export function encodeReasoning(details: readonly ReasoningDetail[], rest: Fields = {}): Fields {
  const texts = details.flatMap((one) => (one.type === "reasoning.text" ? one.text : []));
  const summaries = details.flatMap((one) => (one.type === "reasoning.summary" ? one.summary : []));
  const encrypted = details.find((one) => one.type === "reasoning.encrypted");
  const id = details[0]?.id;
  const isBare = details.length === 1 && summaries[0] === "";
  return {
    type: "reasoning",
    ...(id && { id }),
    summary: isBare ? [] : summaries.map((text) => ({ type: "summary_text", text })),
    ...(texts.length > 0 && { content: texts.map((text) => ({ type: "reasoning_text", text })) }),
    ...(encrypted && { encrypted_content: encrypted.data }),
    ...rest,
  };
}

/** The reasoning item for a client that shows another vendor's reasoning, and carries it for us to its next turn. */
export function carryReasoning(id: string, texts: readonly string[], carried: CarriedReasoning): Fields {
  const isNeeded = carried.details.length > 0 || Object.keys(carried.calls).length > 0;
  const details = carried.details.map(({ index: _index, ...detail }) => detail as ReasoningDetail);
  return {
    type: "reasoning",
    id,
    summary: texts.map((text) => ({ type: "summary_text", text })),
    ...(isNeeded && { encrypted_content: sealReasoning({ ...carried, details }) }),
  };
}

/** How many of these details, from the first on, are one reasoning item. */
export function itemLength(details: readonly ReasoningDetail[]): number {
  const ranks = { "reasoning.summary": 0, "reasoning.text": 1, "reasoning.encrypted": 2 };
  const [first] = details;
  if (!first) return 0;
  let length = 1;
  for (; length < details.length; length++) {
    const before = details[length - 1] as ReasoningDetail;
    const detail = details[length] as ReasoningDetail;
    if (isOurs(detail) !== isOurs(first)) break;
    if (!isOurs(first)) continue;
    const isNext =
      ranks[detail.type] > ranks[before.type] ||
      (detail.type === before.type && detail.type !== "reasoning.encrypted");
    if ((detail.id ?? "") !== (first.id ?? "") || !isNext) break;
  }
  return length;
}
