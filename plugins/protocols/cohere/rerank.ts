import { badAnswer, badRequest, isFields, otherFields, textAt } from "../../../core/index.ts";
import { asOwn, ownOf } from "./fields.ts";
import { decodeUsage } from "./usage.ts";
import type {
  AnswerContext,
  Codec,
  CodecContext,
  Fields,
  RerankAnswer,
  RerankRequest,
} from "../../../core/index.ts";
import type { MetaBody, RerankAnswerBody, RerankBody } from "./wire.ts";

/** `POST /v2/rerank`. */
export const rerank: Codec<RerankRequest, RerankAnswer> = {
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
};

const neutral = new Set(["model", "query", "documents", "top_n", "max_tokens_per_doc", "return_documents"]);

function decodeRequest(body: Fields, { model }: CodecContext): RerankRequest {
  const { query, documents, top_n, max_tokens_per_doc, return_documents } = body;
  if (!Array.isArray(documents) || !documents.every((one) => typeof one === "string" || isFields(one))) {
    throw badRequest("documents must be a list of texts.", "documents");
  }
  return {
    model,
    query: textAt(query, "query"),
    documents,
    ...(typeof top_n === "number" && { top_n }),
    ...(typeof max_tokens_per_doc === "number" && { max_tokens_per_doc }),
    ...(typeof return_documents === "boolean" && { return_documents }),
    ...asOwn(otherFields(body, neutral)),
  };
}

/** The documents that a caller wants back are put in by the gateway: Cohere gives none. */
function encodeRequest(request: RerankRequest, { model }: CodecContext): Fields {
  const { query, documents, top_n, max_tokens_per_doc } = request;
  const body: RerankBody = {
    model,
    query,
    documents: documents.map(documentText),
    ...(top_n !== undefined && { top_n }),
    ...(max_tokens_per_doc !== undefined && { max_tokens_per_doc }),
    ...ownOf(request),
  };
  return body as unknown as Fields;
}

/** Cohere wants structured documents as YAML, of which JSON is a part. */
function documentText(document: string | Fields): string {
  if (typeof document === "string") return document;
  const { text } = document;
  return typeof text === "string" && Object.keys(document).length === 1 ? text : JSON.stringify(document);
}

function decodeAnswer(body: Fields, { model, request }: AnswerContext<RerankRequest>): RerankAnswer {
  const { id, results, meta } = body;
  if (!Array.isArray(results)) throw badAnswer("it has no results");
  const usage = decodeUsage(meta);
  const found = results.filter(isFields).map((result) => {
    const index = Number(result["index"]);
    const document = request.return_documents ? request.documents[index] : undefined;
    return {
      index,
      relevance_score: Number(result["relevance_score"]),
      ...(document !== undefined && { document }),
    };
  });
  return {
    ...(typeof id === "string" && { id }),
    model,
    results: found,
    ...(usage && { usage }),
    ...(isFields(meta) && asOwn({ meta })),
  };
}

function encodeAnswer(answer: RerankAnswer, { id, request }: AnswerContext<RerankRequest>): Fields {
  const { meta } = ownOf(answer) ?? {};
  const tokens = answer.usage?.prompt_tokens;
  const told: MetaBody = {
    api_version: { version: "2" },
    ...(tokens !== undefined && { tokens: { input_tokens: tokens } }),
  };
  const body: RerankAnswerBody = {
    id: answer.id ?? id,
    results: answer.results.map(({ index, relevance_score, document }) => ({
      index,
      relevance_score,
      ...(request.return_documents && document !== undefined && { document: asObject(document) }),
    })),
    meta: isFields(meta) ? (meta as MetaBody) : told,
  };
  return body as unknown as Fields;
}

function asObject(document: string | Fields): Fields {
  return typeof document === "string" ? { text: document } : document;
}
