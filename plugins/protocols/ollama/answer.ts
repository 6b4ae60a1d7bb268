import {
  badAnswer,
  isFields,
  newToolId,
  otherFields,
  partsOf,
  reasoningTextOf,
} from "../../../core/index.ts";
import { asOwn, isGenerate, isNumber, ownOf } from "./fields.ts";
import { decodeImages, encodeImage } from "./images.ts";
import { decodeCall } from "./messages-decode.ts";
import { encodeCall } from "./messages-encode.ts";
import type {
  AnswerContext,
  AssistantMessage,
  ChatAnswer,
  ChatChoice,
  ChatRequest,
  ChatUsage,
  ChunkChoice,
  Fields,
  FinishReason,
} from "../../../core/index.ts";
import type { ChatAnswerBody, GenerateAnswerBody, LogprobBody, MessageBody } from "./wire.ts";

/** What of an answer has a neutral counterpart; the rest (times, mostly) is kept as it is. */
const neutral = new Set([
  "model",
  "message",
  "done",
  "done_reason",
  "prompt_eval_count",
  "eval_count",
  "logprobs",
]);

/** What an answer, or the last line of a stream, says beside its message. */
export function decodeExtensions(body: Fields): { extensions?: Record<string, Fields> } {
  return asOwn(otherFields(body, neutral));
}

/** Reads an answer of `/api/chat`. Throws a 502 GatewayError where there is no message in it. */
export function decodeAnswer(body: Fields, context: AnswerContext<ChatRequest>): ChatAnswer {
  const { message, logprobs } = body;
  if (!isFields(message)) throw badAnswer("it has no message");
  const decoded = decodeMessage(message, context.id);
  const usage = decodeUsage(body);
  return {
    id: context.id,
    object: "chat.completion",
    created: createdOf(body["created_at"], context.created),
    model: context.model,
    choices: [
      {
        index: 0,
        message: decoded,
        ...decodeFinish(body["done_reason"], (decoded.tool_calls?.length ?? 0) > 0),
        ...(Array.isArray(logprobs) && { logprobs: { content: logprobs } }),
      },
    ],
    ...(usage && { usage }),
    ...decodeExtensions(body),
  };
}

function decodeMessage(message: Fields, answerId: string): AssistantMessage {
  const { content, thinking, tool_calls } = message;
  const calls = (Array.isArray(tool_calls) ? tool_calls.filter(isFields) : []).map((call, at) =>
    decodeCall(call, () => newToolId(answerId, at)),
  );
  const images = decodeImages(message["images"]);
  return {
    role: "assistant",
    content: typeof content === "string" && (content !== "" || calls.length === 0) ? content : null,
    ...(typeof thinking === "string" && thinking !== "" && { reasoning_content: thinking }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(images.length > 0 && { images }),
  };
}

/** s since the epoch of a date as RFC 3339 has it. */
export function createdOf(date: unknown, otherwise: number): number {
  const time = typeof date === "string" ? Date.parse(date) : Number.NaN;
  return Number.isNaN(time) ? otherwise : Math.floor(time / 1000);
}

/** Ollama stops after calls as it does after text. */
export function decodeFinish(
  word: unknown,
  hasCalls: boolean,
): { finish_reason: FinishReason; native_finish_reason?: string } {
  const reason = word === "length" ? "length" : hasCalls ? "tool_calls" : "stop";
  return { finish_reason: reason, ...(typeof word === "string" && { native_finish_reason: word }) };
}

/** Words of Ollama's own; any other reason than `length` is a `stop` here. */
const words = new Set(["stop", "length", "load", "unload"]);

type Finished = Partial<Pick<ChatChoice | ChunkChoice, "finish_reason" | "native_finish_reason">>;

function encodeFinish({ finish_reason, native_finish_reason }: Finished): string {
  if (native_finish_reason && words.has(native_finish_reason)) return native_finish_reason;
  if (finish_reason === "content_filter") return finish_reason;
  return finish_reason === "length" ? "length" : "stop";
}

/** A prompt that was in the cache as a whole is not counted by older servers. */
export function decodeUsage({ prompt_eval_count, eval_count }: Fields): ChatUsage | undefined {
  if (!isNumber(prompt_eval_count) && !isNumber(eval_count)) return undefined;
  const prompt = isNumber(prompt_eval_count) ? prompt_eval_count : 0;
  const completion = isNumber(eval_count) ? eval_count : 0;
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** What the last line of an answer tells: why it ended, and the counts. */
export function encodeEnd(
  choice: Finished,
  usage: ChatUsage | null | undefined,
): Pick<ChatAnswerBody, "done" | "done_reason" | "prompt_eval_count" | "eval_count"> {
  return {
    done: true,
    done_reason: encodeFinish(choice),
    ...(usage && { prompt_eval_count: usage.prompt_tokens, eval_count: usage.completion_tokens }),
  };
}

export function dateOf(created: number): string {
  return new Date(created * 1000).toISOString();
}

/** Writes the answer for a client of `/api/chat` or `/api/generate`. There is room for one choice. */
export function encodeAnswer(answer: ChatAnswer, context: AnswerContext<ChatRequest>): Fields {
  const [choice] = answer.choices;
  if (!choice) throw badAnswer("it has no choice");
  const message = encodeMessage(choice.message, context.id);
  const logprobs = encodeLogprobs(choice.logprobs);
  const around = {
    model: context.model,
    created_at: dateOf(answer.created),
    ...encodeEnd(choice, answer.usage),
    ...(logprobs && { logprobs }),
    ...ownOf(answer),
  };
  if (!isGenerate(context.endpoint)) {
    const body: ChatAnswerBody = { ...around, message };
    return body as unknown as Fields;
  }
  const { content: response, thinking } = message;
  const body: GenerateAnswerBody = { ...around, response, ...(thinking !== undefined && { thinking }) };
  return body as unknown as Fields;
}

function encodeMessage(message: AssistantMessage, answerId: string): MessageBody {
  const thinking = reasoningTextOf(message);
  const calls = (message.tool_calls ?? []).map((call, at) => ({
    ...(call.id !== newToolId(answerId, at) && { id: call.id }),
    ...encodeCall(call),
  }));
  const images = (message.images ?? []).flatMap((image) => encodeImage(image) ?? []);
  const texts = partsOf(message.content).map((part) => (part.type === "text" ? part.text : ""));
  return {
    role: "assistant",
    content: texts.join("") + (message.refusal ?? ""),
    ...(thinking && { thinking }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(images.length > 0 && { images }),
  };
}

export function encodeLogprobs(logprobs: unknown): LogprobBody[] | undefined {
  const content = isFields(logprobs) ? logprobs["content"] : undefined;
  return Array.isArray(content) ? (content as LogprobBody[]) : undefined;
}
