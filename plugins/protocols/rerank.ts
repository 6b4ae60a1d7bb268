import {
  badAnswer,
  badRequest,
  definePlugin,
  defineProtocol,
  isFields,
  plainErrorBody,
  replaceTopLevelString,
} from "../../core/index.ts";
import type {
  AnswerContext,
  ChatUsage,
  Codec,
  CodecContext,
  Fields,
  PromptMessage,
  RequestFacts,
  RerankAnswer,
  RerankRequest,
  Usage,
} from "../../core/index.ts";

const name = "rerank";

/** What the shape has in common with the neutral one; the rest is kept for those who speak it. */
const neutral = new Set(["model", "query", "documents", "top_n", "return_documents", "max_tokens_per_doc"]);

const codec: Codec<RerankRequest, RerankAnswer> = {
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
};

/**
 * The rerankers' common shape, as Jina has it and version 1 of Cohere's API, vLLM, SiliconFlow and others.
 * Source: jina.ai/reranker, docs.vllm.ai (re-rank API).
 */
const protocol = defineProtocol({
  name,
  endpoints: [
    { method: "POST", path: "/v1/rerank", operation: "rerank" },
    { method: "POST", path: "/rerank", operation: "rerank" },
  ],
  codecs: { rerank: codec },
  readRequest(body): RequestFacts {
    if (!isFields(body)) throw badRequest("The request body must be a JSON object.");
    const { model } = body;
    if (typeof model !== "string") throw badRequest("You must provide a model.", "model");
    return { model, stream: false, messages: () => promptOf(body) };
  },
  renderError: plainErrorBody,
  readError,
  renameAnswer: (json, model) => replaceTopLevelString(json, "model", model),
  readUsage(answer): Usage | undefined {
    const usage = isFields(answer) ? usageOf(answer) : undefined;
    return usage && { inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens };
  },
});

export default definePlugin({ name: "protocols/rerank", setup: () => ({ protocol }) });

function promptOf({ query, documents }: Fields): PromptMessage[] {
  const texts = [query, documents].flat().map((one) => (isFields(one) ? one["text"] : one));
  const text = texts.filter((one) => typeof one === "string").join("\n");
  return text ? [{ role: "user", text }] : [];
}

/** Services say it in OpenAI's shape, as `message`, or as FastAPI's `detail`. */
function readError(body: Fields, status: number): { message: string; status?: number } | undefined {
  const { error, message, detail } = body;
  const said = [isFields(error) ? error["message"] : error, detail, status >= 400 ? message : undefined];
  const text = said.find((one) => typeof one === "string" && one !== "");
  const listed = Array.isArray(detail) && isFields(detail[0]) ? detail[0]["msg"] : undefined;
  const found = text ?? listed;
  return typeof found === "string" ? { message: found, ...(status < 400 && { status: 502 }) } : undefined;
}

function decodeRequest(body: Fields, { model }: CodecContext): RerankRequest {
  const { query, documents, top_n, return_documents, max_tokens_per_doc } = body;
  if (typeof query !== "string") throw badRequest("query must be a string.", "query");
  if (!Array.isArray(documents) || !documents.every((one) => typeof one === "string" || isFields(one))) {
    throw badRequest("documents must be a list of texts or objects.", "documents");
  }
  const more = Object.entries(body).filter(([key, value]) => !neutral.has(key) && value !== null);
  return {
    model,
    query,
    documents,
    ...(typeof top_n === "number" && { top_n }),
    ...(typeof return_documents === "boolean" && { return_documents }),
    ...(typeof max_tokens_per_doc === "number" && { max_tokens_per_doc }),
    ...(more.length > 0 && { extensions: { [name]: Object.fromEntries(more) } }),
  };
}

/** Whether documents come back is always said: services differ in what they do when it is not. */
function encodeRequest(request: RerankRequest, { model }: CodecContext): Fields {
  const { query, documents, top_n, return_documents = false, max_tokens_per_doc, extensions } = request;
  return {
    model,
    query,
    documents,
    ...(top_n !== undefined && { top_n }),
    return_documents,
    ...(max_tokens_per_doc !== undefined && { max_tokens_per_doc }),
    ...extensions?.[name],
  };
}

function decodeAnswer(body: Fields, { model, request }: AnswerContext<RerankRequest>): RerankAnswer {
  const { id } = body;
  const results = body["results"] ?? body["data"];
  if (!Array.isArray(results)) throw badAnswer("it has no results");
  const usage = usageOf(body);
  return {
    ...(typeof id === "string" && { id }),
    model,
    results: results.filter(isFields).map((result) => decodeResult(result, request)),
    ...(usage && { usage }),
  };
}

/** A document that should be there and is not is the request's own. */
function decodeResult(result: Fields, request: RerankRequest): RerankAnswer["results"][number] {
  const index = Number(result["index"]);
  const given = result["document"] ?? request.documents[index];
  const document = typeof given === "string" || isFields(given) ? given : undefined;
  return {
    index,
    relevance_score: Number(result["relevance_score"] ?? result["score"]),
    ...(request.return_documents && document !== undefined && { document }),
  };
}

/** Tokens as `usage` (Jina, vLLM), or as Cohere's `meta` (SiliconFlow). Only the sum may be told. */
function usageOf({ usage, meta }: Fields): ChatUsage | undefined {
  const { tokens, billed_units } = isFields(meta) ? meta : {};
  for (const told of [usage, tokens, billed_units]) {
    if (!isFields(told)) continue;
    const input = told["prompt_tokens"] ?? told["input_tokens"] ?? told["total_tokens"];
    const output = told["completion_tokens"] ?? told["output_tokens"] ?? 0;
    if (typeof input !== "number" || typeof output !== "number") continue;
    return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  }
  return undefined;
}

function encodeAnswer(answer: RerankAnswer, { id, model, request }: AnswerContext<RerankRequest>): Fields {
  const { results, usage } = answer;
  return {
    id: answer.id ?? id,
    model,
    results: results.map(({ index, relevance_score, document }) => ({
      index,
      relevance_score,
      ...(request.return_documents &&
        document !== undefined && { document: typeof document === "string" ? { text: document } : document }),
    })),
    ...(usage && { usage: { prompt_tokens: usage.prompt_tokens, total_tokens: usage.total_tokens } }),
  };
}
