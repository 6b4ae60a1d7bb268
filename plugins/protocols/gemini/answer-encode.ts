import { textOfContent } from "../../../core/index.ts";
import type { AnswerContext, ChatAnswer, ChatChoice, ChatRequest, Fields } from "../../../core/index.ts";
import { encodeCitations } from "./citations.ts";
import { ownOf } from "./fields.ts";
import { encodeFinish } from "./finish.ts";
import { encodeLogprobs } from "./logprobs.ts";
import { messageParts } from "./message-encode.ts";
import { wantsThoughts } from "./thinking.ts";
import { encodeUsage } from "./usage.ts";
import type { Candidate, Content, GenerateContentResponse } from "./wire.ts";

/** The answer of generateContent for a neutral answer. */
export function encodeAnswer(answer: ChatAnswer, context: AnswerContext<ChatRequest>): Fields {
  const candidates = answer.choices
    .map((choice) => candidateOf(choice, context))
    .filter((candidate) => candidate !== undefined);
  const body: GenerateContentResponse = {
    ...(candidates.length > 0 && { candidates }),
    ...(answer.usage && { usageMetadata: encodeUsage(answer.usage) }),
    ...(ownOf(answer) ?? { modelVersion: context.model || answer.model, responseId: answer.id }),
  };
  return body;
}

/** Undefined for a choice that only stands for a blocked prompt, which is told elsewhere. */
function candidateOf(choice: ChatChoice, context: AnswerContext<ChatRequest>): Candidate | undefined {
  const { message, index, finish_reason, native_finish_reason } = choice;
  const { blocked, withoutContent, withoutFinish, order: _, ...own } = ownOf(message) ?? { index };
  if (blocked) return undefined;
  const writing = { thoughts: wantsThoughts(context.request), carry: true, signed: false };
  const parts = messageParts(message, context, writing);
  const content: Content = { ...(parts.length > 0 && { parts }), role: "model" };
  const logprobsResult = encodeLogprobs(choice.logprobs);
  const groundingMetadata = encodeCitations(message.annotations ?? [], textOfContent(message.content));
  const candidate: Candidate = {
    ...(!withoutContent && { content }),
    ...(!withoutFinish && { finishReason: encodeFinish(finish_reason, native_finish_reason) }),
    // A candidate that was this protocol's already has what these are made of.
    ...(!ownOf(message) && logprobsResult && { logprobsResult }),
    ...(!ownOf(message) && groundingMetadata && { groundingMetadata }),
    ...own,
  };
  return candidate;
}
