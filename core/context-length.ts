import type { UpstreamFailure } from "./codec.ts";

/** The code of a request that is longer than its model's context. Source: OpenAI API reference, error codes. */
export const contextLengthCode = "context_length_exceeded";

/** Statuses with which services refuse such a request. */
const statuses = new Set([400, 413, 422]);

/**
 * How services say it that have no code for it. Sources, 2026-11: the API references and error pages of Anthropic
 * ("prompt is too long", "exceed context limit"), Gemini ("input token count … exceeds the maximum"), Bedrock ("Input is
 * too long"), Cohere ("too many tokens"), Mistral, xAI, vLLM, llama.cpp and Ollama.
 */
const phrases: readonly RegExp[] = [
  /maximum (context|prompt|input) length/i,
  /exceed\w*[^.]{0,80}(context|maximum number of tokens|token limit)/i,
  /(context|prompt|input)[ _-]?(length|window|size|tokens?|limit)?[^.]{0,40} exceed/i,
  /(prompt|input|request|conversation) (is|was) too long/i,
  /context (length|window|size)[^.]{0,40} too (small|long)/i,
  /too many (input )?tokens/i,
  /reduce the length of (the|your) (messages|prompt|input)/i,
  /too large for model with \d+ maximum context/i,
];

/**
 * An upstream's failure with the one code that says a request is too long for its model, whatever the service calls it.
 * @param status The answer's, or the one that it should have had.
 */
export function withContextCode(failure: UpstreamFailure, status: number): UpstreamFailure {
  const { code = "", message } = failure;
  if (code === contextLengthCode || !statuses.has(status)) return failure;
  const isTooLong = /context|prompt_too_long/i.test(code) || phrases.some((phrase) => phrase.test(message));
  return isTooLong ? { ...failure, code: contextLengthCode } : failure;
}
