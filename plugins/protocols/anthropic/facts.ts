import { badRequest, isFields } from "../../../core/index.ts";
import type { Endpoint, Fields, PromptMessage, RequestFacts } from "../../../core/index.ts";

/** What the pipeline must know of a request. */
export function readRequest(body: unknown, { method }: Endpoint): RequestFacts {
  if (method !== "POST") return { stream: false, messages: () => [] };
  if (!isFields(body)) throw badRequest("The request body must be a JSON object.");
  const { model, stream, max_tokens: maxTokens } = body;
  if (typeof model !== "string") throw badRequest("model: Field required", "model");
  return {
    model,
    stream: stream === true,
    ...(typeof maxTokens === "number" && { maxTokens }),
    messages: () => promptOf(body),
  };
}

function promptOf(body: Fields): PromptMessage[] {
  const system = textOf(body["system"]);
  const messages = Array.isArray(body["messages"]) ? body["messages"].filter(isFields) : [];
  const turns = messages.map((message) => ({
    role: message["role"] === "assistant" ? "assistant" : "user",
    text: textOf(message["content"]),
  }));
  return system ? [{ role: "system", text: system }, ...turns] : turns;
}

/** Text of a string or of content blocks; tool results hold blocks of their own. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .filter(isFields)
    .map((block) => (typeof block["text"] === "string" ? block["text"] : textOf(block["content"])))
    .filter(Boolean)
    .join("\n");
}
