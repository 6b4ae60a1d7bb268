import { badRequest, listAt, textAt } from "../../../core/index.ts";
import type {
  AssistantMessage,
  CarriedReasoning,
  ContentPart,
  CustomCall,
  Fields,
  FunctionCall,
  ReasoningDetail,
  ToolCall,
} from "../../../core/index.ts";
import { readAnnotation } from "./annotations.ts";
import { asIs, decodePart, plainText } from "./content.ts";
import { usualLayout } from "./layout.ts";
import type { Entry } from "./layout.ts";
import { ownOfCall } from "./namespaces.ts";
import { asOwn, defined, ownOf } from "./own.ts";
import { decodeReasoning, reasoningText } from "./reasoning.ts";

/** Gathers the items of one turn of the model into one message. */
export class Turn {
  readonly #details: ReasoningDetail[] = [];
  readonly #parts: ContentPart[] = [];
  readonly #calls: ToolCall[] = [];
  readonly #layout: Entry[] = [];
  #carried: CarriedReasoning["calls"] = {};

  /** Takes an item of the model's: a message, reasoning, a call, or what only this protocol knows. */
  add(item: Fields, param: string): void {
    switch (item["type"]) {
      case undefined:
      case "message":
        return this.#addMessage(item, param);
      case "reasoning":
        return this.#addReasoning(item);
      case "function_call":
        return this.#addCall(decodeFunctionCall(item, param));
      case "custom_tool_call":
        return this.#addCall(decodeCustomCall(item, param));
      default:
        this.#parts.push(asIs(item));
        this.#layout.push({ take: "item" });
    }
  }

  #addReasoning(item: Fields): void {
    const { details, calls, rest } = decodeReasoning(item);
    this.#carried = { ...this.#carried, ...calls };
    if (details.length === 0) return;
    this.#details.push(...details);
    this.#layout.push({ take: "reasoning", count: details.length, ...withRest(rest) });
  }

  #addMessage(item: Fields, param: string): void {
    const { role: _role, content, ...rest } = item;
    const isText = typeof content === "string";
    const parts = isText
      ? [{ type: "text" as const, text: content }]
      : listAt(content, `${param}.content`).map((part, at) =>
          decodePart(part, "output_text", `${param}.content[${at}]`),
        );
    this.#parts.push(...parts);
    this.#layout.push({ take: "message", count: parts.length, ...(isText && { isText }), ...withRest(rest) });
  }

  #addCall(call: ToolCall): void {
    this.#calls.push(call);
    this.#layout.push({ take: "call" });
  }

  /** The turn as it stands in a request. A single text is a string: not every service takes a list here. */
  message(): AssistantMessage {
    const text = plainText(this.#parts);
    const entry = this.#layout.find((one) => one.take === "message" && one.count === 1);
    if (text === undefined || entry?.take !== "message") return this.#build(undefined);
    if (entry.isText) delete entry.isText;
    else entry.isList = true;
    return this.#build(text);
  }

  /** The turn as an answer: a single text is a string, and what stands beside texts stands beside the message. */
  answer(): { message: AssistantMessage; logprobs: unknown[] | undefined } {
    const texts = this.#parts.filter((part) => part.type === "text");
    const owns = texts.map((part) => ownOf(part) ?? {});
    const annotations = owns.flatMap(({ annotations }) => (Array.isArray(annotations) ? annotations : []));
    const logprobs: unknown[] = owns.flatMap(({ logprobs }) => (Array.isArray(logprobs) ? logprobs : []));
    const isOne = texts.length === 1 && texts[0]?.text !== "";
    const single = isOne && this.#parts.every(({ type }) => type === "text" || type === "refusal");
    if (single) this.#keepPart(owns[0] ?? {});
    const message = this.#build(single ? texts[0]?.text : undefined, true);
    if (annotations.length > 0) message.annotations = annotations.map(readAnnotation);
    return { message, logprobs: logprobs.length > 0 ? logprobs : undefined };
  }

  /** What a single text's part says and the message does not. */
  #keepPart(own: Fields): void {
    const { annotations, logprobs, ...rest } = own;
    if (Array.isArray(logprobs) && logprobs.length === 0) rest["logprobs"] = logprobs;
    if (annotations === null) rest["annotations"] = null;
    const entry = this.#layout.find((one) => one.take === "message" && one.count > 0);
    if (entry?.take === "message" && Object.keys(rest).length > 0) entry.part = rest;
  }

  #build(text: string | undefined, isAnswer = false): AssistantMessage {
    const message: AssistantMessage = { role: "assistant", content: null };
    const refusals = this.#parts.filter((part) => part.type === "refusal");
    const last = this.#parts.at(-1);
    const parts = refusals.length === 1 && last?.type === "refusal" ? this.#parts.slice(0, -1) : this.#parts;
    if (text !== undefined && parts.length === 1) message.content = text;
    else if (parts.length > 0) message.content = parts;
    if (parts !== this.#parts || isAnswer) {
      const refusal = refusals.map((part) => part.refusal).join("");
      if (refusal) message.refusal = refusal;
    }
    this.#addExtras(message);
    const items = this.#layout;
    const usual = usualLayout(message);
    // An item without pieces, such as a message without parts, is in no usual layout.
    if (JSON.stringify(items) !== JSON.stringify(usual)) message.extensions = asOwn({ items }).extensions;
    return defined(message);
  }

  #addExtras(message: AssistantMessage): void {
    if (this.#details.length > 0) {
      message.reasoning_details = this.#details;
      const text = reasoningText(this.#details);
      if (text) message.reasoning_content = text;
    }
    if (this.#calls.length > 0) message.tool_calls = this.#calls.map((call) => this.#withCarried(call));
    const order = this.#layout.flatMap((entry) => {
      if (entry.take === "reasoning") return Array.from({ length: entry.count }, () => "reasoning" as const);
      if (entry.take === "message") return Array.from({ length: entry.count }, () => "content" as const);
      return entry.take === "item" ? ("content" as const) : ("tool_call" as const);
    });
    const ranks = { reasoning: 0, content: 1, tool_call: 2 };
    if (order.some((kind, at) => at > 0 && ranks[kind] < ranks[order[at - 1] ?? kind])) message.order = order;
  }

  #withCarried(call: ToolCall): ToolCall {
    const extra = call.type === "function" && Object.hasOwn(this.#carried, call.id) && this.#carried[call.id];
    return extra ? ({ ...call, extra_content: extra } as FunctionCall) : call;
  }
}

function withRest(rest: Fields): { rest?: Fields } {
  return Object.keys(rest).length > 0 ? { rest } : {};
}

/** A function call; its id is the one that its output names. */
export function decodeFunctionCall(item: Fields, param: string): FunctionCall {
  const { type: _type, call_id, name, arguments: input, ...rest } = item;
  const id = textAt(call_id, `${param}.call_id`);
  if (typeof name !== "string" || name === "")
    throw badRequest(`${param}.name must be a name.`, `${param}.name`);
  const text = textAt(input, `${param}.arguments`);
  const { flat, own } = ownOfCall(name, rest);
  return { id, type: "function", function: { name: flat, arguments: text || "{}" }, ...asOwn(own) };
}

export function decodeCustomCall(item: Fields, param: string): CustomCall {
  const { type: _type, call_id, name, input, ...rest } = item;
  const { flat, own } = ownOfCall(textAt(name, `${param}.name`), rest);
  return {
    id: textAt(call_id, `${param}.call_id`),
    type: "custom",
    custom: { name: flat, input: textAt(input, `${param}.input`) },
    ...asOwn(own),
  };
}
