import { partsOf, toolId } from "../../../core/index.ts";
import type {
  AssistantMessage,
  ChatMessage,
  CodecContext,
  ContentPart,
  Fields,
  InstructionMessage,
  ToolCall,
  ToolMessage,
  UserMessage,
} from "../../../core/index.ts";
import { encodeContent, encodePart } from "./content.ts";
import { contentParts, isItem, isOwnReasoning, layoutOf } from "./layout.ts";
import type { Entry } from "./layout.ts";
import { ownOf } from "./own.ts";
import { encodeReasoning } from "./reasoning.ts";

/** OpenAI's API refuses longer ids of calls. Source: its error `string_above_max_length`, as users report it. */
const idLimit = 64;

/** A request's messages as items. */
export function encodeInput(messages: readonly ChatMessage[], context: CodecContext): Fields[] {
  const custom = new Set(
    messages.flatMap(callsOf).flatMap((call) => (call.type === "custom" ? call.id : [])),
  );
  return messages.flatMap((message) => {
    if ("name" in message && message.name) context.drop("messages.name");
    switch (message.role) {
      case "assistant":
        return encodeTurn(message, context);
      case "tool":
        return [encodeOutput(message, custom, context)];
      default:
        return encodeGiven(message, context);
    }
  });
}

function callsOf(message: ChatMessage): readonly ToolCall[] {
  return message.role === "assistant" ? (message.tool_calls ?? []) : [];
}

/** A message to the model; items of this protocol that stand in it are items again. */
function encodeGiven(message: InstructionMessage | UserMessage, context: CodecContext): Fields[] {
  const { role, content } = message;
  const { instructions: _instructions, isList, ...own } = ownOf(message) ?? {};
  const write = (parts: string | ContentPart[]): Fields => ({
    ...own,
    role,
    content: encodeContent(isList ? partsOf(parts) : parts, "input_text", context.drop),
  });
  if (typeof content === "string" || !content.some((part) => isItem(part) || isForeign(part))) {
    return [write(content)];
  }
  const items: Fields[] = [];
  let open: ContentPart[] = [];
  const close = (): void => {
    if (open.length > 0) items.push(write(open));
    open = [];
  };
  for (const part of content) {
    if (isForeign(part)) {
      context.drop("messages.content");
    } else if (part.type === "extension" && isItem(part)) {
      close();
      items.push(part.value);
    } else {
      open.push(part);
    }
  }
  close();
  return items;
}

function isForeign(part: ContentPart): boolean {
  return encodePart(part, "input_text") === undefined;
}

function encodeOutput(message: ToolMessage, custom: ReadonlySet<string>, context: CodecContext): Fields {
  const { tool_call_id, content, is_error } = message;
  const type = custom.has(tool_call_id) ? "custom_tool_call_output" : "function_call_output";
  const { isList, ...own } = ownOf(message) ?? {};
  const output = encodeContent(isList ? partsOf(content) : content, "input_text", context.drop);
  return {
    type,
    call_id: toolId(tool_call_id, idLimit),
    output: is_error ? asError(output) : output,
    ...own,
  };
}

/** There is no flag for a tool that failed: its text says so. */
function asError(output: string | Fields[]): string | Fields[] {
  if (typeof output !== "string") return [{ type: "input_text", text: "Error:" }, ...output];
  return /^error\b/i.test(output) ? output : `Error: ${output}`;
}

/** A turn of the model's. Reasoning of other vendors stays away: OpenAI takes only what is its own. */
function encodeTurn(message: AssistantMessage, context: CodecContext): Fields[] {
  if (message.audio) context.drop("messages.audio");
  const parts = contentParts(message);
  if (message.images?.length && !parts.some(isItem)) context.drop("messages.images");
  const details = message.reasoning_details ?? [];
  const calls = message.tool_calls ?? [];
  let detailAt = 0;
  let partAt = 0;
  let callAt = 0;
  return layoutOf(message).flatMap((entry) => {
    switch (entry.take) {
      case "reasoning": {
        const taken = details.slice(detailAt, (detailAt += entry.count));
        return isOwnReasoning(taken) ? [encodeReasoning(taken, entry.rest)] : [];
      }
      case "message": {
        const taken = parts.slice(partAt, (partAt += entry.count));
        return encodeSaid(taken, entry, message, context);
      }
      case "item": {
        const part = parts[partAt++];
        return part?.type === "extension" ? [part.value] : [];
      }
      case "call": {
        const call = calls[callAt++];
        return call ? [encodeCall(call)] : [];
      }
    }
  });
}

function encodeSaid(
  parts: readonly ContentPart[],
  entry: Extract<Entry, { take: "message" }>,
  message: AssistantMessage,
  context: CodecContext,
): Fields[] {
  const [only] = parts;
  const wasText =
    entry.isText || (typeof message.content === "string" && parts.length === 1 && !entry.isList);
  if (wasText && only?.type === "text") return [{ ...entry.rest, role: "assistant", content: only.text }];
  const content = encodeContent(parts, "output_text", context.drop);
  // All of it may have been another protocol's.
  if (content.length === 0 && entry.count > 0) return [];
  return [{ ...entry.rest, role: "assistant", content }];
}

/** A call as the model made it; its output names it by the same id. */
export function encodeCall(call: ToolCall): Fields {
  const call_id = toolId(call.id, idLimit);
  const own = ownOf(call);
  if (call.type === "custom") {
    return { type: "custom_tool_call", call_id, name: call.custom.name, input: call.custom.input, ...own };
  }
  const { name, arguments: input } = call.function;
  return { type: "function_call", call_id, name, arguments: input || "{}", ...own };
}
