import {
  badRequest,
  definePlugin,
  defineProtocol,
  isFields,
  replaceTopLevelString,
} from "../../../core/index.ts";
import type { Endpoint, ListedModel, RequestFacts } from "../../../core/index.ts";
import { decodeAnswer } from "./answer-decode.ts";
import { encodeAnswer } from "./answer-encode.ts";
import { countTokens } from "./count-tokens.ts";
import { embeddings } from "./embeddings.ts";
import { readError, renderError } from "./errors.ts";
import { ChunkReader, maxTokensOf, promptOf, readText, readUsage } from "./facts.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import { GeminiStreamDecoder } from "./stream-decode.ts";
import { GeminiStreamEncoder } from "./stream-encode.ts";

/** Paths of Gemini's API, of the version with everything first: upstreams are asked there. Source: Gemini API reference. */
const endpoints: readonly Endpoint[] = ["/v1beta", "/v1", "/v1alpha"].flatMap((version): Endpoint[] => [
  { method: "POST", path: `${version}/models/{model}:generateContent`, operation: "chat" },
  {
    method: "POST",
    path: `${version}/models/{model}:streamGenerateContent`,
    operation: "chat",
    stream: true,
    query: "alt=sse",
  },
  { method: "POST", path: `${version}/models/{model}:countTokens`, operation: "count-tokens" },
  { method: "POST", path: `${version}/models/{model}:batchEmbedContents`, operation: "embeddings" },
  { method: "POST", path: `${version}/models/{model}:embedContent`, operation: "embeddings" },
]);

/** Only where no other protocol has them: `/v1/models` is OpenAI's. */
const lists: readonly Endpoint[] = ["/v1beta", "/v1alpha"].flatMap((version): Endpoint[] => [
  { method: "GET", path: `${version}/models`, operation: "models" },
  { method: "GET", path: `${version}/models/{model}`, operation: "models" },
]);

/** Gemini's generateContent and the methods beside it. */
export const protocol = defineProtocol({
  name: "gemini",
  endpoints: [...endpoints, ...lists],
  readRequest(body, endpoint, path): RequestFacts {
    if (endpoint.method !== "POST") return { stream: false, messages: () => [] };
    if (!isFields(body)) throw badRequest("The request body must be a JSON object.");
    const model = /\/models\/([^:]+):/.exec(path)?.[1];
    const maxTokens = maxTokensOf(body);
    return {
      ...(model !== undefined && { model: decoded(model) }),
      stream: path.includes(":stream"),
      ...(maxTokens !== undefined && { maxTokens }),
      messages: () => promptOf(body),
    };
  },
  renderError,
  renderStreamError: (error) => `data: ${renderError(error)}\r\n\r\n`,
  renderModels: (models) => JSON.stringify({ models: models.map(modelOf) }),
  renderModel: (model: ListedModel) => JSON.stringify(modelOf(model)),
  readError,
  renameAnswer: (json, model) => replaceTopLevelString(json, "modelVersion", model),
  usageField: "usageMetadata",
  readUsage,
  readText,
  readStream: ({ collect }) => new ChunkReader(collect),
  ownHeaders: ["x-goog-*", "x-gemini-*"],
  takes: { imageURLs: false },
  codecs: {
    chat: {
      decodeRequest,
      encodeRequest,
      decodeAnswer,
      encodeAnswer,
      decodeStream: (context) => new GeminiStreamDecoder(context),
      encodeStream: (context) => new GeminiStreamEncoder(context),
    },
    embeddings,
    "count-tokens": countTokens,
  },
});

export default definePlugin({ name: "protocols/gemini", setup: () => ({ protocol }) });

/** A model as the list of models has it: what can be asked of it is what the gateway translates. */
function modelOf({ id }: ListedModel): object {
  const supportedGenerationMethods = ["generateContent", "countTokens", "embedContent", "batchEmbedContents"];
  return { name: `models/${id}`, displayName: id, supportedGenerationMethods };
}

/** A model's name may hold what a path cannot. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
