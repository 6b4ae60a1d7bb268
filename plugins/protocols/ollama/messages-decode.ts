import { badRequest, isFields, newToolId } from "../../../core/index.ts";
import { asOwn, optionalObjects, ollama, optionalText } from "./fields.ts";
import { decodeImages } from "./images.ts";
import type { ChatMessage, ContentPart, Fields, ToolCall, ToolMessage } from "../../../core/index.ts";

/** The id of a request's nth call that came without one: the same in every turn, so that prompts can be cached. */
export function madeId(place: number): string {
  return newToolId(ollama, place);
}

/** Reads the messages of a chat. */
export function decodeMessages(messages: readonly Fields[]): ChatMessage[] {
  const reader = new MessageReader();
  return messages.map((message) => reader.read(message));
}

/** Results belong to calls by id, by name, or else by their order. */
class MessageReader {
  /** Calls of the last assistant message that have no result yet. */
  #open: ToolCall[] = [];
  #calls = 0;
  #orphans = 0;

  read(message: Fields): ChatMessage {
    const role = optionalText(message["role"], "messages.role").toLowerCase();
    if (role === "tool") return this.#toolMessage(message);
    if (role === "user" || role === "system" || role === "developer") {
      return { role, content: decodeContent(message) };
    }
    if (role === "assistant") return this.#assistant(message);
    throw badRequest("messages.role must be system, user, assistant or tool.", "messages");
  }

  #assistant(message: Fields): ChatMessage {
    const thinking = optionalText(message["thinking"], "messages.thinking");
    const text = optionalText(message["content"], "messages.content");
    const images = decodeImages(message["images"]);
    const calls = optionalObjects(message["tool_calls"], "messages.tool_calls").map((call, at) =>
      decodeCall(call, () => madeId(this.#calls + at)),
    );
    this.#calls += calls.length;
    this.#open = [...calls];
    return {
      role: "assistant",
      ...(message["content"] !== undefined && { content: text === "" && calls.length > 0 ? null : text }),
      ...(thinking && { reasoning_content: thinking }),
      ...(calls.length > 0 && { tool_calls: calls }),
      ...(images.length > 0 && { images }),
    };
  }

  #toolMessage(message: Fields): ToolMessage {
    const { tool_call_id } = message;
    const named = message["tool_name"] ?? message["name"];
    const call =
      this.#open.find(({ id }) => id === tool_call_id) ??
      this.#open.find((one) => one.type === "function" && one.function.name === named) ??
      (named === undefined ? this.#open[0] : undefined);
    if (call) this.#open = this.#open.filter((one) => one !== call);
    const id =
      typeof tool_call_id === "string"
        ? tool_call_id
        : (call?.id ?? newToolId(`${ollama}-result`, this.#orphans++));
    // A name is written again where it was, and where it is needed to find the call.
    const kept = message["tool_name"] === undefined ? { tool_name: null } : call ? {} : { tool_name: named };
    return { role: "tool", tool_call_id: id, content: decodeContent(message), ...asOwn(kept) };
  }
}

function decodeContent(message: Fields): string | ContentPart[] {
  const text = optionalText(message["content"], "messages.content");
  const images = decodeImages(message["images"]);
  if (images.length === 0) return text;
  return text === "" ? images : [{ type: "text", text }, ...images];
}

/** Arguments are an object; some models' servers give them as JSON text. */
export function decodeCall(call: Fields, newId: () => string): ToolCall {
  const given = isFields(call["function"]) ? call["function"] : {};
  const { name, arguments: input } = given;
  return {
    id: typeof call["id"] === "string" && call["id"] !== "" ? call["id"] : newId(),
    type: "function",
    function: {
      name: typeof name === "string" ? name : "",
      arguments: typeof input === "string" ? input || "{}" : JSON.stringify(input ?? {}),
    },
  };
}
