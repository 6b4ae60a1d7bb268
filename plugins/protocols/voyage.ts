import {
  badAnswer,
  badRequest,
  definePlugin,
  defineProtocol,
  isFields,
  replaceTopLevelString,
} from "../../core/index.ts";
import type {
  AnswerContext,
  Codec,
  CodecContext,
  EmbeddingsAnswer,
  EmbeddingsRequest,
  Fields,
  RequestFacts,
  RerankAnswer,
  RerankRequest,
  Usage,
} from "../../core/index.ts";

const name = "voyage";

/** Voyage's own words for what vectors are for; any other purpose it does not know. Source: docs.voyageai.com, embeddings. */
const inputTypes: Readonly<Record<string, string>> = {
  search_query: "query",
  search_document: "document",
  query: "query",
  document: "document",
};

/** Members that OpenAI's shape does not have, which its clients may give all the same. */
const ownMembers = ["truncation", "output_dtype"] as const;

const embeddings: Codec<EmbeddingsRequest, EmbeddingsAnswer> = {
  decodeRequest(body, { model }) {
    const { model: _model, input, input_type, output_dimension, encoding_format, ...rest } = body;
    const isList = Array.isArray(input) && input.every((text) => typeof text === "string");
    if (typeof input !== "string" && !isList)
      throw badRequest("input must be a text or a list of texts.", "input");
    const purpose = input_type === "query" || input_type === "document" ? `search_${input_type}` : undefined;
    return {
      model,
      input,
      ...(purpose && { input_type: purpose }),
      ...(typeof output_dimension === "number" && { dimensions: output_dimension }),
      ...(encoding_format === "base64" && { encoding_format }),
      ...kept(rest),
    };
  },
  encodeRequest(request, { model, drop }) {
    const { input, input_type, dimensions, encoding_format, user } = request;
    if (user) drop("user");
    const purpose = input_type === undefined ? undefined : inputTypes[input_type];
    if (input_type !== undefined && purpose === undefined) drop("input_type");
    const given = request as unknown as Fields;
    return {
      model,
      input,
      ...(purpose !== undefined && { input_type: purpose }),
      ...(dimensions !== undefined && { output_dimension: dimensions }),
      ...(encoding_format === "base64" && { encoding_format }),
      ...Object.fromEntries(ownMembers.flatMap((one) => (one in given ? [[one, given[one]]] : []))),
      ...request.extensions?.[name],
    };
  },
  decodeAnswer(body, { model }) {
    const usage = usageOf(body["usage"]);
    return {
      object: "list",
      model,
      data: dataOf(body).map(({ index, embedding }, at) => ({
        object: "embedding",
        index: typeof index === "number" ? index : at,
        embedding: embedding as number[] | string,
      })),
      ...(usage && { usage }),
    };
  },
  encodeAnswer: ({ data, usage }, { model }) => ({
    object: "list",
    data,
    model,
    ...(usage && { usage: { total_tokens: usage.total_tokens } }),
  }),
};

const rerank: Codec<RerankRequest, RerankAnswer> = {
  decodeRequest(body, { model }) {
    const { model: _model, query, documents, top_k, return_documents, ...rest } = body;
    if (typeof query !== "string") throw badRequest("query must be a string.", "query");
    if (!Array.isArray(documents) || !documents.every((text) => typeof text === "string")) {
      throw badRequest("documents must be a list of texts.", "documents");
    }
    return {
      model,
      query,
      documents,
      ...(typeof top_k === "number" && { top_n: top_k }),
      ...(typeof return_documents === "boolean" && { return_documents }),
      ...kept(rest),
    };
  },
  encodeRequest: encodeRerank,
  decodeAnswer: decodeRanking,
  encodeAnswer: encodeRanking,
};

/** Voyage's embeddings and rerankers. Source: docs.voyageai.com/reference. */
const protocol = defineProtocol({
  name,
  // Other protocols' clients have these paths, too: those protocols have to stand before this one.
  endpoints: [
    { method: "POST", path: "/v1/rerank", operation: "rerank" },
    { method: "POST", path: "/v1/embeddings", operation: "embeddings" },
  ],
  codecs: { embeddings, rerank },
  readRequest(body): RequestFacts {
    if (!isFields(body) || typeof body["model"] !== "string") {
      throw badRequest("You must provide a model.", "model");
    }
    const texts = [body["query"], body["documents"], body["input"]].flat();
    const text = texts.filter((one) => typeof one === "string").join("\n");
    return { model: body["model"], stream: false, messages: () => (text ? [{ role: "user", text }] : []) };
  },
  renderError: ({ message }) => JSON.stringify({ detail: message }),
  readError({ detail }, status) {
    return typeof detail === "string" ? { message: detail, ...(status < 400 && { status: 502 }) } : undefined;
  },
  renameAnswer: (json, model) => replaceTopLevelString(json, "model", model),
  usageField: "usage",
  readUsage(answer): Usage | undefined {
    const usage = isFields(answer) ? usageOf(answer["usage"]) : undefined;
    return usage && { inputTokens: usage.prompt_tokens, outputTokens: 0 };
  },
});

export default definePlugin({ name: "protocols/voyage", setup: () => ({ protocol }) });

function kept(rest: Fields): { extensions?: Record<string, Fields> } {
  const own = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
  return Object.keys(own).length > 0 ? { extensions: { [name]: own } } : {};
}

/** Only the sum is told. */
function usageOf(usage: unknown): { prompt_tokens: number; total_tokens: number } | undefined {
  const tokens = isFields(usage) ? usage["total_tokens"] : undefined;
  return typeof tokens === "number" ? { prompt_tokens: tokens, total_tokens: tokens } : undefined;
}

function dataOf({ data }: Fields): Fields[] {
  if (!Array.isArray(data)) throw badAnswer("it has no data");
  return data.filter(isFields);
}

function encodeRerank(request: RerankRequest, { model, drop }: CodecContext): Fields {
  const { query, documents, top_n, return_documents, max_tokens_per_doc } = request;
  if (max_tokens_per_doc !== undefined) drop("max_tokens_per_doc");
  return {
    model,
    query,
    documents: documents.map(documentText),
    ...(top_n !== undefined && { top_k: top_n }),
    ...(return_documents !== undefined && { return_documents }),
    ...request.extensions?.[name],
  };
}

/** Documents are texts here. */
function documentText(document: string | Fields): string {
  if (typeof document === "string") return document;
  const { text } = document;
  return typeof text === "string" && Object.keys(document).length === 1 ? text : JSON.stringify(document);
}

function decodeRanking(body: Fields, { model, request }: AnswerContext<RerankRequest>): RerankAnswer {
  const usage = usageOf(body["usage"]);
  const results = dataOf(body).map((result) => {
    const index = Number(result["index"]);
    const document = request.return_documents ? request.documents[index] : undefined;
    return {
      index,
      relevance_score: Number(result["relevance_score"]),
      ...(document !== undefined && { document }),
    };
  });
  return { model, results, ...(usage && { usage: { ...usage, completion_tokens: 0 } }) };
}

function encodeRanking(answer: RerankAnswer, { model, request }: AnswerContext<RerankRequest>): Fields {
  const { results, usage } = answer;
  const data = results.map(({ index, relevance_score, document }) => ({
    index,
    relevance_score,
    ...(request.return_documents && document !== undefined && { document }),
  }));
  return { object: "list", data, model, ...(usage && { usage: { total_tokens: usage.total_tokens } }) };
}
