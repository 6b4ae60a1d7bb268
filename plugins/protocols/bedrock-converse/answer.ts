import { badAnswer, isFields } from "../../../core/index.ts";
import type {
  AnswerContext,
  AssistantMessage,
  ChatAnswer,
  ChatRequest,
  Fields,
  ToolCall,
} from "../../../core/index.ts";
import { cited, citedBlocks } from "./citations.ts";
import { finishReason, stopReason, usageOf, wireUsage } from "./finish.ts";
import { assistantMessage } from "./messages-decode.ts";
import { assistantBlocks } from "./messages-encode.ts";
import { asOwn, ownOf } from "./own.ts";
import { answerToolName } from "./schema.ts";
import type { WireAnswer } from "./wire.ts";

/** The stop sequence, where the request asked for it to be told. */
export function stopSequenceIn(fields: unknown): string | undefined {
  const stop = isFields(fields) ? fields["stop_sequence"] : undefined;
  return typeof stop === "string" ? stop : undefined;
}

/** A service tier that is nothing but its type. */
export function tierIn(tier: unknown): string | undefined {
  return isFields(tier) && typeof tier["type"] === "string" ? tier["type"] : undefined;
}

/** A whole Converse answer. It has no id and no time: the call's stand for them. */
export function decodeAnswer(body: Fields, context: AnswerContext<ChatRequest>): ChatAnswer {
  const { output, stopReason: reason, usage, serviceTier, ...own } = body;
  const message = isFields(output) ? output["message"] : undefined;
  const content = isFields(message) ? message["content"] : undefined;
  if (!Array.isArray(content) || !content.every(isFields)) throw badAnswer("it has no message");
  const native = typeof reason === "string" ? reason : "end_turn";
  const read = cited(assistantMessage(content, context.model));
  const tool = answerToolName(context.request, context.model);
  const answered = tool === undefined ? read : withoutTool(read, tool);
  const inText = answered !== read && !answered.tool_calls && native === "tool_use";
  const stop = stopSequenceIn(own["additionalModelResponseFields"]);
  const tier = tierIn(serviceTier);
  const counted = usageOf(usage);
  return {
    id: context.id,
    object: "chat.completion",
    created: context.created,
    model: context.model,
    choices: [
      {
        index: 0,
        message: answered,
        finish_reason: inText ? "stop" : finishReason(native),
        native_finish_reason: native,
        ...(stop !== undefined && { stop_sequence: stop }),
      },
    ],
    ...(counted && { usage: counted }),
    ...(tier !== undefined && { service_tier: tier }),
    ...asOwn(own),
  };
}

/** The message with the input of the tool that stood for the answer as its text. */
function withoutTool(message: AssistantMessage, tool: string): AssistantMessage {
  const isAnswer = (call: ToolCall): boolean => call.type === "function" && call.function.name === tool;
  const { tool_calls = [], order: _, ...rest } = message;
  const answers = tool_calls.filter(isAnswer);
  if (answers.length === 0) return message;
  const others = tool_calls.filter((call) => !isAnswer(call));
  const texts = answers.map((call) => (call.type === "function" ? call.function.arguments : ""));
  return { ...rest, content: texts.join("\n"), ...(others.length > 0 && { tool_calls: others }) };
}

/** A whole answer for a client of Converse; of several choices it has room for the first. */
export function encodeAnswer(answer: ChatAnswer, context: AnswerContext<ChatRequest>): Fields {
  const [choice] = answer.choices;
  if (!choice) throw badAnswer("it has no choice");
  const { message } = choice;
  const writing = { context, model: context.model, names: new Set<string>(), answering: true };
  const content = citedBlocks(assistantBlocks(message, writing), message);
  const { metrics, additionalModelResponseFields, ...own } = ownOf(answer) ?? {};
  const stop = choice.stop_sequence;
  const more = additionalModelResponseFields ?? (stop == null ? undefined : { stop_sequence: stop });
  const tier = answer.service_tier;
  const made: WireAnswer = {
    output: { message: { role: "assistant", content: content as never } },
    stopReason: stopReason(choice) as WireAnswer["stopReason"],
    usage: wireUsage(answer.usage) as unknown as WireAnswer["usage"],
    metrics: (metrics ?? { latencyMs: latency(context) }) as WireAnswer["metrics"],
    ...(more !== undefined && { additionalModelResponseFields: more as never }),
    ...(tier != null && tier !== "auto" && { serviceTier: { type: tier as never } }),
  };
  return { ...made, ...own };
}

/** ms since the call came; its time is known in seconds. */
export function latency({ created }: { created: number }): number {
  return Math.max(0, Date.now() - created * 1000);
}
