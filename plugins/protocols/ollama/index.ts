import { definePlugin, defineProtocol, ndjsonFrames, replaceTopLevelString } from "../../../core/index.ts";
import { decodeAnswer, encodeAnswer } from "./answer.ts";
import { embed } from "./embed.ts";
import { ollama } from "./fields.ts";
import { answersHere } from "./local.ts";
import { renderModels } from "./models.ts";
import { LineReader, readRequest, readText, readUsage } from "./reading.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import { decodeStream } from "./stream-decode.ts";
import { encodeStream } from "./stream-encode.ts";
import type { ErrorBody } from "./wire.ts";
import type {
  ChatAnswer,
  ChatChunk,
  ChatRequest,
  Endpoint,
  GatewayError,
  StreamCodec,
} from "../../../core/index.ts";

/** Paths of Ollama's own API. What changes a server's models (pull, create, delete, …) is for a prefix only. */
const endpoints: readonly Endpoint[] = [
  { method: "POST", path: "/api/chat", operation: "chat" },
  { method: "POST", path: "/api/generate", operation: "chat" },
  { method: "POST", path: "/api/embed", operation: "embeddings" },
  { method: "POST", path: "/api/embeddings", operation: "embeddings" },
  { method: "GET", path: "/api/tags", operation: "models" },
  { method: "GET", path: "/api/ps", operation: "models" },
  { method: "POST", path: "/api/show", operation: "show" },
  { method: "GET", path: "/api/version", operation: "version" },
];

const chat: StreamCodec<ChatRequest, ChatAnswer, ChatChunk> = {
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  decodeStream,
  encodeStream,
};

function renderError({ message }: GatewayError): string {
  const body: ErrorBody = { error: message };
  return JSON.stringify(body);
}

/** Ollama's API. Source: docs.ollama.com/api, and the official SDK's typings. */
const protocol = defineProtocol({
  name: ollama,
  endpoints,
  codecs: { chat, embeddings: embed },
  frames: ndjsonFrames,
  takes: { imageURLs: false, documents: false },
  readRequest,
  renderError,
  renderStreamError: (error) => `${renderError(error)}\n`,
  renderModels,
  readError({ error }, status) {
    if (typeof error !== "string") return undefined;
    return { message: error, ...(status < 400 && { status: 502 }) };
  },
  renameAnswer: (json, model) => replaceTopLevelString(json, "model", model),
  readUsage,
  readText,
  readStream: ({ collect }) => new LineReader(collect),
});

export default definePlugin({
  name: "protocols/ollama",
  setup: (_options, gateway) => ({ protocol, stage: "route", middleware: answersHere(gateway) }),
});
