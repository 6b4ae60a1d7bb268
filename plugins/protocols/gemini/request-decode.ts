import { badRequest, isFields } from "../../../core/index.ts";
import type {
  ChatMessage,
  ChatRequest,
  CodecContext,
  ContentPart,
  Fields,
  InstructionMessage,
} from "../../../core/index.ts";
import { CallIds } from "./calls.ts";
import { decodeConfig } from "./config-decode.ts";
import { asOwn, camel, isText, object, objects, ownOf } from "./fields.ts";
import { decodeMedia, isMedia } from "./media.ts";
import { contentOf, extensionPart, MessageReader, textPart } from "./message-decode.ts";
import { decodeResult } from "./results.ts";
import { decodeToolConfig, decodeTools } from "./tools-decode.ts";

/** Reads the body of generateContent. Throws a 400 GatewayError for what is not of its shape. */
export function decodeRequest(given: Fields, context: CodecContext): ChatRequest {
  const body = camel(given);
  // The model stands in the path; some clients repeat it.
  const { contents, systemInstruction, tools, toolConfig, generationConfig, model: _, ...own } = body;
  const messages = decodeContents(objects(contents, "contents"));
  if (messages.length === 0) throw badRequest("contents: must not be empty", "contents");
  const system = systemOf(systemInstruction);
  const request: ChatRequest = {
    model: context.model,
    messages: system ? [system, ...messages] : messages,
    ...(context.stream && { stream: true, stream_options: { include_usage: true } }),
    ...decodeTools(tools, own),
    ...decodeToolConfig(toolConfig, own),
    ...decodeConfig(generationConfig, own),
  };
  decodeTier(request, own);
  return { ...request, ...asOwn(own) };
}

/** Names of service tiers. */
const tiers: Readonly<Record<string, string>> = { flex: "flex", priority: "priority", standard: "default" };

function decodeTier(request: ChatRequest, own: Fields): void {
  const tier = typeof own["serviceTier"] === "string" ? tiers[own["serviceTier"]] : undefined;
  if (tier === undefined) return;
  request.service_tier = tier;
  delete own["serviceTier"];
}

function systemOf(given: unknown): InstructionMessage | undefined {
  if (given === undefined || given === null) return undefined;
  if (isText(given)) return { role: "system", content: given };
  const { parts, role } = object(given, "systemInstruction");
  const content = contentOf(objects(parts, "systemInstruction.parts").map(userPart));
  if (content === null) return undefined;
  return { role: "system", content, ...(isText(role) && asOwn({ role })) };
}

type MessageKind = "model" | "user" | "tool";

function decodeContents(contents: readonly Fields[]): ChatMessage[] {
  const ids = new CallIds();
  const messages: ChatMessage[] = [];
  let before: MessageKind | undefined;
  for (const { role, parts } of contents) {
    const list = objects(parts, "contents.parts");
    const read = role === "model" ? [modelMessage(list, ids)] : userMessages(list, ids, role);
    for (const [i, message] of read.entries()) {
      const kind = kindOf(message);
      // Neighbours of one kind are written into one content, others into contents of their own.
      const together = i > 0;
      if (together !== (kind === before)) markOwn(message, { content: together ? "same" : "new" });
      before = kind;
    }
    messages.push(...read);
  }
  return messages;
}

/** What a message becomes a content of. */
export function kindOf({ role }: ChatMessage): MessageKind {
  if (role === "assistant") return "model";
  return role === "tool" ? "tool" : "user";
}

function markOwn(message: ChatMessage, own: Fields): void {
  message.extensions = { ...message.extensions, gemini: { ...ownOf(message), ...own } };
}

function modelMessage(parts: readonly Fields[], ids: CallIds): ChatMessage {
  const reader = new MessageReader(ids);
  for (const part of parts) reader.add(part);
  return reader.message();
}

/** What the user said and what functions gave back, each a message of its own, in order. */
function userMessages(parts: readonly Fields[], ids: CallIds, role: unknown): ChatMessage[] {
  if (role !== undefined && role !== "user" && role !== "function") {
    throw badRequest("contents.role: must be user or model", "contents");
  }
  const messages: ChatMessage[] = [];
  let said: ContentPart[] = [];
  const close = (): void => {
    const content = contentOf(said);
    if (content !== null) messages.push({ role: "user", content });
    said = [];
  };
  for (const given of parts) {
    const { functionResponse, ...rest } = given;
    if (isFields(functionResponse)) {
      close();
      messages.push(decodeResult(functionResponse, rest, ids));
    } else said.push(userPart(given));
  }
  close();
  if (messages.length === 0) messages.push({ role: "user", content: "" });
  const [first] = messages;
  if (first && role !== "user") markOwn(first, { role: role ?? null });
  return messages;
}

function userPart(part: Fields): ContentPart {
  const { text, ...own } = part;
  if (isText(text)) return textPart(text, own);
  return isMedia(part) ? decodeMedia(part) : extensionPart(part);
}
