import { badAnswer, isFields } from "../../../core/index.ts";
import type {
  AnswerContext,
  AssistantMessage,
  ChatAnswer,
  ChatChoice,
  ChatRequest,
  Fields,
} from "../../../core/index.ts";
import { readFinish } from "./finish.ts";
import { readParts, readReasoning } from "./reasoning.ts";
import { splitThink } from "./think.ts";
import { readToolCalls } from "./tool-calls.ts";
import { readChatUsage, usageOfChunk } from "./usage.ts";

/** A whole answer of OpenAI or one who speaks its API. Members that are not known here stay where they are. */
export function decodeAnswer(body: Fields, context: AnswerContext<ChatRequest>): ChatAnswer {
  const { choices, usage: _, ...rest } = body;
  if (!Array.isArray(choices) || choices.length === 0) throw badAnswer("it has no choices");
  const usage = readChatUsage(usageOfChunk(body));
  return {
    ...rest,
    ...readHead(body, context),
    object: "chat.completion",
    choices: choices.map((choice, place) => readChoice(choice, place, context)),
    ...(usage && { usage }),
  };
}

/** Which answer it is; some vendors leave that out. */
export function readHead({ id, created, model }: Fields, context: AnswerContext<ChatRequest>) {
  return {
    id: typeof id === "string" && id ? id : `chatcmpl-${context.id}`,
    created: typeof created === "number" ? created : context.created,
    model: typeof model === "string" && model ? model : context.model,
  };
}

function readChoice(choice: unknown, place: number, context: AnswerContext<ChatRequest>): ChatChoice {
  if (!isFields(choice) || !isFields(choice["message"])) throw badAnswer("a choice in it has no message");
  const { message: said, index: given, finish_reason, stop_reason, logprobs, usage: _, ...rest } = choice;
  const index = typeof given === "number" ? given : place;
  const message = readMessage(said as Fields, `${context.id}/${index}`);
  return {
    ...rest,
    index,
    message,
    ...readFinish(finish_reason, (message.tool_calls ?? []).length > 0),
    // vLLM's: the stop sequence, or the number of a token.
    ...(typeof stop_reason === "string" && { stop_sequence: stop_reason }),
    ...(logprobs !== undefined && logprobs !== null && { logprobs }),
  };
}

function readMessage(message: Fields, name: string): AssistantMessage {
  const { role: _, content: said, refusal, tool_calls: _calls, function_call: _call, ...rest } = message;
  const { reasoning_content: _text, reasoning: _plain, reasoning_details: _details, ...others } = rest;
  const { text, details } = readReasoning(message);
  const parted = Array.isArray(said) ? readParts(said) : { reasoning: "", content: said };
  let reasoning = text || parted.reasoning;
  let content = typeof parted.content === "string" ? parted.content : null;
  if (content !== null && reasoning === "") {
    const split = splitThink(content);
    if (split.reasoning || split.content !== content) ({ reasoning, content } = split);
  }
  const calls = readToolCalls(message, name);
  return {
    ...others,
    role: "assistant",
    content,
    ...(typeof refusal === "string" && { refusal }),
    ...(reasoning && { reasoning_content: reasoning }),
    ...(details && { reasoning_details: details }),
    ...(calls && { tool_calls: calls }),
  };
}
