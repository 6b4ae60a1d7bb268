import type OpenAI from "openai";
import type { Answered, Asked } from "../cell.ts";
import { eventStream, pieces } from "./events.ts";

/** A text after reasoning as OpenAI's API reference has it in Chat Completions: of the reasoning only its tokens show. */
export function answerAsOpenAI({ reply, stream, seen }: Asked): Answered {
  const { content = "" } = reply;
  const { input: prompt_tokens, output: completion_tokens } = reply.usage;
  const usage: OpenAI.CompletionUsage = {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    completion_tokens_details: { reasoning_tokens: 3 },
  };
  const head = { id: "chatcmpl-matrix1", created: 1_780_000_000, model: String(seen.body["model"]) };
  if (!stream) {
    const message = { role: "assistant" as const, content, refusal: null };
    const choices = [{ index: 0, message, finish_reason: "stop" as const, logprobs: null }];
    const answer: OpenAI.ChatCompletion = { ...head, object: "chat.completion", choices, usage };
    return { body: JSON.stringify(answer) };
  }
  const chunk = (
    delta: OpenAI.ChatCompletionChunk.Choice.Delta,
    finish_reason: "stop" | null = null,
  ): OpenAI.ChatCompletionChunk => ({
    ...head,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason }],
  });
  const chunks = [
    chunk({ role: "assistant", content: "" }),
    ...pieces(content).map((piece) => chunk({ content: piece })),
    chunk({}, "stop"),
    { ...chunk({}), choices: [], usage },
  ];
  const events = [...chunks.map((one) => JSON.stringify(one)), "[DONE]"];
  return { headers: eventStream, body: events.map((data) => `data: ${data}\n\n`).join("") };
}

/** Chat Completions with reasoning: aimock tells its text, and OpenAI does not. */
export function isReasonedChat({ seen, reply }: Asked): boolean {
  return reply.reasoning !== undefined && /\/chat\/completions(\?|$)/.test(seen.url);
}
