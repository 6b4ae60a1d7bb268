import { partsOf, reasoningTextOf, textOfContent, textOfFile } from "../../../core/index.ts";
import { encodeCitations } from "./citations.ts";
import { cohere, ownOf } from "./fields.ts";
import type {
  AssistantMessage,
  ChatMessage,
  CodecContext,
  ContentPart,
  FilePart,
  TextPart,
  ToolCall,
  ToolMessage,
} from "../../../core/index.ts";
import type {
  AssistantBody,
  AssistantPart,
  DocumentBody,
  Message,
  ToolCallBody,
  ToolPart,
  UserPart,
} from "./wire.ts";

/** The messages of a request, and the documents that were found in them. */
export interface EncodedMessages {
  messages: Message[];
  documents: DocumentBody[];
}

export function encodeMessages(messages: readonly ChatMessage[], context: CodecContext): EncodedMessages {
  const writer = new MessageWriter(context);
  for (const message of messages) writer.write(message);
  writer.flushImages();
  return { messages: writer.messages, documents: writer.documents };
}

class MessageWriter {
  readonly messages: Message[] = [];
  readonly documents: DocumentBody[] = [];
  readonly #context: CodecContext;
  /** Images of tool results: they follow, as the user's, once all results of the turn stand together. */
  #images: UserPart[] = [];

  constructor(context: CodecContext) {
    this.#context = context;
  }

  write(message: ChatMessage): void {
    if ("name" in message && message.name) this.#context.drop("messages.name");
    if (message.role === "tool") {
      this.#writeTool(message);
      return;
    }
    this.flushImages();
    if (message.role === "assistant") this.messages.push(encodeAssistant(message, this.#context));
    else if (message.role === "user") {
      this.messages.push({ role: "user", content: this.#userContent(message.content) });
    } else this.messages.push({ role: "system", content: this.#systemContent(message.content) });
  }

  flushImages(): void {
    if (this.#images.length === 0) return;
    this.messages.push({ role: "user", content: this.#images });
    this.#images = [];
  }

  #systemContent(content: string | ContentPart[]): string | { type: "text"; text: string }[] {
    if (typeof content === "string") return content;
    return content.flatMap((part) => {
      if (part.type === "text") return [{ type: "text" as const, text: part.text }];
      this.#context.drop(`messages.content.${part.type}`);
      return [];
    });
  }

  #userContent(content: string | ContentPart[]): string | UserPart[] {
    if (typeof content === "string") return content;
    const parts = content.flatMap((part) => this.#userPart(part));
    return parts.length > 0 ? parts : "";
  }

  #userPart(part: ContentPart): UserPart[] {
    if (part.type === "text") return [{ type: "text", text: part.text }];
    if (part.type === "refusal") return [{ type: "text", text: part.refusal }];
    if (part.type === "image_url") {
      const { url, detail } = part.image_url;
      const known = detail === "auto" || detail === "low" || detail === "high";
      return [{ type: "image_url", image_url: { url, ...(known && { detail }) } }];
    }
    if (part.type === "extension" && part.protocol === cohere) return [part.value as unknown as UserPart];
    const document = part.type === "file" ? textDocument(part) : undefined;
    if (document) this.documents.push(document);
    else this.#context.drop(`messages.content.${part.type}`);
    return [];
  }

  #writeTool(message: ToolMessage): void {
    const { tool_call_id, content, is_error } = message;
    this.messages.push({ role: "tool", tool_call_id, content: this.#toolContent(content, is_error) });
  }

  /** There is no flag for a failure: the text says it. */
  #toolContent(content: string | ContentPart[], failed = false): string | ToolPart[] {
    if (typeof content === "string") return failed ? `Error: ${content}` : content;
    const parts = content.flatMap((part) => this.#toolPart(part));
    return failed ? [{ type: "text", text: "Error:" }, ...parts] : parts;
  }

  #toolPart(part: ContentPart): ToolPart[] {
    if (part.type === "text") return [encodeResult(part)];
    if (part.type === "extension" && part.protocol === cohere) return [part.value as unknown as ToolPart];
    const document = part.type === "file" ? textDocument(part) : undefined;
    if (document) return [{ type: "document", document }];
    if (part.type === "image_url") this.#images.push(...this.#userPart(part));
    else this.#context.drop(`messages.content.${part.type}`);
    return [];
  }
}

function encodeResult(part: TextPart): ToolPart {
  const { document } = ownOf(part) ?? {};
  if (document) return { type: "document", document: document as { data: Record<string, unknown> } };
  return { type: "text", text: part.text };
}

/** A file of text as a document that the model can cite; undefined for any other file. */
function textDocument({ file }: FilePart): { data: Record<string, unknown> } | undefined {
  const text = textOfFile(file);
  const title = file.filename;
  return text === undefined ? undefined : { data: { ...(title !== undefined && { title }), text } };
}

/** An assistant's message. Its text goes before its calls as the plan for them, unless it is known to be content. */
export function encodeAssistant(
  message: AssistantMessage,
  context: CodecContext,
): AssistantBody & { role: "assistant" } {
  if (message.audio) context.drop("messages.audio");
  if (message.images) context.drop("messages.images");
  const calls = encodeCalls(message.tool_calls ?? [], context);
  const isPlanned = calls.length > 0 && ownOf(message)?.["tool_plan"] !== false;
  const parts = partsOf(message.content);
  const hasMarks = parts.some((part) => part.type === "text" && ownOf(part)?.["tool_plan"] === true);
  const plan = parts.filter((part) =>
    hasMarks ? part.type === "text" && ownOf(part)?.["tool_plan"] === true : isPlanned,
  );
  const said = hasMarks ? parts.filter((part) => !plan.includes(part)) : isPlanned ? [] : parts;
  const isText = typeof message.content === "string" && said.length > 0;
  const content = encodeContent(message, isText ? (message.content as string) : said, context);
  const citations = encodeCitations(message.annotations ?? [], textOfContent(message.content));
  return {
    role: "assistant",
    ...(plan.length > 0 && { tool_plan: textOfContent(plan) }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(content !== undefined ? { content } : calls.length === 0 && plan.length === 0 ? { content: "" } : {}),
    ...(citations.length > 0 && { citations }),
  };
}

function encodeContent(
  message: AssistantMessage,
  content: string | ContentPart[],
  { drop }: CodecContext,
): string | AssistantPart[] | undefined {
  const thinking = reasoningTextOf(message);
  if (typeof content === "string" && !thinking && !message.refusal) return content;
  const blocks: AssistantPart[] = thinking ? [{ type: "thinking", thinking }] : [];
  for (const part of partsOf(content)) {
    if (part.type === "text") blocks.push({ type: "text", text: part.text });
    else if (part.type === "refusal") blocks.push({ type: "text", text: part.refusal });
    else drop(`messages.content.${part.type}`);
  }
  if (message.refusal) blocks.push({ type: "text", text: message.refusal });
  return blocks.length > 0 ? blocks : undefined;
}

export function encodeCalls(
  calls: readonly ToolCall[],
  { drop }: Pick<CodecContext, "drop">,
): ToolCallBody[] {
  return calls.map((call): ToolCallBody => {
    if (call.type === "function") {
      const { name, arguments: input } = call.function;
      return { id: call.id, type: "function", function: { name, arguments: input || "{}" } };
    }
    drop("messages.tool_calls.custom");
    const { name, input } = call.custom;
    return { id: call.id, type: "function", function: { name, arguments: JSON.stringify({ input }) } };
  });
}
