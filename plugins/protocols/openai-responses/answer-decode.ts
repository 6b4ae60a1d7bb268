import type { Response } from "openai/resources/responses/responses";
import { badAnswer, GatewayError, isFields, toDataURL } from "../../../core/index.ts";
import type { AnswerContext, ChatAnswer, ChatRequest, Fields, ImagePart } from "../../../core/index.ts";
import { decodeEnding } from "./finish.ts";
import { ours } from "./own.ts";
import { readError } from "./errors.ts";
import { Turn } from "./turn.ts";
import { decodeUsage } from "./usage.ts";

/** An upstream's whole answer. What it tells again of the request, and more, is kept under this protocol's name. */
export function decodeAnswer(body: Fields, context: AnswerContext<ChatRequest>): ChatAnswer {
  const { id, object: _object, created_at, model, output, status, usage, service_tier, ...rest } = body;
  const failure = readError(body, 200);
  if (failure) {
    const { message, code = "upstream_error", status: failed = 502 } = failure;
    throw new GatewayError(message, { status: failed, code, retryable: failed === 429 || failed >= 500 });
  }
  if (status !== undefined && status !== "completed" && status !== "incomplete") {
    throw badAnswer("it is not finished");
  }
  if (!Array.isArray(output)) throw badAnswer("it has no output");
  const { message, logprobs } = readTurn(output);
  const images = output.flatMap((item) => (isFields(item) ? (imageOf(item) ?? []) : []));
  if (images.length > 0) message.images = images;
  const read = decodeUsage(usage);
  const { error: _error, incomplete_details: _details, ...kept } = rest;
  return {
    id: typeof id === "string" ? id : context.id,
    object: "chat.completion",
    created: typeof created_at === "number" ? created_at : context.created,
    model: typeof model === "string" ? model : context.model,
    choices: [
      {
        index: 0,
        message,
        ...decodeEnding(body, (message.tool_calls?.length ?? 0) > 0),
        ...(logprobs && { logprobs: { content: logprobs } }),
      },
    ],
    ...(read && { usage: read }),
    ...(typeof service_tier === "string" && { service_tier }),
    extensions: { [ours]: kept satisfies Partial<Record<keyof Response, unknown>> & Fields },
  };
}

function readTurn(output: readonly unknown[]): ReturnType<Turn["answer"]> {
  const turn = new Turn();
  try {
    for (const item of output) {
      if (!isFields(item)) throw new TypeError("no object");
      turn.add(item, "output");
    }
  } catch (error) {
    // What it says of the place is for whoever wrote a request; this is the upstream's.
    throw badAnswer("an item of its output is not of its shape", error);
  }
  return turn.answer();
}

/** The image that an item made, for clients of other protocols. */
export function imageOf({ type, result, output_format }: Fields): ImagePart | undefined {
  if (type !== "image_generation_call" || typeof result !== "string" || result === "") return undefined;
  const mediaType = `image/${typeof output_format === "string" ? output_format : "png"}`;
  return { type: "image_url", image_url: { url: toDataURL(mediaType, result) } };
}
