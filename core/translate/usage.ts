import type { ChatUsage } from "../chat.ts";
import type { Usage } from "../usage.ts";

/** Tokens of a neutral usage. */
export function usageFromChat(usage: ChatUsage): Usage {
  const { prompt_tokens_details: input, completion_tokens_details: output } = usage;
  return {
    inputTokens: counted(usage.prompt_tokens),
    outputTokens: counted(usage.completion_tokens),
    ...(input?.cached_tokens !== undefined && { cachedTokens: input.cached_tokens }),
    ...(input?.cache_write_tokens !== undefined && { cacheCreationTokens: input.cache_write_tokens }),
    ...(output?.reasoning_tokens !== undefined && { reasoningTokens: output.reasoning_tokens }),
  };
}

/** Limits and prices are reckoned with it: JSON can hold numbers beyond all bounds (`1e999`). */
function counted(tokens: number | undefined): number {
  return tokens !== undefined && Number.isFinite(tokens) && tokens > 0 ? tokens : 0;
}

/** Tokens that a neutral answer of any operation tells of. */
export function neutralUsage(answer: unknown): Usage | undefined {
  const { usage } = answer as { usage?: ChatUsage | null };
  return usage ? usageFromChat(usage) : undefined;
}
