import type {
  AnswerContext,
  ChatChunk,
  ChatDelta,
  ChatRequest,
  ChunkChoice,
  Fields,
  GatewayError,
  ReasoningDetail,
  StreamEncoder,
  ToolCallDelta,
} from "../../../core/index.ts";
import { badAnswer, isFields, toolId } from "../../../core/index.ts";
import { latency } from "./answer.ts";
import { streamExceptionName } from "./errors.ts";
import { stopReason, wireUsage } from "./finish.ts";
import { contentType, writeMessage } from "./frames.ts";
import { imageBlock } from "./media.ts";
import { toolIdLimit } from "./messages-encode.ts";
import { name, ownOf } from "./own.ts";
import { hasText, shownDetail } from "./reasoning.ts";
import type { WireEvents } from "./wire.ts";

/** Writes ConverseStream's events, each as a line of its name and its JSON; `toBytes` makes them messages. */
export class ConverseEncoder implements StreamEncoder<ChatChunk> {
  readonly contentType = contentType;
  readonly #context: AnswerContext<ChatRequest>;
  #begun = false;
  /** What the open block is: `text`, `reasoning`, or `call` and the call's index. */
  #open: string | undefined;
  /** Of the block that is open, or was last. */
  #index = -1;
  #finish: ChunkChoice | undefined;
  #usage: ChatChunk["usage"];
  #tier: string | null | undefined;
  #own: Fields = {};

  constructor(context: AnswerContext<ChatRequest>) {
    this.#context = context;
  }

  toBytes(text: string): Uint8Array {
    const messages = text.split("\n").flatMap((line) => {
      const space = line.indexOf(" ");
      if (space < 0) return [];
      const event = line.slice(0, space);
      return [writeMessage(event, line.slice(space + 1), event.endsWith("Exception"))];
    });
    const all = new Uint8Array(messages.reduce((sum, { byteLength }) => sum + byteLength, 0));
    let at = 0;
    for (const message of messages) {
      all.set(message, at);
      at += message.byteLength;
    }
    return all;
  }

  chunk({ choices, usage, service_tier: tier, ...rest }: ChatChunk): string {
    let text = "";
    for (const choice of choices) {
      // There is room for one answer.
      if (choice.index !== 0) continue;
      text += this.#delta(choice.delta);
      if (choice.finish_reason) this.#finish = choice;
    }
    if (usage) this.#usage = usage;
    if (tier != null) this.#tier = tier;
    Object.assign(this.#own, ownOf(rest));
    return text;
  }

  end(): string {
    const { additionalModelResponseFields, metrics, ...own } = this.#own;
    const stop = this.#finish?.stop_sequence;
    const fields = additionalModelResponseFields ?? (stop == null ? undefined : { stop_sequence: stop });
    const stopped: WireEvents["messageStop"] = {
      stopReason: stopReason(this.#finish ?? {}) as WireEvents["messageStop"]["stopReason"],
      ...(fields !== undefined && { additionalModelResponseFields: fields as never }),
    };
    const metadata = {
      usage: wireUsage(this.#usage),
      metrics: metrics ?? { latencyMs: latency(this.#context) },
      ...(this.#tier != null && this.#tier !== "auto" && { serviceTier: { type: this.#tier } }),
      ...own,
    };
    return this.#begin() + this.#close() + line("messageStop", stopped) + line("metadata", metadata);
  }

  error(error: GatewayError): string {
    return line(streamExceptionName(error.status), { message: error.message });
  }

  #begin(): string {
    if (this.#begun) return "";
    this.#begun = true;
    const start: WireEvents["messageStart"] = { role: "assistant" };
    return line("messageStart", start);
  }

  #close(): string {
    if (this.#open === undefined) return "";
    this.#open = undefined;
    const stop: WireEvents["contentBlockStop"] = { contentBlockIndex: this.#index };
    return line("contentBlockStop", stop);
  }

  /** Goes on with the open block of a kind, or begins one; only calls and images have a start. */
  #block(kind: string, start?: Fields): string {
    if (this.#open === kind) return "";
    const closed = this.#close();
    this.#open = kind;
    this.#index++;
    return start ? closed + line("contentBlockStart", { start, contentBlockIndex: this.#index }) : closed;
  }

  #piece(delta: Fields): string {
    return line("contentBlockDelta", { delta, contentBlockIndex: this.#index });
  }

  #delta(delta: ChatDelta): string {
    let text = this.#begin();
    const details = delta.reasoning_details ?? [];
    if (delta.reasoning_content && !details.some(hasText)) {
      text += this.#block(`reasoning ${details[0]?.index ?? ""}`);
      text += this.#piece({ reasoningContent: { text: delta.reasoning_content } });
    }
    for (const detail of details) text += this.#reasoning(detail);
    const said = (delta.content ?? "") + (delta.refusal ?? "");
    if (said) text += this.#block("text") + this.#piece({ text: said });
    for (const annotation of delta.annotations ?? []) text += this.#citation(annotation);
    for (const part of delta.parts ?? []) if (part.protocol === name) text += this.#kept(part.value);
    for (const image of delta.images ?? []) {
      const block = imageBlock(image, this.#context);
      if (block) text += this.#kept({ image: block });
    }
    for (const call of delta.tool_calls ?? []) text += this.#call(call);
    return text;
  }

  #reasoning(detail: ReasoningDetail): string {
    const begun = this.#block(`reasoning ${detail.index ?? ""}`);
    return (
      begun +
      shownDetail(detail)
        .map((block) => this.#reasoningPieces(block))
        .join("")
    );
  }

  #reasoningPieces({ reasoningContent: content }: Fields): string {
    const { reasoningText: said, redactedContent } = isFields(content) ? content : {};
    if (!isFields(said)) return this.#piece({ reasoningContent: { redactedContent } });
    const { text, signature } = said;
    const words = text ? this.#piece({ reasoningContent: { text } }) : "";
    return words + (signature ? this.#piece({ reasoningContent: { signature } }) : "");
  }

  #citation({ type, citation, url_citation: page }: { type: string } & Fields): string {
    if (type === name && isFields(citation)) return this.#block("text") + this.#piece({ citation });
    if (type !== "url_citation" || !isFields(page)) return "";
    const { url, title } = page;
    const web = { ...(typeof title === "string" && { title }), location: { web: { url } } };
    return this.#block("text") + this.#piece({ citation: web });
  }

  /** A block that comes whole. */
  #kept(block: Fields): string {
    const { toolUse, toolResult, image } = block;
    if (isFields(toolUse)) {
      const { input, ...start } = toolUse;
      return this.#whole({ toolUse: start }, { toolUse: { input: JSON.stringify(input ?? {}) } });
    }
    if (isFields(toolResult)) {
      const { content, ...start } = toolResult;
      return this.#whole({ toolResult: start }, { toolResult: content });
    }
    if (!isFields(image)) return "";
    return this.#whole({ image: { format: image["format"] } }, { image: { source: image["source"] } });
  }

  #whole(start: Fields, delta: Fields): string {
    return this.#close() + this.#block("kept", start) + this.#piece(delta) + this.#close();
  }

  #call(call: ToolCallDelta): string {
    const { index, id, type = "function" } = call;
    const kind = `call ${index}`;
    const toolName = type === "custom" ? call.custom?.name : call.function?.name;
    const input = type === "custom" ? call.custom?.input : call.function?.arguments;
    let text = "";
    if (this.#open !== kind) {
      // Clients end a call with its block: a piece that comes after has no place to go.
      if (id === undefined || !toolName) throw badAnswer("its tool calls are mixed with one another");
      text = this.#block(kind, { toolUse: { toolUseId: toolId(id, toolIdLimit), name: toolName } });
    }
    return input ? text + this.#piece({ toolUse: { input } }) : text;
  }
}

function line(event: string, data: object): string {
  return `${event} ${JSON.stringify(data)}\n`;
}
