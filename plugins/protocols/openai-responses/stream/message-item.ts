import type { ResponseOutputMessage } from "openai/resources/responses/responses";
import type { Annotation, Fields } from "../../../../core/index.ts";
import { writeAnnotations } from "../annotations.ts";
import type { ItemStatus } from "../output-encode.ts";
import { deltaHead } from "./events.ts";
import type { EventWriter } from "./events.ts";

type PartType = "output_text" | "refusal";

interface OpenPart {
  type: PartType;
  text: string;
  annotations: Fields[];
  logprobs: unknown[];
  head: string;
}

/** A message that is being written: texts and refusals, one part after the other. */
export class MessageItem {
  readonly index: number;
  readonly #writer: EventWriter;
  readonly #id: string;
  readonly #content: Fields[] = [];
  #part: OpenPart | undefined;

  constructor(writer: EventWriter, index: number, id: string) {
    this.#writer = writer;
    this.index = index;
    this.#id = id;
  }

  begin(): string {
    return this.#writer.write("response.output_item.added", {
      output_index: this.index,
      item: this.#item("in_progress"),
    });
  }

  #item(status: ResponseOutputMessage["status"]): Fields {
    const item = { id: this.#id, type: "message", status, content: [...this.#content], role: "assistant" };
    return item satisfies Record<keyof Omit<ResponseOutputMessage, "phase">, unknown>;
  }

  text(delta: string, logprobs: unknown[] | undefined): string {
    const part = this.#part;
    if (part?.type === "output_text" && !logprobs) {
      part.text += delta;
      return this.#writer.writeDelta(part.head, delta, ',"logprobs":[]');
    }
    const [open, written] = this.#open("output_text");
    open.text += delta;
    if (logprobs) open.logprobs.push(...logprobs);
    return (
      written + this.#writer.writeDelta(open.head, delta, `,"logprobs":${JSON.stringify(logprobs ?? [])}`)
    );
  }

  /** Probabilities of what was said before. */
  likely(logprobs: unknown[]): void {
    if (this.#part?.type === "output_text") this.#part.logprobs.push(...logprobs);
  }

  refusal(delta: string): string {
    const [part, written] = this.#open("refusal");
    part.text += delta;
    return written + this.#writer.writeDelta(part.head, delta);
  }

  cite(annotations: readonly Annotation[]): string {
    let text = "";
    for (const annotation of writeAnnotations(annotations)) {
      const [part, written] = this.#open("output_text");
      const annotation_index = part.annotations.push(annotation) - 1;
      const about = { ...this.#place(), annotation_index, annotation };
      text += written + this.#writer.write("response.output_text.annotation.added", about);
    }
    return text;
  }

  #place(): Fields {
    return { item_id: this.#id, output_index: this.index, content_index: this.#content.length };
  }

  #open(type: PartType): [OpenPart, string] {
    if (this.#part?.type === type) return [this.#part, ""];
    const closed = this.#close();
    const event = type === "refusal" ? "response.refusal.delta" : "response.output_text.delta";
    const head = deltaHead(event, this.#place());
    const part: OpenPart = { type, text: "", annotations: [], logprobs: [], head };
    this.#part = part;
    return [
      part,
      closed + this.#writer.write("response.content_part.added", { ...this.#place(), part: written(part) }),
    ];
  }

  #close(): string {
    const part = this.#part;
    if (!part) return "";
    this.#part = undefined;
    const { text, logprobs } = part;
    const whole = written(part);
    const done =
      part.type === "refusal"
        ? this.#writer.write("response.refusal.done", { ...this.#place(), refusal: text })
        : this.#writer.write("response.output_text.done", { ...this.#place(), text, logprobs });
    const closed = done + this.#writer.write("response.content_part.done", { ...this.#place(), part: whole });
    this.#content.push(whole);
    return closed;
  }

  end(status: ItemStatus): { text: string; item: Fields } {
    const closed = this.#close();
    const item = this.#item(status);
    const done = this.#writer.write("response.output_item.done", { output_index: this.index, item });
    return { text: closed + done, item };
  }
}

function written({ type, text, annotations, logprobs }: OpenPart): Fields {
  if (type === "refusal") return { type, refusal: text };
  return {
    type,
    text,
    annotations: [...annotations],
    ...(logprobs.length > 0 && { logprobs: [...logprobs] }),
  };
}
