import type {
  ResponseCustomToolCallItem,
  ResponseFunctionToolCallItem,
  ResponseOutputItem,
} from "openai/resources/responses/responses";
import { isFields, newToolId, readDataURL } from "../../../core/index.ts";
import type {
  AssistantMessage,
  ChatChoice,
  ContentPart,
  Fields,
  ImagePart,
  ReasoningDetail,
  ToolCall,
} from "../../../core/index.ts";
import { writeAnnotations } from "./annotations.ts";
import { encodePart } from "./content.ts";
import { contentParts, isItem, layoutOf } from "./layout.ts";
import type { Entry } from "./layout.ts";
import { ownOf } from "./own.ts";
import { carryReasoning, detailText, encodeReasoning, isOurs } from "./reasoning.ts";
import { idCore } from "./response.ts";

export type ItemStatus = "completed" | "incomplete";

/** Writes a whole message's items; ids are made from the call's and each item's place. */
export function encodeOutput(choice: ChatChoice, callId: string, status: ItemStatus): Fields[] {
  return new OutputWriter(choice, callId, status).write();
}

class OutputWriter {
  readonly #message: AssistantMessage;
  readonly #logprobs: unknown[] | undefined;
  readonly #callId: string;
  readonly #status: ItemStatus;
  readonly #layout: Entry[];
  readonly #parts: ContentPart[];
  readonly #items: Fields[] = [];
  #details: ReasoningDetail[];
  #calls: ToolCall[];
  #partAt = 0;
  #callAt = 0;

  constructor({ message, logprobs }: ChatChoice, callId: string, status: ItemStatus) {
    this.#message = message;
    this.#logprobs = logprobsOf(logprobs);
    this.#callId = callId;
    this.#status = status;
    this.#layout = layoutOf(message);
    this.#parts = contentParts(message);
    this.#details = message.reasoning_details ?? [];
    this.#calls = message.tool_calls ?? [];
  }

  write(): Fields[] {
    const { reasoning_content, images } = this.#message;
    if (this.#details.length === 0 && reasoning_content) {
      this.#items.push(carryReasoning(this.#id("rs"), [reasoning_content], { details: [], calls: {} }));
    }
    let pictures = this.#parts.some(isItem) ? [] : (images ?? []);
    for (const entry of this.#layout) {
      if (entry.take === "call" && pictures.length > 0) {
        this.#writeImages(pictures);
        pictures = [];
      }
      this.#writeEntry(entry);
    }
    this.#writeImages(pictures);
    return this.#withStatus();
  }

  #id(prefix: string): string {
    return itemId(prefix, this.#callId, this.#items.length);
  }

  #writeEntry(entry: Entry): void {
    if (entry.take === "reasoning") {
      this.#writeReasoning(this.#details.slice(0, entry.count), entry.rest);
      this.#details = this.#details.slice(entry.count);
    } else if (entry.take === "call") {
      const call = this.#calls[this.#callAt++];
      if (call) this.#writeCall(call);
    } else if (entry.take === "item") {
      const part = this.#parts[this.#partAt++];
      if (part?.type === "extension") this.#items.push(part.value);
    } else {
      const parts = this.#parts.slice(this.#partAt, (this.#partAt += entry.count));
      this.#writeMessage(parts, entry);
    }
  }

  #writeReasoning(details: ReasoningDetail[], rest: Fields | undefined): void {
    if (details.every(isOurs)) {
      this.#items.push({ id: this.#id("rs"), ...encodeReasoning(details, rest) });
      return;
    }
    let texts = details.map(detailText).filter(Boolean);
    const { reasoning_content } = this.#message;
    if (texts.length === 0 && reasoning_content) texts = [reasoning_content];
    this.#items.push(carryReasoning(this.#id("rs"), texts, { details, calls: {} }));
  }

  #writeMessage(parts: readonly ContentPart[], entry: Extract<Entry, { take: "message" }>): void {
    const isSingle = typeof this.#message.content === "string";
    const content = parts.flatMap<Fields>((part) => {
      const written = encodePart(part, "output_text");
      if (!written || part.type !== "text" || !isSingle) return written ?? [];
      return [this.#withBeside(written, entry.part)];
    });
    if (content.length === 0 && parts.length > 0) return;
    this.#spreadAnnotations(content);
    const id = this.#id("msg");
    this.#items.push({ id, type: "message", status: "completed", content, role: "assistant", ...entry.rest });
  }

  /** The only text, with what stands beside the message in the neutral shape. */
  #withBeside(part: Fields, kept: Fields | undefined): Fields {
    const annotations = writeAnnotations(this.#message.annotations);
    const { annotations: none, ...rest } = kept ?? {};
    const written = { ...part, annotations, ...(this.#logprobs && { logprobs: this.#logprobs }), ...rest };
    if (none !== null) return written;
    const { annotations: _annotations, ...bare } = written;
    return bare;
  }

  /** Citations of an answer in several parts, none of which has its own, go to the first text. */
  #spreadAnnotations(content: Fields[]): void {
    if (typeof this.#message.content === "string") return;
    const isTold = this.#parts.some((part) => part.type === "text" && ownOf(part)?.["annotations"]);
    const text = content.find(({ type }) => type === "output_text");
    if (isTold || !text || this.#items.some(({ type }) => type === "message")) return;
    text["annotations"] = writeAnnotations(this.#message.annotations);
    if (this.#logprobs) text["logprobs"] = this.#logprobs;
  }

  #writeImages(images: readonly ImagePart[]): void {
    for (const image of images) {
      const item = imageItem(image, this.#id("ig"));
      if (item) this.#items.push(item);
    }
  }

  #writeCall(call: ToolCall): void {
    const id = call.id || newToolId(this.#callId, this.#callAt - 1);
    if (call.type === "function" && call.extra_content) {
      const carried = { details: [], calls: { [id]: call.extra_content } };
      this.#items.push(carryReasoning(this.#id("rs"), [], carried));
    }
    const own = ownOf(call);
    const made = this.#id(call.type === "custom" ? "ctc" : "fc");
    this.#items.push({ ...callItem({ ...call, id }, made, "completed"), ...own });
  }

  /** What was cut off is the last item. */
  #withStatus(): Fields[] {
    const last = this.#items.at(-1);
    if (this.#status === "completed" || !last || last["status"] !== "completed") return this.#items;
    if (ownOf(this.#message)?.["items"]) return this.#items;
    return [...this.#items.slice(0, -1), { ...last, status: this.#status }];
  }
}

/** An item's id: always the same for the same call and place. */
export function itemId(prefix: string, callId: string, place: number): string {
  return `${prefix}_${idCore(callId)}${place}`;
}

/** A call as an item of an answer. */
export function callItem(call: ToolCall, id: string, status: ItemStatus | "in_progress"): Fields {
  if (call.type === "custom") {
    const { name, input } = call.custom;
    const item: ResponseCustomToolCallItem = {
      id,
      type: "custom_tool_call",
      status,
      call_id: call.id,
      name,
      input,
    };
    return { ...item };
  }
  const { name, arguments: input } = call.function;
  const item: ResponseFunctionToolCallItem = {
    id,
    type: "function_call",
    status,
    call_id: call.id,
    name,
    arguments: input || "{}",
  };
  return { ...item };
}

/** An image that the model made as an item; undefined for one that is not here but behind a URL. */
export function imageItem({ image_url }: ImagePart, id: string): Fields | undefined {
  const read = readDataURL(image_url.url);
  if (!read) return undefined;
  const item: ResponseOutputItem.ImageGenerationCall = {
    id,
    type: "image_generation_call",
    status: "completed",
    result: read.data,
  };
  return { ...item, output_format: read.mediaType.replace("image/", "") };
}

/** The tokens' probabilities in Chat Completions' `logprobs`. */
export function logprobsOf(logprobs: unknown): unknown[] | undefined {
  const content = isFields(logprobs) ? logprobs["content"] : undefined;
  return Array.isArray(content) && content.length > 0 ? content : undefined;
}
