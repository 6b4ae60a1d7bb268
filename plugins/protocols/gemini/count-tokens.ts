import { badAnswer, isFields } from "../../../core/index.ts";
import type { ChatRequest, Codec, TokenCount } from "../../../core/index.ts";
import { asOwn, camel } from "./fields.ts";
import { decodeRequest } from "./request-decode.ts";
import { encodeRequest } from "./request-encode.ts";
import type { CountTokensResponse } from "./wire.ts";

/** countTokens: of contents alone, or of a whole request in `generateContentRequest`. */
export const countTokens: Codec<ChatRequest, TokenCount> = {
  decodeRequest(body, context) {
    const { generateContentRequest: whole } = camel(body);
    return decodeRequest(isFields(whole) ? whole : body, context);
  },

  encodeRequest(request, context) {
    const body = encodeRequest(request, context);
    const { contents, ...more } = body;
    for (const _ in more) {
      return { generateContentRequest: { model: `models/${context.model}`, ...body } };
    }
    return { contents };
  },

  decodeAnswer(body) {
    const { totalTokens, cachedContentTokenCount, ...own } = camel(body) as CountTokensResponse;
    if (typeof totalTokens !== "number") throw badAnswer("it has no totalTokens");
    const cached = cachedContentTokenCount;
    return {
      input_tokens: totalTokens,
      ...(typeof cached === "number" && { cached_tokens: cached }),
      ...asOwn(own),
    };
  },

  encodeAnswer({ input_tokens, cached_tokens, extensions }) {
    const counted: CountTokensResponse = {
      totalTokens: input_tokens,
      ...(cached_tokens !== undefined && { cachedContentTokenCount: cached_tokens }),
    };
    return { ...counted, ...extensions?.["gemini"] };
  },
};
