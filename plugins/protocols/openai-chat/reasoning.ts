import { isFields } from "../../../core/index.ts";
import type { Fields, ReasoningDetail } from "../../../core/index.ts";

/** What a message or a delta says of reasoning. */
export interface ReadReasoning {
  text: string;
  details: ReasoningDetail[] | undefined;
}

/**
 * Reasoning as vendors tell it: `reasoning_content` (DeepSeek, Qwen, vLLM, …), `reasoning` (Groq, newer vLLM),
 * `reasoning` beside `reasoning_details` (OpenRouter), the details alone (MiniMax).
 */
export function readReasoning({ reasoning_content, reasoning, reasoning_details }: Fields): ReadReasoning {
  const details = Array.isArray(reasoning_details) ? reasoning_details.filter(isDetail) : undefined;
  const plain = [reasoning_content, reasoning].find((one) => typeof one === "string" && one !== "");
  const text = typeof plain === "string" ? plain : (details ?? []).map(detailText).join("");
  return { text, details: details?.length ? details : undefined };
}

function isDetail(value: unknown): value is ReasoningDetail {
  if (!isFields(value) || typeof value["type"] !== "string" || !value["type"].startsWith("reasoning."))
    return false;
  return ["text", "summary", "data", "signature"].every((name) => typeof (value[name] ?? "") === "string");
}

function detailText(detail: ReasoningDetail): string {
  if (detail.type === "reasoning.text") return detail.text ?? "";
  return detail.type === "reasoning.summary" ? (detail.summary ?? "") : "";
}

/** Content that is a list of parts, parted: Mistral's `thinking` parts are reasoning, what else is text is content. */
export function readParts(parts: readonly unknown[]): { reasoning: string; content: string } {
  let reasoning = "";
  let content = "";
  for (const part of parts) {
    if (typeof part === "string") content += part;
    if (!isFields(part)) continue;
    const { text, thinking } = part;
    if (part["type"] === "thinking") reasoning += joined(thinking);
    else if (typeof text === "string") content += text;
  }
  return { reasoning, content };
}

function joined(thinking: unknown): string {
  if (typeof thinking === "string") return thinking;
  return Array.isArray(thinking) ? readParts(thinking).content : "";
}
