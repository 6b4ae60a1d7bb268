import { definePlugin, defineProtocol, replaceTopLevelString } from "../../../core/index.ts";
import type { ChatAnswer, ChatChunk, ChatRequest, ListedModel, StreamCodec } from "../../../core/index.ts";
import { decodeAnswer } from "./answer-decode.ts";
import { encodeAnswer } from "./answer-encode.ts";
import { embeddings } from "./embeddings.ts";
import { endpoints } from "./endpoints.ts";
import { readError, renderError } from "./errors.ts";
import { readRequest } from "./facts.ts";
import { protocolName } from "./functions.ts";
import { ChunkReader, readText } from "./read-along.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import { ChunkDecoder } from "./stream-decode.ts";
import { ChunkEncoder } from "./stream-encode.ts";
import { readUsage } from "./usage.ts";

const chat: StreamCodec<ChatRequest, ChatAnswer, ChatChunk> = {
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  decodeStream: (context) => new ChunkDecoder(context),
  encodeStream: (context) => new ChunkEncoder(context),
};

/** OpenAI's Chat Completions and the endpoints beside it. */
const protocol = defineProtocol({
  name: protocolName,
  endpoints,
  codecs: { chat, embeddings },
  ownHeaders: ["openai-*"],
  readRequest,
  renderError,
  readError,
  renderStreamError: (error) => `data: ${renderError(error)}\n\n`,
  renderModels: (models) => JSON.stringify({ object: "list", data: models.map(modelOf) }),
  renderModel: (model) => JSON.stringify(modelOf(model)),
  usageField: "usage",
  readUsage: (answer) => readUsage((answer as { usage?: unknown } | null)?.usage),
  readText,
  readStream: ({ collect }) => new ChunkReader(collect),
  renameAnswer: (json, model) => replaceTopLevelString(json, "model", model),
});

function modelOf({ id, ownedBy }: ListedModel): object {
  return { id, object: "model", created: 0, owned_by: ownedBy };
}

export default definePlugin({ name: "protocols/openai-chat", setup: () => ({ protocol }) });
