import { isFields } from "../../../core/index.ts";
import { asOwn, ownOf } from "./fields.ts";
import type { ChatUsage, Fields } from "../../../core/index.ts";
import type { UsageBody } from "./wire.ts";

function numberIn(fields: unknown, name: string): number | undefined {
  const value = isFields(fields) ? fields[name] : undefined;
  return typeof value === "number" ? value : undefined;
}

/**
 * Reads a chat's `usage`, or the `meta` of other operations. What was billed can be less than what the model read
 * (Cohere's own instructions are not billed): it is kept, and stands in only where the tokens are not told.
 */
export function decodeUsage(usage: unknown): ChatUsage | undefined {
  if (!isFields(usage)) return undefined;
  const { tokens, billed_units } = usage;
  const input = numberIn(tokens, "input_tokens") ?? numberIn(billed_units, "input_tokens");
  const output = numberIn(tokens, "output_tokens") ?? numberIn(billed_units, "output_tokens");
  if (input === undefined && output === undefined) return undefined;
  const cached = numberIn(usage, "cached_tokens");
  const kept: Fields = {};
  if (isFields(billed_units)) kept["billed_units"] = billed_units;
  if (!isFields(tokens)) kept["tokens"] = null;
  return {
    prompt_tokens: input ?? 0,
    completion_tokens: output ?? 0,
    total_tokens: (input ?? 0) + (output ?? 0),
    ...(cached !== undefined && { prompt_tokens_details: { cached_tokens: cached } }),
    ...asOwn(kept),
  };
}

export function encodeUsage(usage: ChatUsage): UsageBody {
  const { billed_units, tokens } = ownOf(usage) ?? {};
  const cached = usage.prompt_tokens_details?.cached_tokens;
  return {
    ...(isFields(billed_units) && { billed_units }),
    ...(tokens !== null && {
      tokens: { input_tokens: usage.prompt_tokens, output_tokens: usage.completion_tokens },
    }),
    ...(cached !== undefined && { cached_tokens: cached }),
  };
}
