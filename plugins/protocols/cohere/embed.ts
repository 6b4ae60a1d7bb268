import {
  badAnswer,
  badRequest,
  isFields,
  objectsAt,
  otherFields,
  textAt,
  vectorToBase64,
  vectorToNumbers,
} from "../../../core/index.ts";
import { asOwn, ownOf } from "./fields.ts";
import { decodeUsage } from "./usage.ts";
import type {
  AnswerContext,
  Codec,
  CodecContext,
  EmbeddingsAnswer,
  EmbeddingsRequest,
  Fields,
} from "../../../core/index.ts";
import type { EmbedAnswerBody, EmbedBody } from "./wire.ts";

/** `POST /v2/embed`. Texts only: images have no neutral form. */
export const embed: Codec<EmbeddingsRequest, EmbeddingsAnswer> = {
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
};

const neutral = new Set(["model", "texts", "inputs", "images", "input_type", "output_dimension"]);

/** What vectors may be for. Any other purpose that the neutral request names goes as `search_document`. */
const inputTypes = new Set(["search_document", "search_query", "classification", "clustering", "image"]);

function decodeRequest(body: Fields, { model }: CodecContext): EmbeddingsRequest {
  const { texts, inputs, images, input_type, output_dimension } = body;
  if (Array.isArray(images) && images.length > 0) throw badRequest(imagesRefused, "images");
  const input = texts === undefined || texts === null ? textsOf(inputs) : texts;
  if (!Array.isArray(input) || !input.every((text) => typeof text === "string")) {
    throw badRequest("texts must be a list of strings.", "texts");
  }
  const types = body["embedding_types"];
  const wanted = Array.isArray(types) ? types : [];
  if (wanted.length > 0 && !wanted.includes("float") && !wanted.includes("base64")) {
    throw badRequest("This model's embeddings come as float or base64 only.", "embedding_types");
  }
  return {
    model,
    input,
    input_type: textAt(input_type, "input_type"),
    ...(typeof output_dimension === "number" && { dimensions: output_dimension }),
    ...(wanted.length > 0 && { encoding_format: wanted.includes("float") ? "float" : "base64" }),
    ...asOwn({ ...otherFields(body, neutral), ...(inputs && !texts ? { inputs } : {}) }),
  };
}

const imagesRefused = "Only Cohere's own models embed images here: this one takes texts.";

/** The texts of inputs in parts; several parts of one input are one text. */
function textsOf(inputs: unknown): string[] {
  return objectsAt(inputs, "texts").map(({ content }) => {
    const parts = objectsAt(content, "inputs.content");
    if (parts.some(({ type }) => type !== "text")) throw badRequest(imagesRefused, "inputs");
    return parts.map(({ text }) => textAt(text, "inputs.content.text")).join("\n");
  });
}

function encodeRequest(request: EmbeddingsRequest, { model, drop }: CodecContext): Fields {
  const { input, input_type, dimensions, encoding_format, user } = request;
  if (user) drop("user");
  const texts = [input].flat() as unknown[];
  if (!texts.every((text): text is string => typeof text === "string")) {
    throw badRequest("This model takes texts, not tokens.", "input");
  }
  const isKnown = input_type !== undefined && inputTypes.has(input_type);
  if (input_type !== undefined && !isKnown) drop("input_type");
  const kept = ownOf(request) ?? {};
  const body: EmbedBody = {
    model,
    ...(kept["inputs"] ? {} : { texts }),
    input_type: isKnown ? (input_type as EmbedBody["input_type"]) : "search_document",
    embedding_types: [encoding_format === "base64" ? "base64" : "float"],
    ...(dimensions !== undefined && { output_dimension: dimensions }),
    ...kept,
  };
  return body as unknown as Fields;
}

function decodeAnswer(body: Fields, { model }: AnswerContext<EmbeddingsRequest>): EmbeddingsAnswer {
  const { embeddings, meta } = body;
  // Version 1 of the API gives a bare list.
  const byType = isFields(embeddings) ? embeddings : { float: embeddings };
  const vectors = byType["float"] ?? byType["base64"];
  if (!Array.isArray(vectors)) throw badAnswer("it has no float or base64 embeddings");
  const usage = decodeUsage(meta);
  return {
    object: "list",
    model,
    data: vectors.map((embedding: number[] | string, index) => ({ object: "embedding", index, embedding })),
    ...(usage && { usage: { prompt_tokens: usage.prompt_tokens, total_tokens: usage.total_tokens } }),
    ...asOwn(otherFields(body, new Set(["embeddings"]))),
  };
}

/** Vectors in each of the types asked for that can be had without loss. */
function encodeAnswer(answer: EmbeddingsAnswer, { id, request }: AnswerContext<EmbeddingsRequest>): Fields {
  const asked = ownOf(request)?.["embedding_types"];
  const types = Array.isArray(asked) ? asked : [];
  const vectors = answer.data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding);
  const embeddings: EmbedAnswerBody["embeddings"] = {};
  if (types.length === 0 || types.includes("float")) embeddings.float = vectors.map(vectorToNumbers);
  if (types.includes("base64")) embeddings.base64 = vectors.map(vectorToBase64);
  const tokens = answer.usage?.prompt_tokens;
  const texts = [request.input].flat().filter((text) => typeof text === "string");
  const body: EmbedAnswerBody = {
    id,
    embeddings,
    texts,
    meta: {
      api_version: { version: "2" },
      ...(tokens !== undefined && { billed_units: { input_tokens: tokens } }),
    },
    response_type: "embeddings_by_type",
    ...ownOf(answer),
  };
  return body as unknown as Fields;
}
