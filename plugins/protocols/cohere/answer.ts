import { badAnswer, isFields, otherFields } from "../../../core/index.ts";
import { asOwn, ownOf } from "./fields.ts";
import { decodeFinish, decodeLogprobs, encodeFinish, encodeLogprobs } from "./finish.ts";
import { decodeAssistant } from "./messages-decode.ts";
import { encodeAssistant } from "./messages-encode.ts";
import { decodeUsage, encodeUsage } from "./usage.ts";
import type {
  AnswerContext,
  AssistantMessage,
  ChatAnswer,
  ChatRequest,
  Fields,
} from "../../../core/index.ts";
import type { ChatAnswerBody } from "./wire.ts";

const neutral = new Set(["id", "finish_reason", "message", "usage", "logprobs"]);

/** Reads an answer of `/v2/chat`. Throws a 502 GatewayError where there is no message in it. */
export function decodeAnswer(body: Fields, { id, created, model }: AnswerContext<ChatRequest>): ChatAnswer {
  const { message, finish_reason } = body;
  if (!isFields(message)) throw badAnswer("it has no message");
  const usage = decodeUsage(body["usage"]);
  const logprobs = Array.isArray(body["logprobs"]) ? decodeLogprobs(body["logprobs"]) : undefined;
  return {
    id: typeof body["id"] === "string" ? body["id"] : id,
    object: "chat.completion",
    created,
    model,
    choices: [
      {
        index: 0,
        message: oneText(decodeAssistant(message)),
        ...decodeFinish(finish_reason),
        ...(logprobs && { logprobs }),
      },
    ],
    ...(usage && { usage }),
    ...asOwn(otherFields(body, neutral)),
  };
}

/** Content always comes as blocks; nearly always it is one text. */
function oneText(message: AssistantMessage): AssistantMessage {
  const { content } = message;
  if (!Array.isArray(content) || content.length !== 1) return message;
  const [only] = content;
  return only?.type === "text" && !only.extensions ? { ...message, content: only.text } : message;
}

/** Writes the answer for a client. There is room for one choice. */
export function encodeAnswer(answer: ChatAnswer, context: AnswerContext<ChatRequest>): Fields {
  const [choice] = answer.choices;
  if (!choice) throw badAnswer("it has no choice");
  const { content, ...message } = encodeAssistant(choice.message, context);
  const blocks = typeof content === "string" ? textBlocks(content) : content;
  const logprobs = choice.logprobs ? encodeLogprobs(choice.logprobs) : undefined;
  const body: ChatAnswerBody = {
    id: answer.id,
    finish_reason: encodeFinish(choice),
    message: { ...message, ...(blocks && { content: blocks }) },
    ...(answer.usage && { usage: encodeUsage(answer.usage) }),
    ...(logprobs && { logprobs }),
    ...ownOf(answer),
  };
  return body as unknown as Fields;
}

function textBlocks(text: string): { type: "text"; text: string }[] {
  return text === "" ? [] : [{ type: "text", text }];
}
