import { badRequest, isFields } from "../../../core/index.ts";
import { AssistantPieces, isPlainText } from "./assistant-decode.ts";
import { blocksIn, cacheMark, contentFrom, partFrom } from "./blocks-decode.ts";
import { restOf, textIn } from "./fields.ts";
import type { ChatMessage, ContentPart, Fields, ToolMessage } from "../../../core/index.ts";

const messageMembers = new Set(["role", "content"]);
const resultMembers = new Set(["type", "tool_use_id", "content", "is_error", "cache_control"]);

/** The conversation of a request, the system prompt first. Throws a 400 GatewayError. */
export function decodeMessages(body: Fields): ChatMessage[] {
  const { system, messages } = body;
  if (!Array.isArray(messages)) throw badRequest("messages: Field required", "messages");
  const turns: ChatMessage[] = [];
  if (system !== undefined && system !== null) {
    turns.push({ role: "system", content: contentFrom(system, "system") });
  }
  messages.forEach((message, i) => turns.push(...decodeTurn(message, `messages.${i}`)));
  return turns;
}

function decodeTurn(message: unknown, place: string): ChatMessage[] {
  if (!isFields(message)) throw badRequest(`${place}: Input should be an object`, place);
  const { role, content } = message;
  const at = `${place}.content`;
  if (role === "user") return userTurn(content, at);
  if (role === "assistant") return [assistantTurn(content, at)];
  if (role !== "system")
    throw badRequest(`${place}.role: Input should be 'user' or 'assistant'`, `${place}.role`);
  return [{ role, content: contentFrom(content, at), ...restOf(message, messageMembers) }];
}

/** Results go first, as messages of their own: that is where they stand in either shape. */
function userTurn(content: unknown, place: string): ChatMessage[] {
  if (typeof content === "string") return [{ role: "user", content }];
  const results: ChatMessage[] = [];
  const parts: ContentPart[] = [];
  blocksIn(content, place).forEach((block, i) => {
    if (block["type"] === "tool_result") results.push(toolMessage(block, `${place}.${i}`));
    else parts.push(partFrom(block));
  });
  return parts.length > 0 || results.length === 0 ? [...results, { role: "user", content: parts }] : results;
}

function toolMessage(block: Fields, place: string): ToolMessage {
  const { tool_use_id: id, content, is_error } = block;
  if (typeof id !== "string")
    throw badRequest(`${place}.tool_use_id: Field required`, `${place}.tool_use_id`);
  return {
    role: "tool",
    tool_call_id: id,
    content: content === undefined || content === null ? "" : contentFrom(content, `${place}.content`),
    ...(typeof is_error === "boolean" && { is_error }),
    ...cacheMark(block),
    ...restOf(block, resultMembers),
  };
}

/** A text that stands beside other blocks is a string: the plainest shape that says it. */
function assistantTurn(content: unknown, place: string): ChatMessage {
  if (typeof content === "string") return { role: "assistant", content };
  const blocks = blocksIn(content, place);
  blocks.forEach((block, i) => checkCall(block, `${place}.${i}`));
  const pieces = new AssistantPieces(blocks);
  const { parts } = pieces;
  const [first] = parts;
  const only = blocks.length > 1 && parts.length === 1 && isPlainText(first) ? first.text : undefined;
  const message = pieces.message();
  return { ...message, content: only ?? (parts.length > 0 ? parts : null) };
}

function checkCall(block: Fields, place: string): void {
  if (block["type"] !== "tool_use") return;
  for (const name of ["id", "name"]) {
    if (!textIn(block, name)) throw badRequest(`${place}.${name}: Field required`, `${place}.${name}`);
  }
}
