import type { Seen, Sent } from "../cell.ts";
import { object, schemaOf } from "./read.ts";
import { readChat } from "./openai-chat.ts";

/** Reads a request of Cohere's chat, version 2: messages and tools are as in Chat Completions. */
export function readCohere(seen: Seen): Sent {
  const { response_format, thinking, max_tokens } = seen.body;
  return {
    ...readChat(seen),
    schema: schemaOf(object(response_format)["json_schema"]),
    reasoning: object(thinking)["type"] === "enabled",
    maxTokens: max_tokens,
  };
}
