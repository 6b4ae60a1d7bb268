import type { Response } from "openai/resources/responses/responses";
import type { AnswerContext, ChatAnswer, ChatRequest, Fields } from "../../../core/index.ts";
import { encodeEnding } from "./finish.ts";
import { placed, placesOf } from "./namespaces.ts";
import { encodeOutput } from "./output-encode.ts";
import { ownOf } from "./own.ts";
import { echo, responseId } from "./response.ts";
import { encodeUsage } from "./usage.ts";

/** What a response is made of, beside what it tells again of its request. */
export interface ResponseParts {
  id: string;
  created: number;
  model: string;
  status: "in_progress" | "completed" | "incomplete" | "failed";
  incomplete_details: Fields | null;
  output: readonly Fields[];
  usage: Fields | null;
  service_tier?: string | null | undefined;
  /** What it tells again of its request. */
  rest: Fields;
}

/** A response object. */
export function responseOf(parts: ResponseParts): Fields {
  const { id, created, model, status, incomplete_details, output, usage, service_tier, rest } = parts;
  return {
    id,
    object: "response" satisfies Response["object"],
    created_at: created,
    status: status satisfies Response["status"],
    error: null,
    incomplete_details,
    model,
    output,
    usage,
    ...(service_tier != null && { service_tier }),
    ...rest,
  };
}

/** The whole answer for a client. Only the first choice can be said. */
export function encodeAnswer(answer: ChatAnswer, context: AnswerContext<ChatRequest>): Fields {
  const choice = answer.choices.find(({ index }) => index === 0) ?? answer.choices[0];
  const own = ownOf(answer);
  const ending = encodeEnding(choice ?? {}, own !== undefined);
  return responseOf({
    id: responseId(answer, context.id),
    created: answer.created,
    model: context.model || answer.model,
    ...ending,
    output: choice
      ? encodeOutput(choice, context.id, ending.status).map((item) => placed(item, placesOf(context.request)))
      : [],
    usage: answer.usage ? encodeUsage(answer.usage) : null,
    service_tier: answer.service_tier,
    rest: own ?? echo(context),
  });
}
