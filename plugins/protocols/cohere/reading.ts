import { badRequest, isFields, parseFields, StreamReaderBase } from "../../../core/index.ts";
import { decodeUsage } from "./usage.ts";
import type { Endpoint, Fields, PromptMessage, RequestFacts, Usage } from "../../../core/index.ts";

/** What the pipeline must know of a request, whichever endpoint it is for. */
export function readRequest(body: unknown, { operation }: Endpoint): RequestFacts {
  if (!isFields(body)) throw badRequest("The request body must be a JSON object.");
  const { model, stream, max_tokens } = body;
  if (typeof model !== "string") throw badRequest("You must provide a model.", "model");
  const isChat = operation === "chat";
  return {
    model,
    stream: isChat && stream === true,
    ...(isChat && typeof max_tokens === "number" && { maxTokens: max_tokens }),
    messages: () => (isChat ? chatPrompt(body) : inputPrompt(body)),
  };
}

function chatPrompt({ messages, documents }: Fields): PromptMessage[] {
  const turns = Array.isArray(messages) ? messages.filter(isFields) : [];
  const sources = Array.isArray(documents) ? documents : [];
  return [
    ...sources.map((document) => ({ role: "user", text: documentText(document) })),
    ...turns.map(({ role, content }) => ({
      role: typeof role === "string" ? role : "user",
      text: contentText(content),
    })),
  ];
}

function documentText(document: unknown): string {
  if (typeof document === "string") return document;
  return isFields(document) ? JSON.stringify(document["data"] ?? document) : "";
}

function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  const parts = Array.isArray(content) ? content.filter(isFields) : [];
  return parts
    .map(({ text, document }) => (typeof text === "string" ? text : document ? documentText(document) : ""))
    .filter(Boolean)
    .join("\n");
}

/** What is embedded or ranked. */
function inputPrompt({ texts, inputs, query, documents }: Fields): PromptMessage[] {
  const parts = (Array.isArray(inputs) ? inputs.filter(isFields) : []).map(({ content }) =>
    contentText(content),
  );
  const lists = [query, texts, documents].flat().map((one) => (one === undefined ? "" : documentText(one)));
  const text = [...parts, ...lists].filter(Boolean).join("\n");
  return text ? [{ role: "user", text }] : [];
}

/** Usage of a chat, or the `meta` of another operation. */
export function readUsage(answer: unknown): Usage | undefined {
  if (!isFields(answer)) return undefined;
  const found = decodeUsage(answer["usage"] ?? answer["meta"]);
  if (!found) return undefined;
  const cached = found.prompt_tokens_details?.cached_tokens;
  return {
    inputTokens: found.prompt_tokens,
    outputTokens: found.completion_tokens,
    ...(cached !== undefined && { cachedTokens: cached }),
  };
}

export function readText(answer: unknown): string {
  const message = isFields(answer) ? answer["message"] : undefined;
  return isFields(message) ? contentText(message["content"]) : "";
}

const carriers = /"type":\s*"(?:content-delta|tool-plan-delta|tool-call-delta)"/;

/** Reads a stream along. Without `collect` only its last event is parsed. */
export class EventReader extends StreamReaderBase {
  event(data: string): void {
    if (carriers.test(data)) {
      this.outputCount++;
      if (this.collect) this.collectedText += pieceOf(parseFields(data));
      return;
    }
    if (!data.includes('"message-end"')) return;
    const { type, delta } = parseFields(data) ?? {};
    if (type !== "message-end") return;
    this.sawEnd = true;
    this.toldUsage = readUsage(delta) ?? this.toldUsage;
  }
}

function pieceOf(event: Fields | undefined): string {
  const delta = event?.["delta"];
  const message = isFields(delta) ? delta["message"] : undefined;
  const content = isFields(message) ? message["content"] : undefined;
  return isFields(content) && typeof content["text"] === "string" ? content["text"] : "";
}
