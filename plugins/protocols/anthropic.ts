import {
  definePlugin,
  defineProtocol,
  GatewayError,
  isFields,
  parseFields,
  StreamReaderBase,
} from "../../core/index.ts";
import type { Endpoint, Fields, PromptMessage, RequestFacts, Usage } from "../../core/index.ts";

/** Paths of Anthropic's API. Source: Anthropic API reference. */
const endpoints: readonly Endpoint[] = [
  { method: "POST", path: "/v1/messages", operation: "chat" },
  { method: "POST", path: "/v1/messages/count_tokens", operation: "count-tokens" },
];

/** Error types by status. Source: Anthropic API reference, errors. */
const errorTypes: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  503: "overloaded_error",
};

/** Anthropic's Messages. */
const protocol = defineProtocol({
  name: "anthropic",
  endpoints,
  readRequest(body): RequestFacts {
    if (!isFields(body)) throw invalid("The request body must be a JSON object.");
    const { model, stream } = body;
    if (typeof model !== "string") throw invalid("model: Field required", "model");
    const maxTokens = body["max_tokens"];
    return {
      model,
      stream: stream === true,
      ...(typeof maxTokens === "number" && { maxTokens }),
      messages: () => promptOf(body),
    };
  },
  renderError(error) {
    const type = errorTypes[error.status] ?? (error.status < 500 ? "invalid_request_error" : "api_error");
    return JSON.stringify({ type: "error", error: { type, message: error.message } });
  },
  renderStreamError(error) {
    return `event: error\ndata: ${this.renderError(error)}\n\n`;
  },
  readUsage(answer) {
    return isFields(answer) ? usageFrom(answer["usage"]) : undefined;
  },
  readText(answer) {
    return isFields(answer) ? textOf(answer["content"]) : "";
  },
  readStream: ({ collect }) => new EventReader(collect),
});

export default definePlugin({ name: "protocols/anthropic", setup: () => ({ protocol }) });

function invalid(message: string, param?: string): GatewayError {
  return new GatewayError(message, { status: 400, code: "invalid_request", ...(param && { param }) });
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
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .filter(isFields)
    .map((block) => (typeof block["text"] === "string" ? block["text"] : textOf(block["content"])))
    .filter(Boolean)
    .join("\n");
}

/** Anthropic counts cached input apart; the neutral input includes it. */
function usageFrom(usage: unknown, before?: Usage): Usage | undefined {
  if (!isFields(usage)) return before;
  const read = numberOr(usage["cache_read_input_tokens"], before?.cachedTokens);
  const written = numberOr(usage["cache_creation_input_tokens"], before?.cacheCreationTokens);
  const uncachedBefore =
    before && before.inputTokens - (before.cachedTokens ?? 0) - (before.cacheCreationTokens ?? 0);
  const uncached = numberOr(usage["input_tokens"], uncachedBefore);
  if (uncached === undefined) return before;
  return {
    inputTokens: uncached + (read ?? 0) + (written ?? 0),
    outputTokens: numberOr(usage["output_tokens"], before?.outputTokens) ?? 0,
    ...(read !== undefined && { cachedTokens: read }),
    ...(written !== undefined && { cacheCreationTokens: written }),
  };
}

function numberOr(value: unknown, fallback: number | undefined): number | undefined {
  return typeof value === "number" ? value : fallback;
}

/** Reads message events: usage begins in message_start and is cumulative in message_delta. */
class EventReader extends StreamReaderBase {
  event(data: string): void {
    const isDelta = data.includes('"content_block_delta"');
    if (isDelta) this.outputCount++;
    if (isDelta && !this.collect) return;
    const event = parseFields(data);
    if (!event) return;
    const { type, message, delta } = event;
    if (type === "message_start" && isFields(message)) this.toldUsage = usageFrom(message["usage"]);
    if (type === "message_delta") this.toldUsage = usageFrom(event["usage"], this.toldUsage);
    if (type === "message_stop") this.sawEnd = true;
    if (isDelta && isFields(delta) && typeof delta["text"] === "string") this.collectedText += delta["text"];
  }

  override usage(): Usage | undefined {
    // Before the first message_delta the output is a placeholder: what was seen is the better floor.
    if (!this.toldUsage || this.toldUsage.outputTokens >= this.outputCount || this.sawEnd)
      return this.toldUsage;
    return { ...this.toldUsage, outputTokens: this.outputCount, estimated: true };
  }
}
