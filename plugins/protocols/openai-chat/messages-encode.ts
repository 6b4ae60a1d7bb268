import type {
  ChatCompletionContentPart,
  ChatCompletionMessageParam,
  ChatCompletionMessageToolCall,
} from "openai/resources/chat/completions";
import { toolId } from "../../../core/index.ts";
import type {
  AssistantMessage,
  ChatMessage,
  CodecContext,
  ContentPart,
  Fields,
  FilePart,
  ToolCall,
  ToolMessage,
} from "../../../core/index.ts";
import { protocolName } from "./functions.ts";
import { takesExtension } from "./takes.ts";

/** The longest id of a tool call that OpenAI takes. */
const idLimit = 40;

/** What each role's content may be made of. Source: OpenAI API reference, chat. */
const partTypes: Readonly<Record<string, readonly string[]>> = {
  system: ["text"],
  developer: ["text"],
  tool: ["text"],
  assistant: ["text", "refusal"],
  user: ["text", "image_url", "input_audio", "file"],
};

/** The messages as OpenAI says them. */
export function writeMessages(messages: readonly ChatMessage[], context: CodecContext): Fields[] {
  const written: ChatCompletionMessageParam[] = [];
  let attached: ContentPart[] = [];
  // The results of one turn stand together; what they bring beside text follows as the user's.
  const attach = (): void => {
    if (attached.length > 0) written.push(userMessage({ role: "user", content: attached }, context));
    attached = [];
  };
  for (const message of messages) {
    if (message.role === "tool") {
      written.push(toolMessage(message, context));
      attached.push(...attachments(message));
      continue;
    }
    attach();
    const write =
      message.role === "assistant" ? assistantMessage(message, context) : userMessage(message, context);
    written.push(write);
  }
  attach();
  return written as unknown as Fields[];
}

/** An object without some members; itself where it has none of them, which is nearly always. */
function without(value: object, names: readonly string[]): Fields {
  if (!names.some((name) => name in value)) return value as Fields;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

function userMessage(message: Exclude<ChatMessage, AssistantMessage | ToolMessage>, context: CodecContext) {
  const content = writeContent(message.content, message.role, context);
  return { ...without(message, ["extensions"]), content } as ChatCompletionMessageParam;
}

function toolMessage(message: ToolMessage, context: CodecContext): ChatCompletionMessageParam {
  const { cache_control, is_error, tool_call_id, content } = message;
  const rest = without(message, ["extensions", "cache_control", "is_error"]);
  const text = typeof content === "string" ? content : content.filter(isSaid);
  const written = writeContent(is_error ? marked(text) : text, "tool", context);
  const mark = cache_control && takesExtension(context, "cache_control") && { cache_control };
  const id = toolId(tool_call_id, idLimit);
  return { ...rest, tool_call_id: id, content: written, ...mark } as ChatCompletionMessageParam;
}

/** There is no flag for a tool that failed: its text has to tell. */
function marked(content: string | ContentPart[]): string | ContentPart[] {
  if (typeof content === "string") return /^\s*error\b/i.test(content) ? content : `Error: ${content}`;
  return [{ type: "text", text: "Error:" }, ...content];
}

/** What a result can say of itself; the rest follows it. */
function isSaid({ type }: ContentPart): boolean {
  return type === "text" || type === "extension";
}

function attachments({ content, tool_call_id }: ToolMessage): ContentPart[] {
  const others = typeof content === "string" ? [] : content.filter((part) => !isSaid(part));
  if (others.length === 0) return [];
  return [{ type: "text", text: `Attached to the result of ${toolId(tool_call_id, idLimit)}:` }, ...others];
}

/** What an assistant's message may keep, where a service takes it back. */
const assistantExtensions = ["reasoning_content", "reasoning_details", "images"] as const;

function assistantMessage(message: AssistantMessage, context: CodecContext): ChatCompletionMessageParam {
  const { content, tool_calls } = message;
  // Citations belong to the answer; sent back, OpenAI does not know them.
  const written: Fields = { ...without(message, ["extensions", "order", "annotations"]) };
  for (const name of assistantExtensions) {
    if (written[name] !== undefined && !takesExtension(context, name)) delete written[name];
  }
  if (tool_calls && tool_calls.length > 0)
    written["tool_calls"] = tool_calls.map((call) => toolCall(call, context));
  else delete written["tool_calls"];
  if (content !== undefined) written["content"] = content && writeContent(content, "assistant", context);
  const isSilent = !written["content"] && !written["tool_calls"] && !written["refusal"] && !written["audio"];
  if (isSilent) written["content"] = "";
  return written as unknown as ChatCompletionMessageParam;
}

function toolCall(call: ToolCall, context: CodecContext): ChatCompletionMessageToolCall {
  const written: Fields = { ...without(call, ["extensions"]), id: toolId(call.id, idLimit) };
  for (const name of ["extra_content", "cache_control"]) {
    if (written[name] !== undefined && !takesExtension(context, name)) delete written[name];
  }
  return written as unknown as ChatCompletionMessageToolCall;
}

function writeContent(content: string | ContentPart[], role: string, context: CodecContext) {
  if (typeof content === "string") return content;
  const parts: ChatCompletionContentPart[] = [];
  for (const part of content) {
    const written = writePart(part, role, context);
    if (written) parts.push(written);
  }
  // A list without parts is refused.
  return parts.length > 0 ? parts : "";
}

function writePart(
  part: ContentPart,
  role: string,
  context: CodecContext,
): ChatCompletionContentPart | undefined {
  if (part.type === "extension") {
    if (part.protocol === protocolName) return part.value as unknown as ChatCompletionContentPart;
    context.drop(`messages.content.${String(part.value["type"] ?? part.protocol)}`);
    return undefined;
  }
  if (!partTypes[role]?.includes(part.type)) {
    context.drop(`messages.content.${part.type}`);
    return undefined;
  }
  if (part.type === "refusal") return part as unknown as ChatCompletionContentPart;
  const isSame = part.type !== "file" && part.extensions === undefined && part.cache_control === undefined;
  // Nearly all of a long history.
  if (isSame) return part as unknown as ChatCompletionContentPart;
  const { extensions: _, cache_control, ...rest } = part;
  const said = rest.type === "file" ? writeFile(rest) : rest;
  const mark = cache_control && takesExtension(context, "cache_control") && { cache_control };
  return { ...said, ...mark } as ChatCompletionContentPart;
}

/** OpenAI's chat takes a file's bytes or its id; of one that is elsewhere the model is told where. */
function writeFile(part: Omit<FilePart, "extensions" | "cache_control">): Fields {
  const { file_url, ...file } = part.file;
  if (file_url === undefined) return { ...part };
  if (file.file_data !== undefined || file.file_id !== undefined) return { ...part, file };
  return { type: "text", text: file.filename ? `${file.filename}: ${file_url}` : file_url };
}
