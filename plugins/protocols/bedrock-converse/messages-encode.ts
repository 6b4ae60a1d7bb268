import { isFields, parseFields, partsOf, toolId } from "../../../core/index.ts";
import type {
  AssistantMessage,
  CacheControl,
  ChatMessage,
  CodecContext,
  ContentPart,
  Fields,
  ToolCall,
  ToolMessage,
} from "../../../core/index.ts";
import { familyOf } from "./families.ts";
import { audioBlock, documentBlock, imageBlock } from "./media.ts";
import type { DocumentNames } from "./media.ts";
import { name, ownOf } from "./own.ts";
import { reasoningBlock, shownReasoning } from "./reasoning.ts";
import type { WireBlock, WireMessage, WireToolResult } from "./wire.ts";

/** Longest id of a tool call. Source: Amazon Bedrock API reference, ToolUseBlock. */
export const toolIdLimit = 64;

/** What a turn is written with. */
export interface Writing {
  context: CodecContext;
  /** The upstream's name of the model. */
  model: string;
  names: DocumentNames;
  /** An answer is written, for its client to read. */
  answering?: boolean;
}

/** A turn under way; what tools gave back comes first in it, as the models ask for. */
interface Turn {
  role: "user" | "assistant";
  results: Fields[];
  content: Fields[];
}

/** A conversation as alternating turns that begin with the user's. System messages are left out: they stand apart. */
export function encodeMessages(messages: readonly ChatMessage[], writing: Writing): Fields[] {
  const turns: Turn[] = [];
  const turn = (role: Turn["role"]): Turn => {
    const last = turns.at(-1);
    if (last?.role === role) return last;
    const next: Turn = { role, results: [], content: [] };
    turns.push(next);
    return next;
  };
  for (const message of messages) {
    if (message.role === "tool") turn("user").results.push(...toolResult(message, writing));
    else if (message.role === "user") add(turn, "user", contentBlocks(message.content, writing));
    else if (message.role === "assistant") add(turn, "assistant", assistantBlocks(message, writing));
  }
  // A conversation that the assistant begins is refused.
  if (turns[0]?.role !== "user") turns.unshift({ role: "user", results: [], content: [{ text: "." }] });
  trimLast(turns);
  return turns.map(({ role, results, content }) => {
    const message: WireMessage = { role, content: [...results, ...content] as unknown as WireBlock[] };
    return message;
  });
}

/** A turn without anything in it is refused: it is not begun. */
function add(turn: (role: Turn["role"]) => Turn, role: Turn["role"], blocks: Fields[]): void {
  if (blocks.length > 0) turn(role).content.push(...blocks);
}

/** The assistant's words that the model is to go on from may not end in white space. */
function trimLast(turns: readonly Turn[]): void {
  const last = turns.at(-1);
  const block = last?.role === "assistant" ? last.content.at(-1) : undefined;
  const text = block?.["text"];
  if (last && typeof text === "string" && /\s$/.test(text))
    last.content.splice(-1, 1, { text: text.trimEnd() });
}

/** A content's blocks; empty texts are refused, and left out. */
export function contentBlocks(
  content: string | ContentPart[] | null | undefined,
  writing: Writing,
): Fields[] {
  return partsOf(content).flatMap((part) => {
    const block = partBlock(part, writing);
    if (!block) return [];
    return "cache_control" in part ? [block, ...cachePoint(part.cache_control, writing)] : [block];
  });
}

function partBlock(part: ContentPart, { context, names }: Writing): Fields | undefined {
  if (part.type === "text") {
    const { citationsContent } = ownOf(part) ?? {};
    if (isFields(citationsContent)) return { citationsContent };
    return part.text.trim() === "" ? undefined : { text: part.text };
  }
  if (part.type === "image_url") return wrap("image", imageBlock(part, context));
  if (part.type === "file") return wrap("document", documentBlock(part, names, context));
  if (part.type === "input_audio") return { audio: audioBlock(part) };
  if (part.type === "refusal") return part.refusal.trim() === "" ? undefined : { text: part.refusal };
  if (part.protocol === name) return part.value;
  context.drop(String(part.value["type"] ?? part.protocol));
  return undefined;
}

function wrap(kind: string, value: Fields | undefined): Fields | undefined {
  return value && { [kind]: value };
}

/** A cache mark as the block behind what it stands on; none, and noted, where the model has no prompt cache. */
export function cachePoint(
  mark: CacheControl | null | undefined,
  { context, model }: Pick<Writing, "context" | "model">,
): Fields[] {
  if (!mark) return [];
  if (!familyOf(model).cache) {
    context.drop("cache_control");
    return [];
  }
  const ttl = mark.ttl as "5m" | "1h" | undefined;
  const block: WireBlock = { cachePoint: { type: "default", ...(ttl !== undefined && { ttl }) } };
  return [block];
}

function toolResult(message: ToolMessage, writing: Writing): Fields[] {
  const { status: knowsStatus = false } = familyOf(writing.model);
  const { status, ...own } = ownOf(message) ?? {};
  const failed = message.is_error === true;
  const content = partsOf(message.content).flatMap((part) => resultBlock(part, writing));
  // Without a flag for it, the text has to say it.
  if (failed && !knowsStatus) content.unshift({ text: "Error:" });
  const result: WireToolResult = {
    toolUseId: toolId(message.tool_call_id, toolIdLimit),
    content: content as unknown as WireToolResult["content"],
    ...(failed && knowsStatus && { status: "error" }),
  };
  const block = { toolResult: { ...result, ...own, ...(status !== undefined && { status }) } };
  return [block, ...cachePoint(message.cache_control, writing)];
}

function resultBlock(part: ContentPart, writing: Writing): Fields[] {
  if (part.type === "text" && ownOf(part)?.["json"] === true)
    return [{ json: JSON.parse(part.text) as unknown }];
  if (part.type === "input_audio") {
    writing.context.drop("input_audio");
    return [];
  }
  const block = partBlock(part, writing);
  return block ? [block] : [];
}

/** An assistant's turn: its pieces in their order. */
export function assistantBlocks(message: AssistantMessage, writing: Writing): Fields[] {
  const reasoning = writing.answering ? shownReasoning(message) : sentReasoning(message, writing.model);
  const content = contentPieces(message, writing);
  const images = (message.images ?? []).flatMap((image) => contentBlocks([image], writing));
  const calls = (message.tool_calls ?? []).map((call) => [
    toolUse(call),
    ...cachePoint("cache_control" in call ? call.cache_control : undefined, writing),
  ]);
  const queues = { reasoning, content, tool_call: calls };
  const ordered = (message.order ?? []).flatMap((kind) => queues[kind].shift() ?? []);
  return [...ordered, ...reasoning.flat(), ...content.flat(), ...images, ...calls.flat()];
}

function sentReasoning({ reasoning_details: details = [] }: AssistantMessage, model: string): Fields[][] {
  return details.map((detail) => {
    const block = reasoningBlock(detail, model);
    return block ? [block] : [];
  });
}

/** Each part's blocks; a refusal that stands beside the content is text too. */
function contentPieces({ content, refusal }: AssistantMessage, writing: Writing): Fields[][] {
  const parts = partsOf(content);
  const pieces = parts.map((part) => contentBlocks([part], writing));
  if (refusal?.trim()) pieces.push([{ text: refusal }]);
  return pieces;
}

/** A call with its arguments as an object; what is none stands under a name, so that the model sees what it wrote. */
function toolUse(call: ToolCall): Fields {
  const toolUseId = toolId(call.id, toolIdLimit);
  if (call.type === "custom") {
    return { toolUse: { toolUseId, name: call.custom.name, input: { input: call.custom.input } } };
  }
  const { name: toolName, arguments: text } = call.function;
  const input = text.trim() === "" ? {} : (parseFields(text) ?? { arguments: text });
  const block = { toolUse: { toolUseId, name: toolName, input } };
  return block;
}
