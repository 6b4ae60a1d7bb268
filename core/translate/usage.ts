import type { ChatUsage } from "../chat.ts";
import type { Usage } from "../usage.ts";

/** Tokens of a neutral usage. */
export function usageFromChat(usage: ChatUsage): Usage {
  const { prompt_tokens_details: input, completion_tokens_details: output } = usage;
  return {
    inputTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens ?? 0,
    ...(input?.cached_tokens !== undefined && { cachedTokens: input.cached_tokens }),
    ...(input?.cache_write_tokens !== undefined && { cacheCreationTokens: input.cache_write_tokens }),
    ...(output?.reasoning_tokens !== undefined && { reasoningTokens: output.reasoning_tokens }),
  };
}

/** Tokens that a neutral answer of any operation tells of. */
export function neutralUsage(answer: unknown): Usage | undefined {
  const { usage } = answer as { usage?: ChatUsage | null };
  return usage ? usageFromChat(usage) : undefined;
}
