import { badRequest, fieldsAt, isFields, listAt, textAt } from "../../../core/index.ts";
import type {
  ChatMessage,
  ContentPart,
  Fields,
  InstructionMessage,
  ToolMessage,
  UserMessage,
} from "../../../core/index.ts";
import { asIs, decodeContent, plainText } from "./content.ts";
import { givenItems } from "./layout.ts";
import { asOwn } from "./own.ts";
import { Turn } from "./turn.ts";

/** The items of a request as messages; what the model said between two of the client's own is one message. */
export function decodeInput(input: unknown): ChatMessage[] {
  if (typeof input === "string") return [{ role: "user", content: input }];
  const items = listAt(input, "input");
  const unsaid = unsaidCalls(items);
  const messages: ChatMessage[] = [];
  let turn: Turn | undefined;
  const close = (): void => {
    if (turn) messages.push(turn.message());
    turn = undefined;
  };
  for (const [at, value] of items.entries()) {
    const param = `input[${at}]`;
    const item = fieldsAt(value, param);
    const given = unsaid.has(item["call_id"]) && isOutput(item) ? asUser(item) : decodeGiven(item, param);
    if (given) {
      close();
      messages.push(given);
    } else {
      turn ??= new Turn();
      turn.add(item, param);
    }
  }
  close();
  return messages;
}

/**
 * Ids of calls that only this protocol knows. A client may answer them as it answers functions; elsewhere that would be
 * an answer to no call.
 */
function unsaidCalls(items: readonly unknown[]): ReadonlySet<unknown> {
  return new Set(
    items.flatMap((item) => (isFields(item) && item["type"] === "local_shell_call" ? [item["call_id"]] : [])),
  );
}

function isOutput({ type }: Fields): boolean {
  return type === "function_call_output";
}

/** An item that only this protocol knows, among the messages. */
function asUser(item: Fields): UserMessage {
  return { role: "user", content: [asIs(item)] };
}

/** An item that is not the model's own: a message to it, or the output of a call. Undefined for the model's. */
function decodeGiven(item: Fields, param: string): ChatMessage | undefined {
  const type = item["type"] ?? (item["role"] === undefined ? "item_reference" : "message");
  if (typeof type !== "string") throw badRequest(`${param}.type must be a string.`, `${param}.type`);
  if (type === "message") return decodeMessage(item, param);
  if (type === "function_call_output" || type === "custom_tool_call_output") return decodeOutput(item, param);
  return givenItems.has(type) ? asUser(item) : undefined;
}

function decodeMessage(item: Fields, param: string): InstructionMessage | UserMessage | undefined {
  const { role, content, ...rest } = item;
  if (role === "assistant") return undefined;
  if (role !== "user" && role !== "system" && role !== "developer") {
    throw badRequest(`${param}.role must be user, assistant, system or developer.`, `${param}.role`);
  }
  return { role, ...asText(decodeContent(content, "input_text", `${param}.content`), rest) };
}

/** What a tool gave back: text, or parts, which may be images and files. */
function decodeOutput(item: Fields, param: string): ToolMessage {
  const { type, call_id, output, ...rest } = item;
  // Beside a call that was a custom one it is known; the call may have been left out.
  if (type === "custom_tool_call_output") rest["type"] = type;
  return {
    role: "tool",
    tool_call_id: textAt(call_id, `${param}.call_id`),
    ...asText(decodeContent(output, "input_text", `${param}.output`), rest),
  };
}

/** Content with what else its item says. A single text is a string: not every service takes a list everywhere. */
function asText(content: string | ContentPart[], rest: Fields): Pick<ToolMessage, "content" | "extensions"> {
  const text = plainText(content);
  return text === undefined
    ? { content, ...asOwn(rest) }
    : { content: text, ...asOwn({ ...rest, isList: true }) };
}
