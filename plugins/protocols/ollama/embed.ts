import { badAnswer, badRequest, otherFields, vectorToNumbers } from "../../../core/index.ts";
import { asOwn, isNumber, ownOf } from "./fields.ts";
import type {
  AnswerContext,
  Codec,
  CodecContext,
  EmbeddingsAnswer,
  EmbeddingsRequest,
  Endpoint,
  Fields,
} from "../../../core/index.ts";
import type { EmbedAnswerBody, EmbedBody, EmbeddingsAnswerBody } from "./wire.ts";

/** `POST /api/embed`; for clients also the older `/api/embeddings`, with one prompt. */
export const embed: Codec<EmbeddingsRequest, EmbeddingsAnswer> = {
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
};

const neutral = new Set(["model", "input", "prompt", "dimensions"]);

function isOld({ path }: Endpoint): boolean {
  return path === "/api/embeddings";
}

function decodeRequest(body: Fields, { model, endpoint }: CodecContext): EmbeddingsRequest {
  const name = isOld(endpoint) ? "prompt" : "input";
  const input = body[name];
  const isList = Array.isArray(input) && input.every((text) => typeof text === "string");
  if (typeof input !== "string" && !isList)
    throw badRequest(`${name} must be a text or a list of texts.`, name);
  const { dimensions } = body;
  return {
    model,
    input,
    ...(isNumber(dimensions) && { dimensions }),
    ...asOwn(otherFields(body, neutral)),
  };
}

function encodeRequest(request: EmbeddingsRequest, { model, drop }: CodecContext): Fields {
  const { input, dimensions, input_type, user } = request;
  if (input_type) drop("input_type");
  if (user) drop("user");
  const texts = [input].flat() as unknown[];
  if (!texts.every((text): text is string => typeof text === "string")) {
    throw badRequest("This model takes texts, not tokens.", "input");
  }
  const body: EmbedBody = {
    model,
    input: typeof input === "string" ? input : texts,
    ...(dimensions !== undefined && { dimensions }),
    ...ownOf(request),
  };
  return body as unknown as Fields;
}

function decodeAnswer(body: Fields, { model }: AnswerContext<EmbeddingsRequest>): EmbeddingsAnswer {
  const { embeddings, prompt_eval_count: tokens } = body;
  if (!Array.isArray(embeddings)) throw badAnswer("it has no embeddings");
  return {
    object: "list",
    model,
    data: embeddings.map((embedding: number[], index) => ({ object: "embedding", index, embedding })),
    ...(isNumber(tokens) && { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
    ...asOwn(otherFields(body, new Set(["model", "embeddings", "prompt_eval_count"]))),
  };
}

function encodeAnswer(answer: EmbeddingsAnswer, context: AnswerContext<EmbeddingsRequest>): Fields {
  const sorted = answer.data.toSorted((a, b) => a.index - b.index);
  const vectors = sorted.map(({ embedding }) => vectorToNumbers(embedding));
  if (isOld(context.endpoint)) {
    const body: EmbeddingsAnswerBody = { embedding: vectors[0] ?? [] };
    return body as unknown as Fields;
  }
  const tokens = answer.usage?.prompt_tokens;
  const body: EmbedAnswerBody = {
    model: context.model,
    embeddings: vectors,
    ...(tokens !== undefined && { prompt_eval_count: tokens }),
    ...ownOf(answer),
  };
  return body as unknown as Fields;
}
