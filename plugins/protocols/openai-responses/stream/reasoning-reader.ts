import { isFields, reasoningFormats, unsealReasoning } from "../../../../core/index.ts";
import type { ChatDelta, Fields, ReasoningDetail } from "../../../../core/index.ts";

const format = reasoningFormats.responses;

type Said = { summary: string } | { text: string };

/** Reads what a stream tells of reasoning: summaries and texts in pieces, encrypted content with an item's end. */
export class ReasoningReader {
  /** Places among the message's details, by item and part. */
  readonly #places = new Map<string, number>();
  readonly #items = new Set<string>();
  #hasText = false;

  /** `response.reasoning_summary_text.delta` */
  summed({ item_id, summary_index, delta }: Fields): ChatDelta | undefined {
    return this.#piece(textOf(item_id), `summary ${String(summary_index)}`, { summary: textOf(delta) });
  }

  /** `response.reasoning_text.delta` */
  reasoned({ item_id, content_index, delta }: Fields): ChatDelta | undefined {
    return this.#piece(textOf(item_id), `text ${String(content_index)}`, { text: textOf(delta) });
  }

  /** The item whole: what no piece told of before. */
  done(item: Fields): ChatDelta | undefined {
    const id = textOf(item["id"]);
    const carried = unsealReasoning(item["encrypted_content"]);
    if (carried) {
      const details = carried.details.map((detail, at) => ({
        ...detail,
        index: this.#place(`${id} carried ${at}`),
      }));
      return details.length > 0 ? { reasoning_details: details } : undefined;
    }
    const pieces = [
      ...textsOf(item["summary"]).map((summary, at) => this.#unseen(id, `summary ${at}`, { summary })),
      ...textsOf(item["content"]).map((text, at) => this.#unseen(id, `text ${at}`, { text })),
    ];
    const details = pieces.flatMap((piece) => piece?.reasoning_details ?? []);
    const text = pieces.map((piece) => piece?.reasoning_content ?? "").join("");
    const data = item["encrypted_content"];
    if (typeof data === "string") {
      details.push({ type: "reasoning.encrypted", data, ...this.#about(id, "encrypted") });
    } else if (!this.#items.has(id)) {
      // Only so does an item without any text come back: its id is what the upstream knows it by.
      details.push({ type: "reasoning.summary", summary: "", ...this.#about(id, "summary 0") });
    }
    if (details.length === 0) return undefined;
    return { ...(text && { reasoning_content: text }), reasoning_details: details };
  }

  #unseen(id: string, part: string, said: Said): ChatDelta | undefined {
    return this.#places.has(`${id} ${part}`) ? undefined : this.#piece(id, part, said);
  }

  #piece(id: string, part: string, said: Said): ChatDelta | undefined {
    const text = "text" in said ? said.text : said.summary;
    if (text === "") return undefined;
    // Between two parts stands an empty line.
    const gap = this.#hasText && !this.#places.has(`${id} ${part}`) ? "\n\n" : "";
    this.#hasText = true;
    const about = this.#about(id, part);
    const detail: ReasoningDetail =
      "text" in said
        ? { type: "reasoning.text", text, ...about }
        : { type: "reasoning.summary", summary: text, ...about };
    return { reasoning_content: gap + text, reasoning_details: [detail] };
  }

  #about(id: string, part: string): { id?: string; format: string; index: number } {
    this.#items.add(id);
    return { ...(id && { id }), format, index: this.#place(`${id} ${part}`) };
  }

  #place(part: string): number {
    const place = this.#places.get(part) ?? this.#places.size;
    this.#places.set(part, place);
    return place;
  }
}

/** A member that must be text, or nothing. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textsOf(parts: unknown): string[] {
  return Array.isArray(parts) ? parts.filter(isFields).map(({ text }) => textOf(text)) : [];
}
