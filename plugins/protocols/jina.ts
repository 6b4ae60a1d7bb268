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
  Usage,
} from "../../core/index.ts";

const name = "jina";

/** Jina's tasks for the purposes of vectors. Source: jina.ai/embeddings. */
const tasks: Readonly<Record<string, string>> = {
  search_query: "retrieval.query",
  search_document: "retrieval.passage",
  classification: "classification",
  clustering: "separation",
  similarity: "text-matching",
};

/** Members that OpenAI's shape does not have, which its clients may give all the same. */
const ownMembers = ["task", "late_chunking", "normalized", "truncate"] as const;

const codec: Codec<EmbeddingsRequest, EmbeddingsAnswer> = {
  decodeRequest,
  encodeRequest,
  decodeAnswer,
  encodeAnswer,
};

/** Jina's embeddings: OpenAI's shape with a task. Its reranker speaks `rerank`. Source: jina.ai/embeddings. */
const protocol = defineProtocol({
  name,
  // OpenAI's clients have this path, too: its protocol has to stand before this one.
  endpoints: [{ method: "POST", path: "/v1/embeddings", operation: "embeddings" }],
  codecs: { embeddings: codec },
  readRequest(body): RequestFacts {
    if (!isFields(body) || typeof body["model"] !== "string") {
      throw badRequest("You must provide a model.", "model");
    }
    const texts = [body["input"]].flat().map((one) => (isFields(one) ? one["text"] : one));
    const text = texts.filter((one) => typeof one === "string").join("\n");
    return { model: body["model"], stream: false, messages: () => (text ? [{ role: "user", text }] : []) };
  },
  renderError: ({ message }) => JSON.stringify({ detail: message }),
  readError({ detail, error }, status) {
    const listed = Array.isArray(detail) && isFields(detail[0]) ? detail[0]["msg"] : detail;
    const message = listed ?? (isFields(error) ? error["message"] : error);
    return typeof message === "string" ? { message, ...(status < 400 && { status: 502 }) } : undefined;
  },
  renameAnswer: (json, model) => replaceTopLevelString(json, "model", model),
  usageField: "usage",
  readUsage(answer): Usage | undefined {
    const tokens = isFields(answer) ? tokensOf(answer["usage"]) : undefined;
    return tokens === undefined ? undefined : { inputTokens: tokens, outputTokens: 0 };
  },
});

export default definePlugin({ name: "protocols/jina", setup: () => ({ protocol }) });

function tokensOf(usage: unknown): number | undefined {
  const tokens = isFields(usage) ? (usage["prompt_tokens"] ?? usage["total_tokens"]) : undefined;
  return typeof tokens === "number" ? tokens : undefined;
}

function decodeRequest(body: Fields, { model }: CodecContext): EmbeddingsRequest {
  const { model: _model, input, task, dimensions, embedding_type, ...rest } = body;
  const given = [input].flat().map((one) => (isFields(one) ? one["text"] : one));
  if (!given.every((text): text is string => typeof text === "string")) {
    throw badRequest("Only Jina's own models embed images here: this one takes texts.", "input");
  }
  const purpose = Object.keys(tasks).find((one) => tasks[one] === task);
  const own: Fields = { ...rest, ...(task !== undefined && !purpose && { task }) };
  return {
    model,
    input: typeof input === "string" ? input : given,
    ...(typeof dimensions === "number" && { dimensions }),
    ...(purpose && { input_type: purpose }),
    ...(embedding_type === "base64" && { encoding_format: "base64" }),
    ...(Object.keys(own).length > 0 && { extensions: { [name]: own } }),
  };
}

function encodeRequest(request: EmbeddingsRequest, { model, drop }: CodecContext): Fields {
  const { input, dimensions, input_type, encoding_format, user, extensions } = request;
  if (user) drop("user");
  const task = input_type === undefined ? undefined : tasks[input_type];
  if (input_type !== undefined && task === undefined) drop("input_type");
  const given = request as unknown as Fields;
  const own = Object.fromEntries(ownMembers.flatMap((one) => (one in given ? [[one, given[one]]] : [])));
  return {
    model,
    input,
    ...(task !== undefined && { task }),
    ...(dimensions !== undefined && { dimensions }),
    ...(encoding_format === "base64" && { embedding_type: "base64" }),
    ...own,
    ...extensions?.[name],
  };
}

function decodeAnswer(body: Fields, { model }: AnswerContext<EmbeddingsRequest>): EmbeddingsAnswer {
  const { data, usage } = body;
  if (!Array.isArray(data)) throw badAnswer("it has no data");
  const tokens = tokensOf(usage);
  return {
    object: "list",
    model,
    data: data.filter(isFields).map(({ index, embedding }, at) => ({
      object: "embedding",
      index: typeof index === "number" ? index : at,
      embedding: embedding as number[] | string,
    })),
    ...(tokens !== undefined && { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
  };
}

function encodeAnswer(
  { data, usage }: EmbeddingsAnswer,
  { model }: AnswerContext<EmbeddingsRequest>,
): Fields {
  return { model, object: "list", data, ...(usage && { usage }) };
}
