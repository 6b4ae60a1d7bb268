import { badRequest, isFields, objectsAt, textAt } from "../../../core/index.ts";
import { decodeCitations } from "./citations.ts";
import { asOwn, cohere } from "./fields.ts";
import type {
  AssistantMessage,
  ChatMessage,
  ContentPart,
  Fields,
  TextPart,
  ToolCall,
  ToolMessage,
} from "../../../core/index.ts";

/** Reads the messages of a request. */
export function decodeMessages(messages: readonly Fields[]): ChatMessage[] {
  return messages.map((message) => {
    const { role, content } = message;
    if (role === "user" || role === "system" || role === "developer") {
      return { role, content: decodeContent(content) };
    }
    if (role === "assistant") return decodeAssistant(message);
    if (role === "tool") return decodeToolMessage(message);
    throw badRequest("messages.role must be system, user, assistant or tool.", "messages");
  });
}

function decodeContent(content: unknown): string | ContentPart[] {
  if (typeof content === "string") return content;
  return objectsAt(content, "messages.content").map(decodePart);
}

function decodePart(part: Fields): ContentPart {
  const { type, text, image_url } = part;
  if (type === "text") return { type, text: textAt(text, "messages.content.text") };
  if (type === "image_url" && isFields(image_url)) {
    const { url, detail } = image_url;
    return {
      type,
      image_url: {
        url: textAt(url, "messages.content.image_url.url"),
        ...(typeof detail === "string" && { detail }),
      },
    };
  }
  return { type: "extension", protocol: cohere, value: part };
}

/**
 * A tool's result. A document among its parts becomes its JSON, so that every model can read it; the document itself
 * is kept beside.
 */
function decodeToolMessage({ tool_call_id, content }: Fields): ToolMessage {
  const id = textAt(tool_call_id, "messages.tool_call_id");
  if (typeof content === "string") return { role: "tool", tool_call_id: id, content };
  const parts = objectsAt(content, "messages.content").map((part): ContentPart => {
    const { document } = part;
    if (part["type"] !== "document" || !isFields(document)) return decodePart(part);
    const { data } = document;
    return {
      type: "text",
      text: typeof data === "string" ? data : JSON.stringify(data),
      ...asOwn({ document }),
    };
  });
  return { role: "tool", tool_call_id: id, content: parts };
}

/**
 * An assistant's message, of a request or an answer. The plan for its tool calls is what other vendors' models say
 * before theirs: it becomes the content. Where the text of a message with calls stands in its content instead, or
 * beside a plan, that is noted.
 */
export function decodeAssistant(message: Fields): AssistantMessage {
  const { content, tool_plan, citations } = message;
  const texts = typeof content === "string" ? content : textParts(content);
  const thinking = typeof content === "string" ? "" : thinkingText(content);
  const calls = decodeCalls(message["tool_calls"]);
  const annotations = decodeCitations(citations);
  const plan = typeof tool_plan === "string" ? tool_plan : "";
  const displaced = plan === "" && texts.length > 0 && calls.length > 0;
  return {
    role: "assistant",
    content: contentOf(plan, texts, calls.length > 0),
    ...(thinking && { reasoning_content: thinking }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(annotations.length > 0 && { annotations }),
    ...asOwn(displaced ? { tool_plan: false } : {}),
  };
}

function contentOf(plan: string, texts: string | TextPart[], hasCalls: boolean): string | TextPart[] | null {
  if (plan === "") return texts.length > 0 ? texts : null;
  if (texts.length === 0 && hasCalls) return plan;
  const parts: TextPart[] = typeof texts === "string" ? [{ type: "text", text: texts }] : texts;
  const marked: TextPart = { type: "text", text: plan, ...asOwn({ tool_plan: true }) };
  return texts.length > 0 ? [marked, ...parts] : [marked];
}

function textParts(content: unknown): TextPart[] {
  const blocks = Array.isArray(content) ? content.filter(isFields) : [];
  return blocks.flatMap(({ type, text }): TextPart[] =>
    type === "text" && typeof text === "string" ? [{ type, text }] : [],
  );
}

function thinkingText(content: unknown): string {
  const blocks = Array.isArray(content) ? content.filter(isFields) : [];
  return blocks
    .map(({ type, thinking }) => (type === "thinking" && typeof thinking === "string" ? thinking : ""))
    .join("");
}

function decodeCalls(value: unknown): ToolCall[] {
  const calls = Array.isArray(value) ? value.filter(isFields) : [];
  return calls.map((call): ToolCall => {
    const given = isFields(call["function"]) ? call["function"] : {};
    const { name, arguments: input } = given;
    return {
      id: String(call["id"] ?? ""),
      type: "function",
      function: {
        name: typeof name === "string" ? name : "",
        arguments: typeof input === "string" && input !== "" ? input : "{}",
      },
    };
  });
}
