import { badAnswer, isFields } from "../../../core/index.ts";
import { AssistantPieces, isPlainText } from "./assistant-decode.ts";
import { assistantBlocks, client } from "./assistant-encode.ts";
import { annotationsOf, withCitations } from "./citations.ts";
import { ownOf, objectsIn, restOf, textIn, wire } from "./fields.ts";
import { factsOf } from "./models.ts";
import { finishReasonOf, stopReasonOf } from "./stop.ts";
import { calledTools } from "./structured.ts";
import { answerTier, tierOf } from "./tiers.ts";
import { decodeUsage, encodeUsage } from "./usage.ts";
import type { BetaMessage, BetaUsage } from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type {
  AnswerContext,
  AssistantMessage,
  ChatAnswer,
  ChatChoice,
  ChatRequest,
  Fields,
} from "../../../core/index.ts";
import type { CalledTools } from "./assistant-decode.ts";

type Context = AnswerContext<ChatRequest>;

const said = new Set(["id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"]);

/** An upstream's whole answer. Throws a 502 GatewayError for what is no message. */
export function decodeAnswer(body: Fields, context: Context): ChatAnswer {
  const { content, stop_reason, stop_sequence } = body;
  if (!Array.isArray(content)) throw badAnswer("it has no content");
  const tools = calledTools(context.request, factsOf(context.model));
  const message = messageFrom(content.filter(isFields), tools);
  const usage = decodeUsage(body["usage"]);
  return {
    id: textIn(body, "id") || context.id,
    object: "chat.completion",
    created: context.created,
    model: textIn(body, "model") || context.model,
    choices: [{ index: 0, message, ...endedBy(stop_reason, stop_sequence, message, tools) }],
    ...(usage && { usage }),
    ...tierOf(body["usage"]),
    ...restOf(body, said),
  };
}

function messageFrom(blocks: readonly Fields[], tools: CalledTools): AssistantMessage {
  const pieces = new AssistantPieces(blocks, tools);
  const { parts } = pieces;
  const [first] = parts;
  const text = parts.length === 1 && isPlainText(first) ? first.text : undefined;
  const annotations = annotationsOf(parts);
  return {
    ...pieces.message(),
    content: text ?? (parts.length > 0 ? parts : null),
    ...(annotations.length > 0 && { annotations }),
  };
}

/** How an answer ended. One whose only call was the answer itself ended by itself. */
export function endedBy(
  stopReason: unknown,
  stopSequence: unknown,
  { tool_calls: calls }: Pick<AssistantMessage, "tool_calls">,
  tools: CalledTools,
): Omit<ChatChoice, "index" | "message"> {
  const answered = tools.answer !== undefined && stopReason === "tool_use" && !calls?.length;
  return {
    finish_reason: answered ? "stop" : finishReasonOf(stopReason),
    ...(typeof stopReason === "string" && !answered && { native_finish_reason: stopReason }),
    ...(typeof stopSequence === "string" && { stop_sequence: stopSequence }),
  };
}

/** The answer for a client. Of several choices it gets the first: the protocol has no more. */
export function encodeAnswer(answer: ChatAnswer, context: Context): Fields {
  const [choice] = answer.choices;
  const message = choice?.message ?? { role: "assistant" };
  const content = withCitations(assistantBlocks(message, context, client), message);
  const tier = answerTier(answer);
  const usage = { ...(tier && { service_tier: tier }), ...encodeUsage(answer.usage) };
  const body = wire<Partial<BetaMessage>>({
    id: answer.id,
    type: "message",
    role: "assistant",
    model: context.model || answer.model,
    content: content as object as BetaMessage["content"],
    stop_reason: (choice
      ? stopReasonOf(choice, hasCalls(content))
      : "end_turn") as BetaMessage["stop_reason"],
    stop_sequence: choice?.stop_sequence ?? null,
    usage: usage as object as BetaUsage,
  });
  return { ...body, ...ownOf(answer) };
}

function hasCalls(content: readonly Fields[]): boolean {
  return objectsIn(content).some(({ type }) => type === "tool_use");
}
