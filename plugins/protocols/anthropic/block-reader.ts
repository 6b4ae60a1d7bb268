import { badAnswer, isFields, parseFields, reasoningFormats } from "../../../core/index.ts";
import { customInput } from "./assistant-decode.ts";
import { kept } from "./blocks-decode.ts";
import { annotationFrom } from "./citations.ts";
import { textIn } from "./fields.ts";
import { readCarried, redactedDetail, thinkingDetail } from "./signatures.ts";
import type { ChatDelta, ExtensionPart, Fields, ReasoningDetail } from "../../../core/index.ts";
import type { CalledTools } from "./assistant-decode.ts";

/** The most characters of a block that is only passed on once it is whole. */
const heldLimit = 8 * 1024 * 1024;

interface Block {
  kind: "text" | "thinking" | "call" | "custom" | "answer" | "other";
  /** The place among the message's calls or details. */
  index: number;
  /** The block as it began, with what was added where it is held. */
  fields: Fields;
  /** Characters of input so far; its text only where it is held. */
  received: number;
  input: string;
}

/** Reads the blocks of a stream: what is text goes on at once, blocks that only this protocol knows once they are whole. */
export class BlockReader {
  readonly #tools: CalledTools;
  readonly #open = new Map<unknown, Block>();
  #details = 0;
  #calls = 0;
  /** Characters of text before the block that is open, for citations. */
  #textBefore = 0;
  #text = 0;

  constructor(tools: CalledTools) {
    this.#tools = tools;
  }

  /** How many tools were called so far. */
  get calls(): number {
    return this.#calls;
  }

  start(event: Fields): ChatDelta | undefined {
    const { index, content_block: fields } = event;
    if (!isFields(fields)) throw badAnswer("a block of its stream begins without a block");
    const kind = this.#kindOf(fields);
    const block: Block = { kind, index: 0, fields, received: 0, input: "" };
    this.#open.set(index, block);
    if (kind === "text") {
      this.#textBefore = this.#text;
      return this.#textDelta(textIn(fields, "text"));
    }
    if (kind === "thinking") return this.#startThinking(block);
    if (kind === "call" || kind === "custom") return this.#startCall(block);
    if (fields["type"] === "redacted_thinking") return this.#redacted(textIn(fields, "data"));
    return undefined;
  }

  #kindOf(fields: Fields): Block["kind"] {
    const { type, name } = fields;
    if (type === "text" || type === "thinking") return type;
    if (type !== "tool_use") return "other";
    if (name === this.#tools.answer) return "answer";
    return this.#tools.custom.has(String(name)) ? "custom" : "call";
  }

  #startThinking(block: Block): ChatDelta | undefined {
    block.index = this.#details++;
    const text = textIn(block.fields, "thinking");
    return text ? this.#thought(block, text) : undefined;
  }

  #startCall(block: Block): ChatDelta {
    block.index = this.#calls++;
    const { index, kind, fields } = block;
    const id = textIn(fields, "id");
    const name = textIn(fields, "name");
    const call =
      kind === "call"
        ? { index, id, type: "function" as const, function: { name, arguments: "" } }
        : { index, id, type: "custom" as const, custom: { name, input: "" } };
    return { tool_calls: [call] };
  }

  #redacted(data: string): ChatDelta | undefined {
    // A tool call's signature is only ever in a client's request.
    if (readCarried(data)?.kind === "call") return undefined;
    const detail = redactedDetail(data, this.#details++);
    return detail && { reasoning_details: [detail] };
  }

  delta(event: Fields): ChatDelta | undefined {
    const { index, delta } = event;
    const block = this.#open.get(index);
    if (!block || !isFields(delta)) throw badAnswer("a piece of its stream belongs to no block");
    switch (delta["type"]) {
      case "text_delta":
        return this.#textDelta(textIn(delta, "text"));
      case "input_json_delta":
        return this.#input(block, textIn(delta, "partial_json"));
      case "thinking_delta":
        return this.#thought(block, textIn(delta, "thinking"));
      case "signature_delta":
        return this.#signature(block, textIn(delta, "signature"));
      case "citations_delta":
        return this.#citation(delta["citation"]);
      default:
        return this.#other(block, delta);
    }
  }

  #textDelta(content: string): ChatDelta | undefined {
    this.#text += content.length;
    return content === "" ? undefined : { content };
  }

  #input(block: Block, text: string): ChatDelta | undefined {
    if (text === "") return undefined;
    block.received += text.length;
    if (block.kind === "answer") return { content: text };
    if (block.kind === "call") return { tool_calls: [{ index: block.index, function: { arguments: text } }] };
    if (block.received > heldLimit)
      throw badAnswer(`a block of its stream is longer than ${heldLimit} characters`);
    block.input += text;
    return undefined;
  }

  #thought({ index }: Block, text: string): ChatDelta | undefined {
    if (text === "") return undefined;
    const detail: ReasoningDetail = {
      type: "reasoning.text",
      text,
      format: reasoningFormats.anthropic,
      index,
    };
    return { reasoning_content: text, reasoning_details: [detail] };
  }

  #signature({ index }: Block, signature: string): ChatDelta | undefined {
    return signature === "" ? undefined : { reasoning_details: [thinkingDetail("", signature, index)] };
  }

  #citation(citation: unknown): ChatDelta | undefined {
    if (!isFields(citation)) return undefined;
    return { annotations: [annotationFrom(citation, this.#textBefore, this.#text)] };
  }

  /** Pieces of blocks that are kept whole: members that are text add up, others are the latest. */
  #other({ kind, fields }: Block, delta: Fields): undefined {
    if (kind !== "other") return undefined;
    for (const name in delta) {
      if (name === "type") continue;
      const before = fields[name];
      const next = delta[name];
      fields[name] =
        typeof before === "string" && typeof next === "string" ? before + next : (next ?? before);
    }
    return undefined;
  }

  stop({ index }: Fields): ChatDelta | undefined {
    const block = this.#open.get(index);
    this.#open.delete(index);
    if (!block) return undefined;
    const { kind, fields, input } = block;
    if (kind === "call") return block.received > 0 ? undefined : this.#wholeInput(block);
    if (kind === "answer") {
      return block.received > 0 ? undefined : { content: JSON.stringify(fields["input"] ?? {}) };
    }
    if (kind === "custom") {
      const text = customInput(parseFields(input) ?? fields["input"]);
      return { tool_calls: [{ index: block.index, custom: { input: text } }] };
    }
    if (kind !== "other" || fields["type"] === "redacted_thinking") return undefined;
    const whole = input === "" ? fields : { ...fields, input: parseFields(input) ?? input };
    return { parts: [kept(whole) as ExtensionPart] };
  }

  /** No piece of input came: it stood in the block's begin, or there is none, which is an empty object. */
  #wholeInput({ index, fields }: Block): ChatDelta {
    const text = JSON.stringify(isFields(fields["input"]) ? fields["input"] : {});
    return { tool_calls: [{ index, function: { arguments: text } }] };
  }
}
