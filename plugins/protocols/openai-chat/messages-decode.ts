import { badRequest, isFields, newToolId } from "../../../core/index.ts";
import type { ChatMessage, ContentPart, Fields, ToolCall } from "../../../core/index.ts";
import { protocolName } from "./functions.ts";
import { argumentsText } from "./tool-calls.ts";

/**
 * A client's messages, checked. `function` messages answer the call before them as `tool` messages do; a part of a
 * type that is not known here is an extension part.
 * @param name Tells ids apart that are made here.
 */
export function readMessages(messages: unknown, name: string): ChatMessage[] {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw badRequest("messages must be a list with at least one message.", "messages");
  }
  const reader = new MessageReader(name);
  return messages.map((message, index) => reader.read(message, `messages[${index}]`));
}

class MessageReader {
  readonly #name: string;
  /** Ids made for the deprecated `function_call`, by the function's name. */
  readonly #made = new Map<string, string>();
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  read(message: unknown, path: string): ChatMessage {
    if (!isFields(message)) throw badRequest(`${path} must be an object.`, path);
    const { role } = message;
    if (role === "assistant") return this.#assistant(message, path);
    if (role === "function") return this.#function(message, path);
    if (role !== "system" && role !== "developer" && role !== "user" && role !== "tool") {
      throw badRequest(`${path}.role must be system, developer, user, assistant or tool.`, `${path}.role`);
    }
    if (role === "tool" && typeof message["tool_call_id"] !== "string") {
      throw badRequest(`${path}.tool_call_id must be a string.`, `${path}.tool_call_id`);
    }
    const content = readContent(message["content"], `${path}.content`);
    if (content === null)
      throw badRequest(`${path}.content must be a string or a list of parts.`, `${path}.content`);
    return withMark({ ...message, content }) as unknown as ChatMessage;
  }

  #assistant(message: Fields, path: string): ChatMessage {
    const { tool_calls: calls, function_call: single, reasoning, ...rest } = message;
    const content = readContent(message["content"], `${path}.content`);
    const read: Fields = { ...rest, ...(message["content"] !== undefined && { content }) };
    if (typeof reasoning === "string") read["reasoning_content"] ??= reasoning;
    if (Array.isArray(calls) && calls.length > 0) {
      read["tool_calls"] = calls.map((call, index) => readCall(call, `${path}.tool_calls[${index}]`));
    } else if (calls !== undefined && calls !== null && !Array.isArray(calls)) {
      throw badRequest(`${path}.tool_calls must be a list.`, `${path}.tool_calls`);
    } else if (isFields(single)) read["tool_calls"] = [this.#call(single, `${path}.function_call`)];
    return withMark(read) as unknown as ChatMessage;
  }

  #call(single: Fields, path: string): ToolCall {
    const { name, arguments: given } = single;
    if (typeof name !== "string") throw badRequest(`${path} must have a name.`, path);
    const id = newToolId(this.#name, this.#count++);
    this.#made.set(name, id);
    return { id, type: "function", function: { name, arguments: argumentsText(given) } };
  }

  #function({ name, content }: Fields, path: string): ChatMessage {
    const id = typeof name === "string" ? this.#made.get(name) : undefined;
    if (id === undefined) throw badRequest(`${path} answers no function_call before it.`, path);
    return { role: "tool", tool_call_id: id, content: readContent(content, `${path}.content`) ?? "" };
  }
}

function readCall(call: unknown, path: string): ToolCall {
  if (!isFields(call) || typeof call["id"] !== "string" || !call["id"])
    throw badRequest(`${path} must have an id.`, path);
  const { type = "function", index: _, ...rest } = call;
  const called = call[type === "custom" ? "custom" : "function"];
  if (!isFields(called) || typeof called["name"] !== "string") {
    throw badRequest(`${path}.${String(type)} must have a name.`, `${path}.${String(type)}`);
  }
  if (type === "custom") return { ...rest, type } as unknown as ToolCall;
  const text = argumentsText(called["arguments"]);
  return { ...rest, type: "function", function: { ...called, arguments: text } } as unknown as ToolCall;
}

/** Null where there is none. */
function readContent(content: unknown, path: string): string | ContentPart[] | null {
  if (typeof content === "string") return content;
  if (content === undefined || content === null) return null;
  if (!Array.isArray(content)) throw badRequest(`${path} must be a string or a list of parts.`, path);
  return content.map((part, index) => readPart(part, `${path}[${index}]`));
}

/** What each type of part must have, and how it is told. */
const partMembers: Readonly<Record<string, (part: Fields) => boolean>> = {
  text: (part) => typeof part["text"] === "string",
  refusal: (part) => typeof part["refusal"] === "string",
  image_url: ({ image_url: image }) => isFields(image) && typeof image["url"] === "string",
  input_audio: ({ input_audio: audio }) => isFields(audio) && typeof audio["data"] === "string",
  file: ({ file }) => isFields(file),
};

function readPart(part: unknown, path: string): ContentPart {
  if (!isFields(part) || typeof part["type"] !== "string")
    throw badRequest(`${path} must have a type.`, path);
  const { type, image_url: image } = part;
  if (!Object.hasOwn(partMembers, type)) return { type: "extension", protocol: protocolName, value: part };
  const read = typeof image === "string" ? { ...part, image_url: { url: image } } : part;
  if (!partMembers[type]?.(read)) throw badRequest(`${path} is no ${type} part.`, path);
  // OpenAI's own mark of a cached prefix, for those who have another.
  if (!part["prompt_cache_breakpoint"] || part["cache_control"]) return read as unknown as ContentPart;
  return { ...read, cache_control: { type: "ephemeral" } } as unknown as ContentPart;
}

/** A cache mark on a message, as some clients set it, belongs to its last part; on a `tool` message it may stay. */
function withMark(message: Fields): Fields {
  const { cache_control: mark, content, role } = message;
  if (mark === undefined || role === "tool") return message;
  const { cache_control: _, ...rest } = message;
  const parts = typeof content === "string" && content ? [{ type: "text", text: content }] : content;
  if (!mark || !Array.isArray(parts) || parts.length === 0) return rest;
  const last = { ...(parts.at(-1) as Fields), cache_control: mark };
  return { ...rest, content: [...(parts as unknown[]).slice(0, -1), last] };
}
