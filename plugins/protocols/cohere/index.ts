import { definePlugin, defineProtocol } from "../../../core/index.ts";
import { decodeAnswer, encodeAnswer } from "./answer.ts";
import { embed } from "./embed.ts";
import { cohere } from "./fields.ts";
import { failureOf } from "./finish.ts";
import { rateLimits } from "./rate-limits.ts";
import { EventReader, readRequest, readText, readUsage } from "./reading.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import { rerank } from "./rerank.ts";
import { decodeStream } from "./stream-decode.ts";
import { encodeStream } from "./stream-encode.ts";
import type { ChatAnswer, ChatChunk, ChatRequest, Endpoint, StreamCodec } from "../../../core/index.ts";

/** Paths of version 2 of Cohere's API. Its list of models has OpenAI's path, and OpenAI's shape there. */
const endpoints: readonly Endpoint[] = [
  { method: "POST", path: "/v2/chat", operation: "chat" },
  { method: "POST", path: "/v2/embed", operation: "embeddings" },
  { method: "POST", path: "/v2/rerank", operation: "rerank" },
];

const chat: StreamCodec<ChatRequest, ChatAnswer, ChatChunk> = {
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  decodeStream,
  encodeStream,
};

/** Cohere's API, version 2. Source: docs.cohere.com/reference, and the official SDK's typings. */
const protocol = defineProtocol({
  name: cohere,
  endpoints,
  codecs: { chat, embeddings: embed, rerank },
  ownHeaders: ["x-client-name", "x-fern-*"],
  rateLimits,
  takes: { documents: false },
  readRequest,
  renderError: ({ message }) => JSON.stringify({ message }),
  renderStreamError: (error) => encodeStream({ id: "" }).error(error),
  readError({ message, id, finish_reason }, status) {
    const isTold = typeof message === "string";
    const failure = isTold && message !== "" ? message : failureOf(finish_reason);
    if (failure === undefined && !isTold) return undefined;
    const said = failure ?? `The upstream answered with status ${status}.`;
    const text = status >= 400 && typeof id === "string" ? `${said} (${id})` : said;
    return { message: text, ...(status < 400 && { status: 502 }) };
  },
  readUsage,
  readText,
  readStream: ({ collect }) => new EventReader(collect),
});

export default definePlugin({ name: "protocols/cohere", setup: () => ({ protocol }) });
