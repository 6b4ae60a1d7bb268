import type { Fields, ReasoningDetail } from "../../../../core/index.ts";
import { carryReasoning, detailText, encodeReasoning, isOurs } from "../reasoning.ts";
import { deltaHead } from "./events.ts";
import type { EventWriter } from "./events.ts";

/** A part that is being written: of the summary, or of the reasoning's own text. */
interface OpenPart {
  key: string;
  isText: boolean;
  place: Fields;
  text: string;
  head: string;
}

/** Reasoning that is being written. */
export class ReasoningItem {
  readonly index: number;
  /** Its details are of this protocol's vendor. */
  readonly isOwn: boolean;
  readonly #id: string;
  readonly #writer: EventWriter;
  readonly #details = new Map<number | string, ReasoningDetail>();
  /** Texts of the parts that are whole. */
  readonly #summary: string[] = [];
  #texts = 0;
  #part: OpenPart | undefined;

  constructor(writer: EventWriter, index: number, id: string, isOwn: boolean) {
    this.#writer = writer;
    this.index = index;
    this.#id = id;
    this.isOwn = isOwn;
  }

  /** Whether a detail belongs here; else it is another item's. */
  takes(detail: ReasoningDetail): boolean {
    if (isOurs(detail) !== this.isOwn) return false;
    return !this.isOwn || !detail.id || detail.id === this.#id;
  }

  begin(): string {
    const item = { id: this.#id, type: "reasoning", summary: [] };
    return this.#writer.write("response.output_item.added", { output_index: this.index, item });
  }

  detail(detail: ReasoningDetail): string {
    const key = detail.index ?? detail.type;
    const before = this.#details.get(key);
    this.#details.set(key, before ? joined(before, detail) : { ...detail });
    const isText = this.isOwn && detail.type === "reasoning.text";
    return this.#write(String(key), detailText(detail), isText);
  }

  /** Text that comes without a detail. */
  text(text: string): string {
    return this.#write("plain", text, false);
  }

  #write(key: string, delta: string, isText: boolean): string {
    if (delta === "") return "";
    const before = this.#part?.key === key ? "" : this.#close() + this.#open(key, isText);
    const part = this.#part as OpenPart;
    part.text += delta;
    return before + this.#writer.writeDelta(part.head, delta);
  }

  #open(key: string, isText: boolean): string {
    const at = isText ? { content_index: this.#texts } : { summary_index: this.#summary.length };
    const place = { item_id: this.#id, output_index: this.index, ...at };
    const event = isText ? "response.reasoning_text.delta" : "response.reasoning_summary_text.delta";
    this.#part = { key, isText, place, text: "", head: deltaHead(event, place) };
    return this.#writer.write(
      isText ? "response.content_part.added" : "response.reasoning_summary_part.added",
      { ...place, part: { type: isText ? "reasoning_text" : "summary_text", text: "" } },
    );
  }

  #close(): string {
    const part = this.#part;
    if (!part) return "";
    this.#part = undefined;
    const { place, text, isText } = part;
    if (isText) this.#texts++;
    else this.#summary.push(text);
    const type = isText ? "reasoning_text" : "summary_text";
    const [textDone, partDone] = isText
      ? ["response.reasoning_text.done", "response.content_part.done"]
      : ["response.reasoning_summary_text.done", "response.reasoning_summary_part.done"];
    return (
      this.#writer.write(textDone as string, { ...place, text }) +
      this.#writer.write(partDone as string, { ...place, part: { type, text } })
    );
  }

  end(): { text: string; item: Fields } {
    const closed = this.#close();
    const details = [...this.#details.values()];
    const item = this.isOwn
      ? { id: this.#id, ...encodeReasoning(details) }
      : carryReasoning(this.#id, this.#summary, { details, calls: {} });
    const done = this.#writer.write("response.output_item.done", { output_index: this.index, item });
    return { text: closed + done, item };
  }
}

/** Pieces of one detail add up. */
function joined(before: ReasoningDetail, next: ReasoningDetail): ReasoningDetail {
  if (before.type === "reasoning.text" && next.type === "reasoning.text") {
    const signature = (before.signature ?? "") + (next.signature ?? "");
    return { ...before, text: (before.text ?? "") + (next.text ?? ""), ...(signature && { signature }) };
  }
  if (before.type === "reasoning.summary" && next.type === "reasoning.summary") {
    return { ...before, summary: before.summary + next.summary };
  }
  if (before.type === "reasoning.encrypted" && next.type === "reasoning.encrypted") {
    return { ...before, data: before.data + next.data };
  }
  return before;
}
