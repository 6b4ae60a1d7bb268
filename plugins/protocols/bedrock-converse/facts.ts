import { badRequest, isFields, parseFields, StreamReaderBase } from "../../../core/index.ts";
import type { Endpoint, Fields, PromptMessage, RequestFacts, Usage } from "../../../core/index.ts";
import { usageOf } from "./finish.ts";

/** The model in a path of `/model/{model}/…`; clients send it percent-encoded, with a colon or whole ARN in it. */
export function modelIn(path: string): string | undefined {
  const name = /\/model\/(.+)\/[^/]+$/.exec(path)?.[1];
  if (name === undefined) return undefined;
  try {
    return decodeURIComponent(name);
  } catch {
    throw badRequest("The model's name in the path is not encoded rightly.", "modelId");
  }
}

export function readRequest(body: unknown, endpoint: Endpoint, path: string): RequestFacts {
  if (!isFields(body)) throw badRequest("The request body must be a JSON object.");
  const model = modelIn(path);
  const config = body["inferenceConfig"];
  // `max_tokens` stands in bodies of Claude's own, which pass as they are.
  const maxTokens = isFields(config) ? config["maxTokens"] : body["max_tokens"];
  return {
    ...(model !== undefined && { model }),
    stream: endpoint.stream === true,
    ...(typeof maxTokens === "number" && { maxTokens }),
    messages: () => promptOf(body),
  };
}

function promptOf(body: Fields): PromptMessage[] {
  const system = textIn(body["system"]);
  const messages = Array.isArray(body["messages"]) ? body["messages"].filter(isFields) : [];
  const turns = messages.map(({ role, content }) => ({
    role: role === "assistant" ? "assistant" : "user",
    text: textIn(content),
  }));
  return system ? [{ role: "system", text: system }, ...turns] : turns;
}

/** Text of content blocks, and of those in tool results. */
function textIn(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .filter(isFields)
    .map(({ text, toolResult, citationsContent, guardContent }) => {
      if (typeof text === "string") return text;
      const inner = toolResult ?? citationsContent;
      if (isFields(inner)) return textIn(inner["content"]);
      return isFields(guardContent) ? textIn([guardContent["text"]]) : "";
    })
    .filter(Boolean)
    .join("\n");
}

export function readUsage(answer: unknown): Usage | undefined {
  return isFields(answer) ? plainUsage(answer["usage"]) : undefined;
}

function plainUsage(value: unknown): Usage | undefined {
  const usage = usageOf(value);
  if (!usage) return undefined;
  const { cached_tokens: read, cache_write_tokens: written } = usage.prompt_tokens_details ?? {};
  return {
    inputTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens,
    ...(read !== undefined && { cachedTokens: read }),
    ...(written !== undefined && { cacheCreationTokens: written }),
  };
}

export function readText(answer: unknown): string {
  const output = isFields(answer) ? answer["output"] : undefined;
  const message = isFields(output) ? output["message"] : undefined;
  return isFields(message) ? textIn(message["content"]) : "";
}

/** Reads a stream's events by what they hold: their names are not told. */
export class EventReader extends StreamReaderBase {
  event(data: string): void {
    const isDelta = data.includes('"delta"');
    if (isDelta) this.outputCount++;
    if (isDelta && !this.collect) return;
    const { delta, usage, stopReason } = parseFields(data) ?? {};
    if (isFields(delta) && typeof delta["text"] === "string") this.collectedText += delta["text"];
    if (stopReason !== undefined) this.sawEnd = true;
    this.toldUsage = plainUsage(usage) ?? this.toldUsage;
  }
}
