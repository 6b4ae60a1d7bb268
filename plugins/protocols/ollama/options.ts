import { badRequest, isFields, maxTokensOf, stopOf } from "../../../core/index.ts";
import { isNumber } from "./fields.ts";
import type { ChatRequest, Fields } from "../../../core/index.ts";
import type { OptionsBody } from "./wire.ts";

/** Options with a neutral counterpart of the same meaning. */
const numbers = ["temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty"] as const;

/** Reads `options` into a request. What is left of them is returned: it is Ollama's own. */
export function decodeOptions(value: unknown, request: ChatRequest): Fields {
  if (value === undefined || value === null) return {};
  if (!isFields(value)) throw badRequest("options must be an object.", "options");
  const left = { ...value };
  for (const name of numbers) {
    const number = left[name];
    if (!isNumber(number)) continue;
    request[name] = number;
    delete left[name];
  }
  const { num_predict, stop } = left;
  // Below 0 it is no bound: as many as it takes, or as the context holds.
  if (isNumber(num_predict) && num_predict >= 0) {
    request.max_completion_tokens = num_predict;
    delete left["num_predict"];
  }
  if (typeof stop === "string" || (Array.isArray(stop) && stop.every((one) => typeof one === "string"))) {
    request.stop = typeof stop === "string" ? [stop] : (stop as string[]);
    delete left["stop"];
  }
  return left;
}

/** Writes `options`; undefined where there are none. `kept` are Ollama's own. */
export function encodeOptions(request: ChatRequest, kept: unknown): OptionsBody | undefined {
  const options: OptionsBody = {};
  for (const name of numbers) {
    const number = request[name];
    if (isNumber(number)) options[name] = number;
  }
  const maxTokens = maxTokensOf(request);
  if (maxTokens !== undefined) options.num_predict = maxTokens;
  const stop = stopOf(request);
  if (stop.length > 0) options.stop = stop;
  if (isFields(kept)) Object.assign(options, kept);
  return Object.keys(options).length > 0 ? options : undefined;
}
