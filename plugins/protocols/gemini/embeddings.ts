import { badAnswer, badRequest, isFields, vectorToNumbers } from "../../../core/index.ts";
import type {
  AnswerContext,
  Codec,
  CodecContext,
  EmbeddingsAnswer,
  EmbeddingsRequest,
  Fields,
} from "../../../core/index.ts";
import { asOwn, camel, isText, object, objects, ownOf } from "./fields.ts";
import { decodeUsage } from "./usage.ts";
import type { ContentEmbedding } from "./wire.ts";

/** What embeddings are for. Source: Gemini API reference, `TaskType`. */
const taskTypes: Readonly<Record<string, string>> = {
  search_query: "RETRIEVAL_QUERY",
  search_document: "RETRIEVAL_DOCUMENT",
  classification: "CLASSIFICATION",
  clustering: "CLUSTERING",
  similarity: "SEMANTIC_SIMILARITY",
};
const inputTypes = new Map(Object.entries(taskTypes).map(([input, task]) => [task, input]));

/** embedContent and batchEmbedContents; upstreams are asked with the latter, which takes one as well as many. */
export const embeddings: Codec<EmbeddingsRequest, EmbeddingsAnswer> = {
  decodeRequest(body, context) {
    const given = camel(body);
    const requests = isBatch(context) ? objects(given["requests"], "requests") : [given];
    const [first] = requests;
    if (!first) throw badRequest("requests: must not be empty", "requests");
    const texts = requests.map(textOf);
    const [only = ""] = texts;
    // What applies to all is said once; what only this protocol says is kept for each.
    const { content: _, model: __, taskType, outputDimensionality, ...own } = first;
    const inputType = isText(taskType) ? inputTypes.get(taskType) : undefined;
    if (isText(taskType) && inputType === undefined) own["taskType"] = taskType;
    return {
      model: context.model,
      input: isBatch(context) ? texts : only,
      ...(typeof outputDimensionality === "number" && { dimensions: outputDimensionality }),
      ...(inputType && { input_type: inputType }),
      ...asOwn(own),
    };
  },

  encodeRequest(request, context) {
    const { model, input, dimensions, encoding_format: _, input_type, extensions: __, ...rest } = request;
    for (const name in rest) context.drop(name);
    const taskType = input_type === undefined ? undefined : taskTypes[input_type];
    if (input_type !== undefined && !taskType) context.drop("input_type");
    const requests = textsOf(input).map((text) => ({
      model: `models/${context.model || model}`,
      content: { parts: [{ text }] },
      ...(taskType && { taskType }),
      ...(dimensions !== undefined && { outputDimensionality: dimensions }),
      ...ownOf(request),
    }));
    if (isBatch(context)) return { requests };
    const [only] = requests;
    if (!only || requests.length > 1) throw badRequest("input: must be one text", "input");
    return only;
  },

  decodeAnswer(body, context) {
    const { embedding, embeddings: list, usageMetadata } = camel(body);
    const all = isFields(embedding) ? [embedding] : Array.isArray(list) ? list.filter(isFields) : [];
    if (all.length === 0) throw badAnswer("it has no embeddings");
    const usage = decodeUsage(usageMetadata);
    return {
      object: "list",
      model: context.model,
      data: all.map((one, index) => ({ object: "embedding", index, embedding: valuesOf(one) })),
      ...(usage && { usage: { prompt_tokens: usage.prompt_tokens, total_tokens: usage.total_tokens } }),
    };
  },

  encodeAnswer({ data, usage }, context: AnswerContext<EmbeddingsRequest>): Fields {
    const sorted = [...data].sort((a, b) => a.index - b.index);
    const all = sorted.map(({ embedding }): ContentEmbedding => ({ values: vectorToNumbers(embedding) }));
    const told = usage && { usageMetadata: { promptTokenCount: usage.prompt_tokens } };
    return isBatch(context) ? { embeddings: all, ...told } : { embedding: all[0] ?? { values: [] }, ...told };
  },
};

function isBatch({ endpoint }: CodecContext): boolean {
  return endpoint.path.endsWith(":batchEmbedContents");
}

function textOf(request: Fields): string {
  const { parts } = object(request["content"], "content");
  return objects(parts, "content.parts")
    .map(({ text }) => {
      if (!isText(text)) throw badRequest("content.parts: only text can be embedded here", "content");
      return text;
    })
    .join("");
}

function textsOf(input: EmbeddingsRequest["input"]): string[] {
  const list = typeof input === "string" ? [input] : input;
  return list.map((one: unknown) => {
    if (isText(one)) return one;
    throw badRequest("input: this model takes texts, no token numbers", "input");
  });
}

function valuesOf(embedding: Fields): number[] {
  const { values } = embedding;
  if (!Array.isArray(values)) throw badAnswer("an embedding has no values");
  return values as number[];
}
