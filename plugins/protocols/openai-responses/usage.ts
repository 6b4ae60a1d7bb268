import type { ResponseUsage } from "openai/resources/responses/responses";
import { isFields } from "../../../core/index.ts";
import type { ChatUsage, Fields, Usage } from "../../../core/index.ts";
import { asOwn, ownOf } from "./own.ts";

/** An answer's tokens in the neutral shape; undefined where it tells none. */
export function decodeUsage(usage: unknown): ChatUsage | undefined {
  if (!isFields(usage)) return undefined;
  const { input_tokens, output_tokens, total_tokens, input_tokens_details, output_tokens_details, ...rest } =
    usage;
  if (typeof input_tokens !== "number") return undefined;
  const output = typeof output_tokens === "number" ? output_tokens : 0;
  const cached = detail(input_tokens_details, "cached_tokens");
  const written = detail(input_tokens_details, "cache_write_tokens");
  const reasoning = detail(output_tokens_details, "reasoning_tokens");
  const input = {
    ...(cached !== undefined && { cached_tokens: cached }),
    ...(written !== undefined && { cache_write_tokens: written }),
  };
  return {
    prompt_tokens: input_tokens,
    completion_tokens: output,
    total_tokens: typeof total_tokens === "number" ? total_tokens : input_tokens + output,
    ...(Object.keys(input).length > 0 && { prompt_tokens_details: input }),
    ...(reasoning !== undefined && { completion_tokens_details: { reasoning_tokens: reasoning } }),
    ...asOwn(rest),
  };
}

/** Tokens as an answer tells them. Clients count on the details. */
export function encodeUsage(usage: ChatUsage): Fields {
  const { prompt_tokens_details: input, completion_tokens_details: output } = usage;
  const written: ResponseUsage = {
    input_tokens: usage.prompt_tokens,
    input_tokens_details: {
      cached_tokens: input?.cached_tokens ?? 0,
      cache_write_tokens: input?.cache_write_tokens ?? 0,
    },
    output_tokens: usage.completion_tokens,
    output_tokens_details: { reasoning_tokens: output?.reasoning_tokens ?? 0 },
    total_tokens: usage.total_tokens,
  };
  return { ...written, ...ownOf(usage) };
}

/** Tokens of an answer that passes. */
export function readUsage(usage: unknown): Usage | undefined {
  if (!isFields(usage) || typeof usage["input_tokens"] !== "number") return undefined;
  const { input_tokens, output_tokens, input_tokens_details, output_tokens_details } = usage;
  const found: Usage = {
    inputTokens: input_tokens,
    outputTokens: typeof output_tokens === "number" ? output_tokens : 0,
  };
  const cached = detail(input_tokens_details, "cached_tokens");
  const written = detail(input_tokens_details, "cache_write_tokens");
  const reasoning = detail(output_tokens_details, "reasoning_tokens");
  if (cached !== undefined) found.cachedTokens = cached;
  if (written !== undefined) found.cacheCreationTokens = written;
  if (reasoning !== undefined) found.reasoningTokens = reasoning;
  return found;
}

function detail(details: unknown, name: string): number | undefined {
  const value = isFields(details) ? details[name] : undefined;
  return typeof value === "number" ? value : undefined;
}
