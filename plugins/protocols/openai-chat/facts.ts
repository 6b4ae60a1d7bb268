import { badRequest, isFields } from "../../../core/index.ts";
import type { Endpoint, Fields, Operation, PromptMessage, RequestFacts } from "../../../core/index.ts";

/** What the pipeline must know of a request. */
export function readRequest(body: unknown, endpoint: Endpoint): RequestFacts {
  if (endpoint.method !== "POST") return { stream: false, messages: () => [] };
  if (!isFields(body)) throw badRequest("The request body must be a JSON object.");
  const { model, stream } = body;
  // Some have a default model at the upstream; elsewhere the model is required.
  if (typeof model !== "string" && (model !== undefined || !isModelOptional(endpoint))) {
    throw badRequest("You must provide a model parameter.", "model");
  }
  if (stream !== undefined && stream !== null && typeof stream !== "boolean") {
    throw badRequest("stream must be a boolean.", "stream");
  }
  const maxTokens = body["max_completion_tokens"] ?? body["max_tokens"];
  const facts: RequestFacts = { stream: stream === true, messages: () => promptOf(body) };
  if (typeof model === "string") facts.model = model;
  if (typeof maxTokens === "number") facts.maxTokens = maxTokens;
  return facts;
}

const withDefaultModel: ReadonlySet<Operation> = new Set([
  "moderation",
  "image",
  "image-edit",
  "image-variation",
]);

function isModelOptional({ operation }: Endpoint): boolean {
  return withDefaultModel.has(operation);
}

/** The texts of a request: messages, or the prompt or input of other endpoints. */
function promptOf(body: Fields): PromptMessage[] {
  const { messages } = body;
  if (Array.isArray(messages)) {
    return messages.filter(isFields).map((message) => ({
      role: typeof message["role"] === "string" ? message["role"] : "user",
      text: textOf(message["content"]),
    }));
  }
  const text = textOf(body["prompt"] ?? body["input"]);
  return text ? [{ role: "user", text }] : [];
}

/** Text of a string, of a list of strings, or of content parts. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map(textOfPart).filter(Boolean).join("\n");
}

function textOfPart(part: unknown): string {
  if (typeof part === "string") return part;
  return isFields(part) && typeof part["text"] === "string" ? part["text"] : "";
}
