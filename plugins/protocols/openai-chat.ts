import {
  definePlugin,
  defineProtocol,
  GatewayError,
  isFields,
  parseFields,
  StreamReaderBase,
} from "../../core/index.ts";
import type { Endpoint, Fields, PromptMessage, RequestFacts, Usage } from "../../core/index.ts";

/** Paths of OpenAI's API. Source: OpenAI API reference. */
const endpoints: readonly Endpoint[] = [
  { method: "POST", path: "/v1/chat/completions", operation: "chat" },
  { method: "POST", path: "/v1/completions", operation: "completion" },
  { method: "POST", path: "/v1/embeddings", operation: "embeddings" },
  { method: "POST", path: "/v1/moderations", operation: "moderation" },
  { method: "POST", path: "/v1/images/generations", operation: "image" },
  { method: "POST", path: "/v1/audio/speech", operation: "speech" },
  { method: "GET", path: "/v1/models", operation: "models" },
  { method: "GET", path: "/v1/realtime", operation: "realtime", modelInQuery: true },
];

/** OpenAI's Chat Completions and the endpoints beside it. */
const protocol = defineProtocol({
  name: "openai-chat",
  endpoints,
  readRequest(body, endpoint): RequestFacts {
    if (endpoint.method !== "POST") return { stream: false, messages: () => [] };
    if (!isFields(body)) throw invalid("The request body must be a JSON object.");
    const { model, stream } = body;
    // Moderations and images have a default model at the upstream; elsewhere the model is required.
    if (typeof model !== "string" && (model !== undefined || !isModelOptional(endpoint))) {
      throw invalid("You must provide a model parameter.", "model");
    }
    if (stream !== undefined && stream !== null && typeof stream !== "boolean") {
      throw invalid("stream must be a boolean.", "stream");
    }
    const maxTokens = body["max_completion_tokens"] ?? body["max_tokens"];
    const facts: RequestFacts = { stream: stream === true, messages: () => promptOf(body) };
    if (typeof model === "string") facts.model = model;
    if (typeof maxTokens === "number") facts.maxTokens = maxTokens;
    return facts;
  },
  renderError(error) {
    const { message, type, param, code } = error;
    return JSON.stringify({ error: { message, type, param: param ?? null, code } });
  },
  renderStreamError(error) {
    return `data: ${this.renderError(error)}\n\n`;
  },
  renderModels(models) {
    const data = models.map(({ id, ownedBy }) => ({ id, object: "model", created: 0, owned_by: ownedBy }));
    return JSON.stringify({ object: "list", data });
  },
  readUsage(answer) {
    return isFields(answer) ? usageFrom(answer["usage"]) : undefined;
  },
  readText(answer) {
    return isFields(answer) ? choicesOf(answer).map(wholeText).join("\n") : "";
  },
  readStream: ({ collect }) => new ChunkReader(collect),
});

export default definePlugin({ name: "protocols/openai-chat", setup: () => ({ protocol }) });

function isModelOptional({ operation }: Endpoint): boolean {
  return operation === "moderation" || operation === "image";
}

function invalid(message: string, param?: string): GatewayError {
  return new GatewayError(message, { status: 400, code: "invalid_request", ...(param && { param }) });
}

/** The texts of a request: messages, or the prompt or input of the older endpoints. */
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
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part) =>
      typeof part === "string"
        ? part
        : isFields(part) && typeof part["text"] === "string"
          ? part["text"]
          : "",
    )
    .filter(Boolean)
    .join("\n");
}

function choicesOf(answer: Fields): Fields[] {
  return Array.isArray(answer["choices"]) ? answer["choices"].filter(isFields) : [];
}

function wholeText(choice: Fields): string {
  const { message } = choice;
  return isFields(message) ? textOf(message["content"]) : textOf(choice["text"]);
}

/** OpenAI's usage; chat and completions name the two sums otherwise than images and embeddings do. */
function usageFrom(usage: unknown): Usage | undefined {
  if (!isFields(usage)) return undefined;
  const input = usage["prompt_tokens"] ?? usage["input_tokens"];
  if (typeof input !== "number") return undefined;
  const output = usage["completion_tokens"] ?? usage["output_tokens"];
  const cached = detail(usage["prompt_tokens_details"] ?? usage["input_tokens_details"], "cached_tokens");
  const reasoning = detail(usage["completion_tokens_details"], "reasoning_tokens");
  const found: Usage = { inputTokens: input, outputTokens: typeof output === "number" ? output : 0 };
  if (cached !== undefined) found.cachedTokens = cached;
  if (reasoning !== undefined) found.reasoningTokens = reasoning;
  return found;
}

function detail(details: unknown, name: string): number | undefined {
  const value = isFields(details) ? details[name] : undefined;
  return typeof value === "number" ? value : undefined;
}

const output = /"(?:content|reasoning_content|reasoning|refusal|arguments|text)":\s*"(?!")/;
const usageObject = /"usage":\s*\{/;

/** Nearly always it is `content`; to look for that alone costs a tenth of the pattern. */
function hasOutput(data: string): boolean {
  const at = data.indexOf('"content":"');
  return (at >= 0 && data[at + 11] !== '"') || output.test(data);
}

/** Reads chat.completion.chunk events. Without `collect` an event is only parsed when it holds usage. */
class ChunkReader extends StreamReaderBase {
  event(data: string): void {
    if (data === "[DONE]") {
      this.sawEnd = true;
      return;
    }
    if (hasOutput(data)) this.outputCount++;
    if (!this.collect && !usageObject.test(data)) return;
    const chunk = parseFields(data);
    if (!chunk) return;
    this.toldUsage = usageFrom(chunk["usage"]) ?? this.toldUsage;
    if (!this.collect) return;
    for (const choice of choicesOf(chunk)) {
      const { delta } = choice;
      this.collectedText += isFields(delta) ? textOf(delta["content"]) : textOf(choice["text"]);
    }
  }
}
