import { badAnswer, badRequest, isFields, vectorToNumbers } from "../../../core/index.ts";
import type { Codec, EmbeddingsAnswer, EmbeddingsRequest, Fields } from "../../../core/index.ts";

/** What embeddings are for. Source: Vertex AI API reference, text embeddings, `task_type`. */
const taskTypes: Readonly<Record<string, string>> = {
  search_query: "RETRIEVAL_QUERY",
  search_document: "RETRIEVAL_DOCUMENT",
  classification: "CLASSIFICATION",
  clustering: "CLUSTERING",
  similarity: "SEMANTIC_SIMILARITY",
};
const inputTypes = new Map(Object.entries(taskTypes).map(([input, task]) => [task, input]));

const own = "vertex-predict";

/** `{ instances: [{ content, task_type }], parameters }` and `{ predictions: [{ embeddings: { values } }] }`. */
export const embeddings: Codec<EmbeddingsRequest, EmbeddingsAnswer> = {
  decodeRequest({ instances, parameters }, context) {
    const list = Array.isArray(instances) ? instances.filter(isFields) : [];
    if (list.length === 0) throw badRequest("instances: must not be empty", "instances");
    const input = list.map(({ content }) => {
      if (typeof content !== "string") throw badRequest("instances: content must be a text", "instances");
      return content;
    });
    const { content: _, task_type: task, ...more } = list[0] ?? {};
    const inputType = typeof task === "string" ? inputTypes.get(task) : undefined;
    const { outputDimensionality, ...others } = isFields(parameters) ? parameters : {};
    const instance = { ...more, ...(task !== undefined && inputType === undefined && { task_type: task }) };
    const kept = { instance, parameters: others };
    const isPlain = Object.values(kept).every((part) => Object.keys(part).length === 0);
    return {
      model: context.model,
      input,
      ...(typeof outputDimensionality === "number" && { dimensions: outputDimensionality }),
      ...(inputType && { input_type: inputType }),
      ...(!isPlain && { extensions: { [own]: kept } }),
    };
  },

  encodeRequest(request, context) {
    const { model: _, input, dimensions, encoding_format: __, input_type, extensions, ...rest } = request;
    for (const name in rest) context.drop(name);
    const task = input_type === undefined ? undefined : taskTypes[input_type];
    if (input_type !== undefined && !task) context.drop("input_type");
    const kept = extensions?.[own] as { instance: Fields; parameters: Fields } | undefined;
    const parameters = {
      ...(dimensions !== undefined && { outputDimensionality: dimensions }),
      ...kept?.parameters,
    };
    const instances = textsOf(input).map((content) => ({
      content,
      ...(task && { task_type: task }),
      ...kept?.instance,
    }));
    return { instances, ...(Object.keys(parameters).length > 0 && { parameters }) };
  },

  decodeAnswer({ predictions }, context) {
    const list = Array.isArray(predictions) ? predictions.filter(isFields) : [];
    if (list.length === 0) throw badAnswer("it has no predictions");
    let tokens = 0;
    const data = list.map(({ embeddings: embedding }, index) => {
      const { values, statistics } = isFields(embedding) ? embedding : {};
      if (!Array.isArray(values)) throw badAnswer("a prediction has no values");
      if (isFields(statistics)) tokens += Number(statistics["token_count"] ?? 0);
      return { object: "embedding" as const, index, embedding: values as number[] };
    });
    const usage = tokens > 0 && { usage: { prompt_tokens: tokens, total_tokens: tokens } };
    return { object: "list", model: context.model, data, ...usage };
  },

  encodeAnswer({ data, usage }) {
    const predictions = data.map(({ embedding }, place) => {
      // Tokens are counted for each text; what is known is their sum.
      const statistics = { truncated: false, token_count: place === 0 ? (usage?.prompt_tokens ?? 0) : 0 };
      return { embeddings: { values: vectorToNumbers(embedding), statistics } };
    });
    return { predictions };
  },
};

function textsOf(input: EmbeddingsRequest["input"]): string[] {
  const list = typeof input === "string" ? [input] : input;
  return list.map((one: unknown) => {
    if (typeof one === "string") return one;
    throw badRequest("input: this model takes texts, no token numbers", "input");
  });
}
