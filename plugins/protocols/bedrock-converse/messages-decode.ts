import { badRequest, isFields } from "../../../core/index.ts";
import type {
  AssistantMessage,
  ChatMessage,
  ContentPart,
  Fields,
  ReasoningDetail,
  TextPart,
  ToolCall,
  ToolMessage,
} from "../../../core/index.ts";
import { audioPart, filePart, imagePart } from "./media.ts";
import { asOwn, markable, markOf, ownPart } from "./own.ts";
import { reasoningDetail, reasoningText } from "./reasoning.ts";

/** What a cache mark can stand on. */
type Marked = { cache_control?: { type: "ephemeral"; ttl?: string } | null };

/** The blocks of one message. @throws GatewayError 400 where they are no list of objects. */
export function blocksOf(content: unknown, param: string): Fields[] {
  if (Array.isArray(content) && content.every(isFields)) return content;
  throw badRequest(`${param} must be a list of content blocks.`, param);
}

/** One content block as a part; a block that no other protocol has stays as it is. */
export function partOf(block: Fields): ContentPart {
  const [kind, ...more] = Object.keys(block);
  const value = kind === undefined ? undefined : block[kind];
  if (more.length > 0) return ownPart(block);
  if (kind === "text" && typeof value === "string") return { type: "text", text: value };
  if (!isFields(value)) return ownPart(block);
  if (kind === "image") return imagePart(value) ?? ownPart(block);
  if (kind === "document") return filePart(value) ?? ownPart(block);
  if (kind === "audio") return audioPart(value) ?? ownPart(block);
  return (kind === "citationsContent" && citedText(value)) || ownPart(block);
}

/** Text with the sources that it was made from; these stay beside it. */
function citedText(value: Fields): TextPart | undefined {
  const { content } = value;
  if (!Array.isArray(content) || !content.every((one) => isFields(one) && typeof one["text"] === "string"))
    return undefined;
  const text = content.map((one: Fields) => String(one["text"])).join("");
  return { type: "text", text, ...asOwn({ citationsContent: value }) };
}

/** Blocks as parts, with each cache point as a mark on what stands before it. */
export function partsOfBlocks(blocks: readonly Fields[]): ContentPart[] {
  const parts: ContentPart[] = [];
  for (const block of blocks) {
    const last = parts.at(-1);
    if (!mark(last && markable(last) ? last : undefined, block)) parts.push(partOf(block));
  }
  return parts;
}

/** Puts a cache point as a mark on what stands before it. False where it is none, or has nothing to stand on. */
function mark(last: Marked | undefined, block: Fields): boolean {
  const point = last && !last.cache_control ? markOf(block) : undefined;
  if (!last || !point) return false;
  last.cache_control = point;
  return true;
}

/** Parts as content: one plain text is just that. */
export function contentOf(parts: ContentPart[]): string | ContentPart[] {
  const [first] = parts;
  const plain = parts.length === 1 && first?.type === "text" && !first.cache_control && !first.extensions;
  return plain ? first.text : parts;
}

/** The turns of a conversation. @throws GatewayError 400 for what is no conversation. */
export function decodeMessages(messages: unknown, model: string): ChatMessage[] {
  if (messages === undefined) return [];
  if (!Array.isArray(messages)) throw badRequest("messages must be a list.", "messages");
  return messages.flatMap((message: unknown, at) => {
    const param = `messages.${at}`;
    if (!isFields(message)) throw badRequest(`${param} must be an object.`, param);
    const blocks = blocksOf(message["content"], `${param}.content`);
    if (message["role"] === "assistant") return [assistantMessage(blocks, model)];
    if (message["role"] === "user") return userMessages(blocks, param);
    throw badRequest(`${param}.role must be user or assistant.`, `${param}.role`);
  });
}

/** A user's turn: what tools gave back are messages of their own. */
function userMessages(blocks: readonly Fields[], param: string): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let pending: ContentPart[] = [];
  let last: Marked | undefined;
  const flush = (): void => {
    if (pending.length > 0) messages.push({ role: "user", content: contentOf(pending) });
    pending = [];
  };
  for (const block of blocks) {
    if (mark(last, block)) continue;
    const result = block["toolResult"];
    if (isFields(result)) {
      flush();
      const message = toolMessage(result, param);
      messages.push(message);
      last = message;
      continue;
    }
    const part = partOf(block);
    pending.push(part);
    last = markable(part) ? part : undefined;
  }
  flush();
  return messages;
}

function toolMessage(result: Fields, param: string): ToolMessage {
  const { toolUseId, content, status, ...rest } = result;
  if (typeof toolUseId !== "string") {
    throw badRequest("A toolResult must have a toolUseId.", `${param}.content.toolResult.toolUseId`);
  }
  const parts = blocksOf(content, `${param}.content.toolResult.content`).map(resultPart);
  return {
    role: "tool",
    tool_call_id: toolUseId,
    content: parts.length === 0 ? "" : contentOf(parts),
    ...(status === "error" && { is_error: true }),
    ...asOwn({ ...rest, ...(status !== undefined && status !== "error" && { status }) }),
  };
}

/** JSON that a tool gave back is text for all others. */
function resultPart(block: Fields): ContentPart {
  if (!("json" in block)) return partOf(block);
  return { type: "text", text: JSON.stringify(block["json"]), ...asOwn({ json: true }) };
}

/** An assistant's turn, of a request or of an answer. `model` tells whose signature its reasoning bears. */
export function assistantMessage(blocks: readonly Fields[], model: string): AssistantMessage {
  const parts: ContentPart[] = [];
  const details: ReasoningDetail[] = [];
  const calls: ToolCall[] = [];
  const images: NonNullable<AssistantMessage["images"]> = [];
  const order: NonNullable<AssistantMessage["order"]> = [];
  let last: Marked | undefined;
  for (const block of blocks) {
    if (mark(last, block)) continue;
    last = undefined;
    const detail = reasoningDetail(block["reasoningContent"], model);
    const call = toolCall(block["toolUse"]);
    const part = detail || call ? undefined : partOf(block);
    if (detail) details.push(detail);
    else if (call) calls.push(call);
    else if (part?.type === "image_url") images.push(part);
    else if (part) parts.push(part);
    if (part?.type !== "image_url") order.push(detail ? "reasoning" : call ? "tool_call" : "content");
    if (call?.type === "function") last = call;
    else if (part && markable(part)) last = part;
  }
  const text = reasoningText(details);
  return {
    role: "assistant",
    content: parts.length === 0 ? null : contentOf(parts),
    ...(text && { reasoning_content: text }),
    ...(details.length > 0 && { reasoning_details: details }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(images.length > 0 && { images }),
    ...(!isUsual(order) && { order }),
  };
}

const places = { reasoning: 0, content: 1, tool_call: 2 } as const;

/** Reasoning, then content, then calls: what a message without `order` has. */
function isUsual(order: NonNullable<AssistantMessage["order"]>): boolean {
  return order.every((kind, at) => at === 0 || places[kind] >= places[order[at - 1] ?? kind]);
}

/** A call of one of the client's tools; undefined for anything else, a tool that the service runs itself among it. */
function toolCall(use: unknown): ToolCall | undefined {
  if (!isFields(use)) return undefined;
  const { toolUseId, name, input, ...rest } = use;
  if (typeof toolUseId !== "string" || typeof name !== "string" || Object.keys(rest).length > 0)
    return undefined;
  return { id: toolUseId, type: "function", function: { name, arguments: JSON.stringify(input ?? {}) } };
}
