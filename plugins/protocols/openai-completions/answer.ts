import type { Completion, CompletionChoice } from "openai/resources/completions";
import { badAnswer, isFields, textOfContent } from "../../../core/index.ts";
import type {
  AnswerContext,
  ChatAnswer,
  ChatChoice,
  ChatRequest,
  ChatUsage,
  Fields,
  FinishReason,
} from "../../../core/index.ts";
import { readLogprobs, writeLogprobs } from "./logprobs.ts";

/** An upstream's completion as the answer of a chat. */
export function decodeAnswer(body: Fields, context: AnswerContext<ChatRequest>): ChatAnswer {
  const { choices, usage: told, ...rest } = body;
  if (!Array.isArray(choices) || choices.length === 0) throw badAnswer("it has no choices");
  const usage = readChatUsage(told);
  return {
    ...rest,
    ...readHead(body, context),
    object: "chat.completion",
    choices: choices.map(readChoice),
    ...(usage && { usage }),
  };
}

export function readHead({ id, created, model }: Fields, context: AnswerContext<ChatRequest>) {
  return {
    id: typeof id === "string" && id ? id : `cmpl-${context.id}`,
    created: typeof created === "number" ? created : context.created,
    model: typeof model === "string" && model ? model : context.model,
  };
}

function readChoice(choice: unknown, place: number): ChatChoice {
  if (!isFields(choice) || typeof choice["text"] !== "string") throw badAnswer("a choice in it has no text");
  const { index, text, finish_reason, logprobs: told, ...rest } = choice;
  const logprobs = readLogprobs(told);
  return {
    ...rest,
    index: typeof index === "number" ? index : place,
    message: { role: "assistant", content: text as string },
    ...readFinish(finish_reason),
    ...(logprobs && { logprobs }),
  };
}

const finishReasons: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  length: "length",
  content_filter: "content_filter",
};

/** Another word than OpenAI's is kept beside. */
export function readFinish(word: unknown): Pick<ChatChoice, "finish_reason" | "native_finish_reason"> {
  const known =
    typeof word !== "string" ? "stop" : Object.hasOwn(finishReasons, word) ? finishReasons[word] : undefined;
  if (known) return { finish_reason: known };
  return { finish_reason: "stop", native_finish_reason: String(word) };
}

/** A completion knows no calls: they end as any text does. */
export function writeFinish(reason: FinishReason): "stop" | "length" | "content_filter" {
  if (reason === "length") return "length";
  return reason === "content_filter" ? "content_filter" : "stop";
}

export function readChatUsage(usage: unknown): ChatUsage | undefined {
  if (!isFields(usage) || typeof usage["prompt_tokens"] !== "number") return undefined;
  const { prompt_tokens, completion_tokens: told, total_tokens: total } = usage;
  const completion_tokens = typeof told === "number" ? told : 0;
  const total_tokens = typeof total === "number" ? total : prompt_tokens + completion_tokens;
  return { ...usage, prompt_tokens, completion_tokens, total_tokens };
}

/** Usage for a client: without what only the gateway says. */
export function writeUsage(usage: ChatUsage): ChatUsage {
  const { extensions: _, ...rest } = usage;
  return rest;
}

/** The answer for a client: text alone. */
export function encodeAnswer(answer: ChatAnswer, context: AnswerContext<ChatRequest>): Fields {
  const { id, created, model, choices, usage, system_fingerprint } = answer;
  const body: Fields & Completion = {
    id: id || `cmpl-${context.id}`,
    object: "text_completion",
    created,
    model: context.model || model,
    choices: choices.map(writeChoice),
    ...(system_fingerprint && { system_fingerprint }),
    ...(usage && { usage: writeUsage(usage) as NonNullable<Completion["usage"]> }),
  };
  return body;
}

function writeChoice({ index, message, finish_reason, logprobs }: ChatChoice): CompletionChoice {
  return {
    text: textOfContent(message.content),
    index,
    logprobs: writeLogprobs(logprobs),
    finish_reason: writeFinish(finish_reason),
  };
}
