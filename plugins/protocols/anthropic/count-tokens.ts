import { badAnswer } from "../../../core/index.ts";
import { ownOf, restOf, wire } from "./fields.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import type {
  BetaMessageTokensCount,
  MessageCountTokensParams,
} from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type { ChatRequest, Codec, Fields, TokenCount } from "../../../core/index.ts";

/** Members of a request that only matter for its answer. */
const answering = new Set([
  "max_tokens",
  "stream",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "metadata",
  "service_tier",
]);

const said = new Set(["input_tokens"]);

/** `POST /v1/messages/count_tokens`: a chat request without what is for its answer. */
export const countTokens: Codec<ChatRequest, TokenCount> = {
  decodeRequest,
  encodeRequest(request, context) {
    const entries = Object.entries(
      encodeRequest({ ...request, stream: null }, { ...context, stream: false }),
    );
    const body = Object.fromEntries(entries.filter(([name]) => !answering.has(name)));
    return body satisfies Partial<Record<keyof MessageCountTokensParams, unknown>>;
  },
  decodeAnswer(body) {
    const { input_tokens } = body;
    if (typeof input_tokens !== "number") throw badAnswer("it has no count of tokens");
    return { input_tokens, ...restOf(body, said) };
  },
  encodeAnswer(count): Fields {
    const { input_tokens } = count;
    return { ...wire<Partial<BetaMessageTokensCount>>({ input_tokens }), ...ownOf(count) };
  },
};
