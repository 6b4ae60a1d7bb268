import {
  badAnswer,
  badRequest,
  definePlugin,
  defineProtocol,
  GatewayError,
  isFields,
} from "../../core/index.ts";
import type {
  AnswerContext,
  Codec,
  CodecContext,
  EmbeddingsAnswer,
  EmbeddingsRequest,
  Fields,
} from "../../core/index.ts";

/** How the models of one family are asked for vectors, and answer. */
interface Family {
  pattern: RegExp;
  /** Takes one text a call. */
  one: boolean;
  body(texts: string[], request: EmbeddingsRequest, context: CodecContext): Fields;
  /** The vectors of an answer. */
  vectors(answer: Fields): unknown;
}

/** What Cohere calls what vectors are for. */
const cohereTypes: Readonly<Record<string, string>> = {
  search_query: "search_query",
  search_document: "search_document",
  classification: "classification",
  clustering: "clustering",
};

/** What Nova calls it. */
const novaPurposes: Readonly<Record<string, string>> = {
  search_query: "GENERIC_RETRIEVAL",
  search_document: "GENERIC_INDEX",
  classification: "CLASSIFICATION",
  clustering: "CLUSTERING",
};

/** Bodies by family. Source: Amazon Bedrock user guide, Titan and Cohere embeddings; Nova user guide, embeddings (2026-11). */
const families: readonly Family[] = [
  {
    pattern: /cohere\.embed/,
    one: false,
    body: (texts, { dimensions, input_type }, context) => ({
      texts,
      input_type: wordFor(input_type, cohereTypes, context) ?? "search_document",
      embedding_types: ["float"],
      ...(dimensions !== undefined && { output_dimension: dimensions }),
    }),
    vectors: ({ embeddings }) => (isFields(embeddings) ? embeddings["float"] : embeddings),
  },
  {
    pattern: /nova.*embed/,
    one: true,
    body: ([value = ""], { dimensions, input_type }, context) => ({
      taskType: "SINGLE_EMBEDDING",
      singleEmbeddingParams: {
        embeddingPurpose: wordFor(input_type, novaPurposes, context) ?? "GENERIC_INDEX",
        ...(dimensions !== undefined && { embeddingDimension: dimensions }),
        text: { truncationMode: "NONE", value },
      },
    }),
    vectors: ({ embeddings }) =>
      Array.isArray(embeddings)
        ? embeddings.map((one) => (isFields(one) ? one["embedding"] : one))
        : undefined,
  },
  {
    pattern: /titan-embed-image/,
    one: true,
    body: ([inputText = ""], { dimensions, input_type }, context) => {
      wordFor(input_type, {}, context);
      return {
        inputText,
        ...(dimensions !== undefined && { embeddingConfig: { outputEmbeddingLength: dimensions } }),
      };
    },
    vectors: ({ embedding }) => [embedding],
  },
  {
    pattern: /titan-embed/,
    one: true,
    body: ([inputText = ""], { dimensions, input_type }, context) => {
      wordFor(input_type, {}, context);
      return { inputText, ...(dimensions !== undefined && { dimensions }) };
    },
    vectors: ({ embedding }) => [embedding],
  },
];

function wordFor(
  type: string | undefined,
  words: Readonly<Record<string, string>>,
  context: CodecContext,
): string | undefined {
  if (type === undefined) return undefined;
  if (words[type] === undefined) context.drop("input_type");
  return words[type];
}

function familyOf(model: string): Family {
  const family = families.find(({ pattern }) => pattern.test(model));
  if (family) return family;
  throw badRequest(`The gateway does not know how ${model} is asked for embeddings.`, "model");
}

function textsOf(input: EmbeddingsRequest["input"]): string[] {
  const list: unknown[] = Array.isArray(input) ? input : [input];
  if (list.length > 0 && list.every((one) => typeof one === "string")) return list;
  throw badRequest("The upstream takes texts, not token numbers.", "input");
}

/** Embeddings by the bodies of Bedrock's models; the bodies of its own clients only pass, by another protocol. */
const embeddings: Codec<EmbeddingsRequest, EmbeddingsAnswer> = {
  decodeRequest: () => {
    throw passesOnly();
  },
  encodeRequest(request, context) {
    const family = familyOf(context.model);
    const texts = textsOf(request.input);
    if (family.one && texts.length > 1)
      throw badRequest("The upstream's model takes one text a call.", "input");
    if (request.user !== undefined) context.drop("user");
    return family.body(texts, request, context);
  },
  decodeAnswer(body, { model, request }: AnswerContext<EmbeddingsRequest>) {
    const vectors = familyOf(model).vectors(body);
    const isWhole = Array.isArray(vectors) && vectors.length === textsOf(request.input).length;
    if (!isWhole || !vectors.every(isVector)) throw badAnswer("it has no vectors");
    const tokens = body["inputTextTokenCount"];
    return {
      object: "list",
      model,
      data: vectors.map((embedding, index) => ({ object: "embedding", index, embedding })),
      ...(typeof tokens === "number" && { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
    };
  },
  encodeAnswer: () => {
    throw passesOnly();
  },
};

function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => typeof one === "number");
}

function passesOnly(): GatewayError {
  return new GatewayError("Bodies of Bedrock's models are not translated.", {
    status: 501,
    code: "protocol_mismatch",
  });
}

/** Bedrock's InvokeModel, for what Converse has no part in. Source: Amazon Bedrock API reference. */
const protocol = defineProtocol({
  name: "bedrock-invoke",
  endpoints: [{ method: "POST", path: "/model/{model}/invoke", operation: "embeddings" }],
  codecs: { embeddings },
  renderError: ({ message }) => JSON.stringify({ message }),
  readError({ message }, status) {
    return status >= 400 && typeof message === "string" ? { message } : undefined;
  },
});

export default definePlugin({ name: "protocols/bedrock-invoke", setup: () => ({ protocol }) });
