import type {
  ChatAnswer,
  ChatChunk,
  ChatRequest,
  Codec,
  Fields,
  StreamCodec,
  TokenCount,
} from "../../../core/index.ts";
import { badAnswer } from "../../../core/index.ts";
import { decodeAnswer } from "./answer-decode.ts";
import { encodeAnswer } from "./answer-encode.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import { decodeStream } from "./stream/decode.ts";
import { encodeStream } from "./stream/encode.ts";

/** Chats; nothing is kept. */
export const chat: StreamCodec<ChatRequest, ChatAnswer, ChatChunk> = {
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
  decodeStream,
  encodeStream: (context) => encodeStream(context),
};

/** What a count of tokens takes of a request. Source: the official SDK's `InputTokenCountParams`. */
const counted = [
  "model",
  "input",
  "instructions",
  "conversation",
  "parallel_tool_calls",
  "previous_response_id",
  "reasoning",
  "text",
  "tool_choice",
  "tools",
  "truncation",
];

/** `POST /v1/responses/input_tokens` */
export const countTokens: Codec<ChatRequest, TokenCount> = {
  decodeRequest,
  encodeRequest(request, context): Fields {
    const body = encodeRequest(request, { ...context, stream: false });
    return Object.fromEntries(
      counted.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]]])),
    );
  },
  decodeAnswer({ input_tokens }): TokenCount {
    if (typeof input_tokens !== "number") throw badAnswer("it has no input_tokens");
    return { input_tokens };
  },
  encodeAnswer: ({ input_tokens }) => ({ object: "response.input_tokens", input_tokens }),
};
