import {
  definePlugin,
  defineProtocol,
  GatewayError,
  isFields,
  parseFields,
  StreamReaderBase,
} from "../../core/index.ts";
import type { Endpoint, Fields, PromptMessage, RequestFacts, Usage } from "../../core/index.ts";

/** Paths of Gemini's API. Source: Gemini API reference. */
const endpoints: readonly Endpoint[] = [
  { method: "POST", path: "/v1beta/models/{model}:generateContent", operation: "chat" },
  { method: "POST", path: "/v1beta/models/{model}:streamGenerateContent", operation: "chat", stream: true },
  { method: "POST", path: "/v1beta/models/{model}:countTokens", operation: "count-tokens" },
  { method: "POST", path: "/v1beta/models/{model}:embedContent", operation: "embeddings" },
  { method: "POST", path: "/v1beta/models/{model}:batchEmbedContents", operation: "embeddings" },
];

/** Google's names of statuses. Source: google.rpc.Code. */
const statusNames: Record<number, string> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

/** Gemini's generateContent. */
const protocol = defineProtocol({
  name: "gemini",
  endpoints,
  readRequest(body, _endpoint, path): RequestFacts {
    if (!isFields(body)) {
      throw new GatewayError("The request body must be a JSON object.", {
        status: 400,
        code: "invalid_request",
      });
    }
    const model = /\/models\/([^:]+):/.exec(path)?.[1];
    const config = body["generationConfig"];
    const maxTokens = isFields(config) ? config["maxOutputTokens"] : undefined;
    return {
      ...(model !== undefined && { model }),
      stream: path.includes(":stream"),
      ...(typeof maxTokens === "number" && { maxTokens }),
      messages: () => promptOf(body),
    };
  },
  renderError({ status, message }) {
    const name = statusNames[status] ?? (status < 500 ? "FAILED_PRECONDITION" : "INTERNAL");
    return JSON.stringify({ error: { code: status, message, status: name } });
  },
  renderStreamError(error) {
    return `data: ${this.renderError(error)}\n\n`;
  },
  readUsage(answer) {
    return isFields(answer) ? usageFrom(answer["usageMetadata"]) : undefined;
  },
  readText(answer) {
    return isFields(answer) ? textOf(answer) : "";
  },
  readStream: ({ collect }) => new ChunkReader(collect),
});

export default definePlugin({ name: "protocols/gemini", setup: () => ({ protocol }) });

function promptOf(body: Fields): PromptMessage[] {
  const system = body["systemInstruction"] ?? body["system_instruction"];
  const contents = [body["contents"] ?? body["content"] ?? []].flat().filter(isFields);
  const turns = contents.map((content) => ({
    role: content["role"] === "model" ? "assistant" : "user",
    text: partsText(content),
  }));
  return isFields(system) ? [{ role: "system", text: partsText(system) }, ...turns] : turns;
}

function partsText(content: Fields): string {
  const parts = Array.isArray(content["parts"]) ? content["parts"].filter(isFields) : [];
  return parts
    .map((part) => (typeof part["text"] === "string" && part["thought"] !== true ? part["text"] : ""))
    .join("");
}

function textOf(answer: Fields): string {
  const candidates = Array.isArray(answer["candidates"]) ? answer["candidates"].filter(isFields) : [];
  return candidates.map(({ content }) => (isFields(content) ? partsText(content) : "")).join("\n");
}

/** Gemini counts thoughts apart from the output; the neutral output includes them. */
function usageFrom(usage: unknown): Usage | undefined {
  if (!isFields(usage) || typeof usage["promptTokenCount"] !== "number") return undefined;
  const thoughts = usage["thoughtsTokenCount"];
  const output = usage["candidatesTokenCount"];
  const cached = usage["cachedContentTokenCount"];
  return {
    inputTokens: usage["promptTokenCount"],
    outputTokens: (typeof output === "number" ? output : 0) + (typeof thoughts === "number" ? thoughts : 0),
    ...(typeof cached === "number" && { cachedTokens: cached }),
    ...(typeof thoughts === "number" && { reasoningTokens: thoughts }),
  };
}

/** Reads whole response objects: text adds up, usage is cumulative. */
class ChunkReader extends StreamReaderBase {
  event(data: string): void {
    this.outputCount++;
    const chunk = parseFields(data);
    if (!chunk) return;
    this.toldUsage = usageFrom(chunk["usageMetadata"]) ?? this.toldUsage;
    if (data.includes('"finishReason"')) this.sawEnd = true;
    if (this.collect) this.collectedText += textOf(chunk);
  }
}
