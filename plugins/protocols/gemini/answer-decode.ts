import { badAnswer, isFields } from "../../../core/index.ts";
import type { AnswerContext, ChatAnswer, ChatChoice, ChatRequest, Fields } from "../../../core/index.ts";
import { CallIds } from "./calls.ts";
import { decodeCitations, placesIn } from "./citations.ts";
import { asOwn, camel, isPlace, isText, ofAnswer, ownOf, same } from "./fields.ts";
import { blockedText, decodeFinish } from "./finish.ts";
import { decodeLogprobs } from "./logprobs.ts";
import { MessageReader } from "./message-decode.ts";
import { decodeUsage } from "./usage.ts";

/** Reads an answer of generateContent. Throws for one that is not of its shape. */
export function decodeAnswer(given: Fields, context: AnswerContext<ChatRequest>): ChatAnswer {
  const { candidates, usageMetadata, ...own } = camel(given);
  const { responseId, promptFeedback } = own;
  const id = isText(responseId) ? responseId : context.id;
  const list = Array.isArray(candidates) ? candidates.filter(isFields) : [];
  if (list.length === 0 && !isFields(promptFeedback)) throw badAnswer("it has no candidates");
  const ids = new CallIds(id);
  const choices = ofAnswer(() => list.map((candidate, place) => choiceOf(camel(candidate), place, ids)));
  const usage = decodeUsage(usageMetadata);
  return {
    id,
    object: "chat.completion",
    created: context.created,
    model: context.model,
    choices: choices.length > 0 ? choices : [blocked(promptFeedback as Fields)],
    ...(usage && { usage }),
    ...(!same(own, { responseId: id, modelVersion: context.model }) && { extensions: { gemini: own } }),
  };
}

function choiceOf(candidate: Fields, place: number, ids: CallIds): ChatChoice {
  const { content, finishReason, ...own } = candidate;
  const { parts } = isFields(content) ? content : {};
  const list = Array.isArray(parts) ? parts.filter(isFields) : [];
  const reader = new MessageReader(ids);
  for (const part of list) reader.add(part);
  const message = reader.message();
  const places = placesIn(list.map(({ text, thought }) => (isText(text) && thought !== true ? text : "")));
  const annotations = decodeCitations(own, places);
  if (annotations.length > 0) message.annotations = annotations;
  const index = isPlace(own["index"]) ? own["index"] : place;
  if (!isFields(content)) own["withoutContent"] = true;
  if (finishReason === undefined) own["withoutFinish"] = true;
  if (message.extensions || !same(own, { index }))
    message.extensions = { gemini: { ...own, ...ownOf(message) } };
  const logprobs = decodeLogprobs(own["logprobsResult"]);
  return {
    index,
    message,
    finish_reason: decodeFinish(finishReason, message.tool_calls !== undefined),
    ...(isText(finishReason) && { native_finish_reason: finishReason }),
    ...(logprobs && { logprobs }),
  };
}

/** What stands for the answer to a prompt that was blocked. */
function blocked({ blockReason, blockReasonMessage }: Fields): ChatChoice {
  const refusal = blockedText(blockReason, blockReasonMessage);
  return {
    index: 0,
    message: { role: "assistant", content: null, refusal, ...asOwn({ blocked: true }) },
    finish_reason: "content_filter",
    ...(isText(blockReason) && { native_finish_reason: blockReason }),
  };
}
