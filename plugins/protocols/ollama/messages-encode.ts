import { isFields, parseFields, partsOf, reasoningTextOf, textOfFile } from "../../../core/index.ts";
import { ownOf } from "./fields.ts";
import { encodeImage } from "./images.ts";
import { madeId } from "./messages-decode.ts";
import type {
  AssistantMessage,
  ChatMessage,
  CodecContext,
  ContentPart,
  FilePart,
  ImagePart,
  ToolCall,
  ToolMessage,
} from "../../../core/index.ts";
import type { MessageBody, ToolCallBody } from "./wire.ts";

/** Writes the messages of a chat. */
export function encodeMessages(messages: readonly ChatMessage[], context: CodecContext): MessageBody[] {
  const writer = new MessageWriter(context);
  return messages.map((message) => writer.write(message));
}

class MessageWriter {
  readonly #context: CodecContext;
  /** Names of the functions called so far, by call. */
  readonly #names = new Map<string, string>();
  readonly #madeIds = new Set<string>();

  constructor(context: CodecContext) {
    this.#context = context;
  }

  write(message: ChatMessage): MessageBody {
    if ("name" in message && message.name) this.#context.drop("messages.name");
    if (message.role === "assistant") return this.#assistant(message);
    if (message.role === "tool") return this.#toolMessage(message);
    const role = message.role === "developer" ? "system" : message.role;
    return { role, ...this.#content(message.content) };
  }

  #assistant(message: AssistantMessage): MessageBody {
    if (message.audio) this.#context.drop("messages.audio");
    const { content, images } = this.#content(message.content, message.images);
    const thinking = reasoningTextOf(message);
    const said = [content, message.refusal].filter(Boolean).join("\n");
    const calls = (message.tool_calls ?? []).map((call) => this.#call(call));
    const isBare = message.content === undefined && said === "" && calls.length > 0;
    const written = { role: "assistant", ...(!isBare && { content: said }) } as MessageBody;
    if (thinking) written.thinking = thinking;
    if (images) written.images = images;
    if (calls.length > 0) written.tool_calls = calls;
    return written;
  }

  #call(call: ToolCall): ToolCallBody {
    const written = encodeCall(call);
    const made = madeId(this.#names.size);
    this.#names.set(call.id, written.function.name);
    if (call.id !== made) return { id: call.id, ...written };
    this.#madeIds.add(made);
    return written;
  }

  /** There is no flag for a failure: the text says it. */
  #toolMessage(message: ToolMessage): MessageBody {
    const { tool_call_id: id, is_error } = message;
    const { content, images } = this.#content(message.content);
    const { tool_name: kept } = ownOf(message) ?? {};
    const name = typeof kept === "string" ? kept : this.#names.get(id);
    return {
      role: "tool",
      content: is_error ? `Error: ${content}` : content,
      ...(images && { images }),
      ...(name !== undefined && kept !== null && { tool_name: name }),
      ...(this.#names.has(id) && !this.#madeIds.has(id) && { tool_call_id: id }),
    };
  }

  /** Texts become one, images stand beside it. */
  #content(
    content: string | ContentPart[] | null | undefined,
    more: readonly ImagePart[] = [],
  ): { content: string; images?: string[] } {
    if (typeof content === "string" && more.length === 0) return { content };
    const texts: string[] = [];
    const images: string[] = [];
    for (const part of [...partsOf(content), ...more]) {
      const image = part.type === "image_url" ? encodeImage(part) : undefined;
      const text = image === undefined ? textOf(part) : undefined;
      if (image !== undefined) images.push(image);
      else if (text !== undefined) texts.push(text);
      else this.#context.drop(`messages.content.${part.type}`);
    }
    return { content: texts.join("\n"), ...(images.length > 0 && { images }) };
  }
}

function textOf(part: ContentPart): string | undefined {
  if (part.type === "text") return part.text;
  if (part.type === "refusal") return part.refusal;
  return part.type === "file" ? fileText(part) : undefined;
}

/** The text of a file of text, under its name; undefined for any other file. */
function fileText({ file }: FilePart): string | undefined {
  const text = textOfFile(file);
  return text === undefined || file.filename === undefined ? text : `${file.filename}:\n${text}`;
}

/** A call without its id. Arguments are an object here: what is none stands in one, as its member `input`. */
export function encodeCall(call: ToolCall): ToolCallBody {
  if (call.type === "custom") {
    const { name, input } = call.custom;
    return { function: { name, arguments: { input } } };
  }
  const { name, arguments: input } = call.function;
  return { function: { name, arguments: argumentsOf(input) } };
}

/** Arguments as an object. */
export function argumentsOf(input: string): Record<string, unknown> {
  if (input.trim() === "") return {};
  const parsed = parseFields(input);
  return isFields(parsed) ? parsed : { input };
}
