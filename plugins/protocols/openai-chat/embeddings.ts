import type { EmbeddingCreateParams } from "openai/resources/embeddings";
import { badAnswer, badRequest, isFields, vectorToBase64, vectorToNumbers } from "../../../core/index.ts";
import type {
  AnswerContext,
  Codec,
  CodecContext,
  EmbeddingsAnswer,
  EmbeddingsRequest,
  Fields,
} from "../../../core/index.ts";
import { takesExtension } from "./takes.ts";
import { readUsage } from "./usage.ts";

type Vector = EmbeddingsAnswer["data"][number]["embedding"];

/** OpenAI's embeddings. Its SDKs ask for base64 unless told otherwise, and break on numbers then. */
export const embeddings: Codec<EmbeddingsRequest, EmbeddingsAnswer> = {
  decodeRequest(body) {
    const { input, model, encoding_format: format } = body;
    if (typeof model !== "string") throw badRequest("You must provide a model parameter.", "model");
    if (!isInput(input)) throw badRequest("input must be a text, a list of texts, or tokens.", "input");
    if (format !== undefined && format !== null && format !== "float" && format !== "base64") {
      throw badRequest("encoding_format must be float or base64.", "encoding_format");
    }
    return body as unknown as EmbeddingsRequest;
  },

  encodeRequest(request: EmbeddingsRequest, context: CodecContext): Fields {
    const { extensions, input_type, input, ...rest } = request;
    const body: Fields & Pick<EmbeddingCreateParams, "model" | "input"> = {
      ...rest,
      input,
      model: context.model,
    };
    if (input_type !== undefined) {
      if (takesExtension(context, "input_type")) body["input_type"] = input_type;
      else context.drop("input_type");
    }
    for (const values of Object.values(extensions ?? {}))
      for (const name of Object.keys(values)) context.drop(name);
    return body;
  },

  decodeAnswer(body: Fields, context: AnswerContext<EmbeddingsRequest>): EmbeddingsAnswer {
    const { data, usage: told, model, ...rest } = body;
    if (!Array.isArray(data)) throw badAnswer("it has no vectors");
    const usage = readUsage(told);
    return {
      ...rest,
      object: "list",
      data: data.map(readVector),
      model: typeof model === "string" ? model : context.model,
      ...(usage && { usage: { ...(told as Fields), ...totals(usage.inputTokens, usage.outputTokens) } }),
    };
  },

  encodeAnswer(answer: EmbeddingsAnswer, context: AnswerContext<EmbeddingsRequest>): Fields {
    const { extensions: _, data, model, usage, ...rest } = answer;
    const write = context.request.encoding_format === "base64" ? vectorToBase64 : vectorToNumbers;
    return {
      ...rest,
      data: data.map((one) => ({ ...one, embedding: write(one.embedding) })),
      model: context.model || model,
      usage: usage ?? { prompt_tokens: 0, total_tokens: 0 },
    };
  },
};

function isInput(input: unknown): boolean {
  if (typeof input === "string") return true;
  return Array.isArray(input) && input.length > 0 && input.every((one) => isText(one) || isTokens(one));
}

function isText(one: unknown): boolean {
  return typeof one === "string" || typeof one === "number";
}

function isTokens(one: unknown): boolean {
  return Array.isArray(one) && one.every((token) => typeof token === "number");
}

function totals(prompt_tokens: number, more: number): { prompt_tokens: number; total_tokens: number } {
  return { prompt_tokens, total_tokens: prompt_tokens + more };
}

function readVector(one: unknown, place: number): EmbeddingsAnswer["data"][number] {
  const { embedding, index } = isFields(one) ? one : {};
  const isVector =
    typeof embedding === "string" || (Array.isArray(embedding) && embedding.every(Number.isFinite));
  if (!isVector) throw badAnswer("a vector in it is none");
  return {
    ...(one as Fields),
    object: "embedding",
    index: typeof index === "number" ? index : place,
    embedding: embedding as Vector,
  };
}
