import { isFields } from "../../../core/index.ts";
import { asOwn, cohere } from "./fields.ts";
import type { ChatChoice, ChunkChoice, Fields, FinishReason } from "../../../core/index.ts";
import type { FinishReasonWord, LogprobBody } from "./wire.ts";

/** Cohere's words for how an answer ended, in the neutral ones. Source: the official SDK's typings; ERROR_… from API version 1. */
const reasons: Readonly<Record<string, FinishReason>> = {
  COMPLETE: "stop",
  STOP_SEQUENCE: "stop",
  MAX_TOKENS: "length",
  TOOL_CALL: "tool_calls",
  TIMEOUT: "length",
  ERROR_LIMIT: "length",
  ERROR_TOXIC: "content_filter",
};

const words: Readonly<Record<string, string>> = {
  stop: "COMPLETE",
  length: "MAX_TOKENS",
  tool_calls: "TOOL_CALL",
  function_call: "TOOL_CALL",
  content_filter: "ERROR_TOXIC",
};

/** What an answer, or the last event of a stream, says when its generation failed; undefined when it did not. */
export function failureOf(finish: unknown, error?: unknown): string | undefined {
  if (typeof error === "string" && error !== "") return error;
  return finish === "ERROR" ? "The upstream failed while it generated the answer." : undefined;
}

export function decodeFinish(word: unknown): { finish_reason: FinishReason; native_finish_reason?: string } {
  if (typeof word !== "string") return { finish_reason: "stop" };
  const known = Object.hasOwn(reasons, word) ? reasons[word] : undefined;
  return { finish_reason: known ?? "stop", native_finish_reason: word };
}

type Finished = Pick<ChatChoice | ChunkChoice, "finish_reason" | "native_finish_reason" | "stop_sequence">;

/** The upstream's own word where it is one of Cohere's. */
export function encodeFinish(choice: Finished): FinishReasonWord {
  const { finish_reason, native_finish_reason, stop_sequence } = choice;
  if (native_finish_reason && native_finish_reason in reasons)
    return native_finish_reason as FinishReasonWord;
  if (finish_reason === "stop" && stop_sequence) return "STOP_SEQUENCE";
  return (words[finish_reason ?? "stop"] ?? "COMPLETE") as FinishReasonWord;
}

/** Cohere gives log probabilities by pieces of text, OpenAI by tokens: a piece becomes one token. */
export function decodeLogprobs(value: unknown): { content: Fields[] } | undefined {
  const items = (Array.isArray(value) ? value : [value]).filter(isFields);
  if (items.length === 0) return undefined;
  const content = items.map(({ text, token_ids, logprobs }) => ({
    token: typeof text === "string" ? text : "",
    logprob: sum(logprobs),
    bytes: null,
    top_logprobs: [],
    ...asOwn({ token_ids, logprobs }),
  }));
  return { content };
}

function sum(values: unknown): number {
  const numbers = Array.isArray(values) ? values.filter((one) => typeof one === "number") : [];
  return numbers.reduce((total, one) => total + one, 0);
}

export function encodeLogprobs(logprobs: unknown): LogprobBody[] {
  const content = isFields(logprobs) && Array.isArray(logprobs["content"]) ? logprobs["content"] : [];
  return content.filter(isFields).map(({ token, logprob, extensions }): LogprobBody => {
    const kept = isFields(extensions) && isFields(extensions[cohere]) ? extensions[cohere] : {};
    const { token_ids, logprobs: numbers } = kept;
    return {
      text: String(token ?? ""),
      token_ids: Array.isArray(token_ids) ? (token_ids as number[]) : [],
      logprobs: Array.isArray(numbers) ? (numbers as number[]) : [Number(logprob ?? 0)],
    };
  });
}
