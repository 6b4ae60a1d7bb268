import type { ChatCompletion } from "openai/resources/chat/completions";
import { textOfContent } from "../../../core/index.ts";
import type {
  Annotation,
  AnswerContext,
  AssistantMessage,
  ChatAnswer,
  ChatChoice,
  ChatRequest,
  Fields,
  ToolCall,
} from "../../../core/index.ts";
import { writeFinish } from "./finish.ts";
import { wantsFunctionCall } from "./functions.ts";
import { writeUsage } from "./usage.ts";

type SDKMessage = ChatCompletion.Choice["message"];

/**
 * The answer for a client. Left out: `extensions`, pieces of content that are no text, citations other than of URLs,
 * `native_finish_reason` and `stop_sequence`. Reasoning goes out as DeepSeek (`reasoning_content`) and OpenRouter
 * (`reasoning_details`) name it, so that it can come back.
 */
export function encodeAnswer(answer: ChatAnswer, context: AnswerContext<ChatRequest>): Fields {
  const { extensions: _, id, choices, usage, model, ...rest } = answer;
  const legacy = wantsFunctionCall(context.request);
  const body: Fields & Omit<ChatCompletion, "service_tier" | "system_fingerprint"> = {
    ...rest,
    id: id || `chatcmpl-${context.id}`,
    model: context.model || model,
    choices: choices.map((choice) => writeChoice(choice, legacy)),
    ...(usage && { usage: writeUsage(usage) as NonNullable<ChatCompletion["usage"]> }),
  };
  return body;
}

function writeChoice(choice: ChatChoice, legacy: boolean): ChatCompletion.Choice {
  const { native_finish_reason: _, stop_sequence: _stop, message, finish_reason, logprobs, ...rest } = choice;
  const isCall = legacy && finish_reason === "tool_calls";
  return {
    ...rest,
    message: writeMessage(message, legacy),
    finish_reason: isCall ? "function_call" : writeFinish(finish_reason),
    logprobs: (logprobs ?? null) as ChatCompletion.Choice.Logprobs | null,
  };
}

function writeMessage(message: AssistantMessage, legacy: boolean): SDKMessage {
  const { extensions: _, order: _order, content, refusal, tool_calls, annotations, ...rest } = message;
  const text = Array.isArray(content) ? textOfContent(content) || null : (content ?? null);
  const calls = tool_calls?.map(writeToolCall);
  return {
    ...(rest as Pick<SDKMessage, "role" | "audio">),
    content: text,
    refusal: refusal ?? null,
    ...(annotations && { annotations: writeAnnotations(annotations) as unknown as SDKAnnotation[] }),
    ...(calls && (legacy ? functionCall(calls) : { tool_calls: calls })),
  };
}

type SDKAnnotation = NonNullable<SDKMessage["annotations"]>[number];

/** Citations of URLs, which are all that OpenAI's clients know. */
export function writeAnnotations(annotations: readonly Annotation[]): Fields[] {
  return annotations
    .filter((one) => one.type === "url_citation" && "url_citation" in one)
    .map((one) => {
      const { extensions: _, ...rest } = one;
      return rest;
    });
}

/** A call without what only the gateway says of it; Google's `extra_content` stays, as its signature has to come back. */
function writeToolCall(call: ToolCall): ToolCall {
  if (!("extensions" in call || "cache_control" in call)) return call;
  const { extensions: _, ...rest } = call;
  if (!("cache_control" in rest)) return rest as ToolCall;
  const { cache_control: _mark, ...bare } = rest;
  return bare;
}

/** For a client that asked with the deprecated `functions`. */
function functionCall(calls: readonly ToolCall[]): Pick<SDKMessage, "function_call"> {
  const call = calls.find((one) => one.type === "function");
  return call ? { function_call: { name: call.function.name, arguments: call.function.arguments } } : {};
}
