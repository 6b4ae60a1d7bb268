import { isFields } from "../../../core/index.ts";
import { cacheMark, kept, textFrom } from "./blocks-decode.ts";
import { restOf, textIn } from "./fields.ts";
import { readCarried, redactedDetail, thinkingDetail } from "./signatures.ts";
import type {
  AssistantMessage,
  ContentPart,
  Fields,
  FunctionCall,
  ReasoningDetail,
  ToolCall,
} from "../../../core/index.ts";

type Kind = NonNullable<AssistantMessage["order"]>[number];

/** What the tools of a request make of their calls in the answer. */
export interface CalledTools {
  /** Names of tools that take text instead of JSON. */
  custom: ReadonlySet<string>;
  /** The tool whose input is the answer's content. */
  answer?: string | undefined;
}

const usual: readonly Kind[] = ["reasoning", "content", "tool_call"];
const callMembers = new Set(["type", "id", "name", "input", "cache_control"]);

/** The pieces of an assistant's turn, from a request or an answer. */
export class AssistantPieces {
  readonly details: ReasoningDetail[] = [];
  readonly parts: ContentPart[] = [];
  readonly calls: ToolCall[] = [];
  readonly #kinds: Kind[] = [];
  readonly #callSignatures = new Map<string, string>();
  readonly #tools: CalledTools;

  constructor(blocks: readonly Fields[], tools: CalledTools = { custom: new Set() }) {
    this.#tools = tools;
    for (const block of blocks) this.#add(block);
  }

  #add(block: Fields): void {
    const { type } = block;
    if (type === "thinking") {
      const { length } = this.details;
      this.#addDetail(thinkingDetail(textIn(block, "thinking"), textIn(block, "signature"), length));
    } else if (type === "redacted_thinking") this.#addRedacted(textIn(block, "data"));
    else if (type === "tool_use") this.#addCall(block);
    else this.#addPart(type === "text" ? textFrom(block) : kept(block));
  }

  #addDetail(detail: ReasoningDetail): void {
    this.details.push(detail);
    this.#kinds.push("reasoning");
  }

  #addRedacted(data: string): void {
    const detail = redactedDetail(data, this.details.length);
    if (detail) {
      this.#addDetail(detail);
      return;
    }
    const { id = "", payload = "" } = readCarried(data) ?? {};
    this.#callSignatures.set(id, payload);
  }

  #addPart(part: ContentPart): void {
    this.parts.push(part);
    this.#kinds.push("content");
  }

  #addCall(block: Fields): void {
    const name = textIn(block, "name");
    const { input } = block;
    if (name === this.#tools.answer) {
      this.#addPart({ type: "text", text: JSON.stringify(input ?? {}) });
      return;
    }
    const id = textIn(block, "id");
    this.calls.push(
      this.#tools.custom.has(name)
        ? { id, type: "custom", custom: { name, input: customInput(input) } }
        : this.#functionCall(block, id, name),
    );
    this.#kinds.push("tool_call");
  }

  #functionCall(block: Fields, id: string, name: string): FunctionCall {
    const signature = this.#callSignatures.get(id);
    return {
      id,
      type: "function",
      function: { name, arguments: JSON.stringify(block["input"] ?? {}) },
      ...cacheMark(block),
      ...restOf(block, callMembers),
      ...(signature !== undefined && { extra_content: { google: { thought_signature: signature } } }),
    };
  }

  /** The order of the pieces, where it is not the usual one. */
  #order(): Kind[] | undefined {
    const places = this.#kinds.map((kind) => usual.indexOf(kind));
    const sorted = places.every((place, i) => i === 0 || place >= (places[i - 1] ?? 0));
    return sorted ? undefined : this.#kinds;
  }

  /** The message without its content. */
  message(): AssistantMessage {
    const order = this.#order();
    const reasoning = this.details.map((detail) => ("text" in detail ? detail.text : "")).join("");
    return {
      role: "assistant",
      content: null,
      ...(reasoning && { reasoning_content: reasoning }),
      ...(this.details.length > 0 && { reasoning_details: this.details }),
      ...(this.calls.length > 0 && { tool_calls: this.calls }),
      ...(order && { order }),
    };
  }
}

/** The text that a custom tool was called with: the one member that its schema has. */
export function customInput(input: unknown): string {
  const text = isFields(input) ? input["input"] : input;
  return typeof text === "string" ? text : JSON.stringify(input ?? "");
}

/** True for a text that has nothing beside it. */
export function isPlainText(part: ContentPart | undefined): part is { type: "text"; text: string } {
  return part?.type === "text" && part.cache_control === undefined && part.extensions === undefined;
}
