/** Tokens of one call, in the neutral reading: input includes cached tokens, output includes reasoning. */
export interface Usage {
  inputTokens: number;
  outputTokens: number;
  /** Part of the input that came from a prompt cache. */
  cachedTokens?: number;
  /** Part of the input that was written to a prompt cache. */
  cacheCreationTokens?: number;
  /** Part of the output that was reasoning. */
  reasoningTokens?: number;
  /** True when the gateway counted because the upstream told nothing. */
  estimated?: boolean;
}

/** Input and output together. */
export function totalTokens(usage: Usage): number {
  return usage.inputTokens + usage.outputTokens;
}
