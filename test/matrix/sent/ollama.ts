import type { Seen, Sent } from "../cell.ts";
import { readChat } from "./openai-chat.ts";
import { list, object, schemaOf, text } from "./read.ts";

/** Reads a request of Ollama's chat: as Chat Completions, but for these. Results stand in the order of the calls. */
export function readOllama(seen: Seen): Sent {
  const { messages, format, think, options, stream } = seen.body;
  const said = list(messages);
  return {
    ...readChat(seen),
    images: said.flatMap(({ images }) => (Array.isArray(images) ? images.map(text) : [])),
    results: said.filter(({ role }) => role === "tool").map(({ content }) => text(content)),
    schema: schemaOf(format),
    reasoning: think !== undefined && think !== false,
    maxTokens: object(options)["num_predict"],
    stream: stream !== false,
  };
}
