import { isFields } from "../../../core/index.ts";
import type { ChatUsage, Fields } from "../../../core/index.ts";
import { camel, ownOf, same } from "./fields.ts";
import type { UsageMetadata } from "./wire.ts";

const counts = [
  "promptTokenCount",
  "candidatesTokenCount",
  "thoughtsTokenCount",
  "totalTokenCount",
  "toolUsePromptTokenCount",
  "cachedContentTokenCount",
] as const;

/** Reads `usageMetadata`: thoughts and the input of the service's own tools are counted apart here. */
export function decodeUsage(given: unknown): ChatUsage | undefined {
  if (!isFields(given)) return undefined;
  const told = camel(given) as UsageMetadata;
  if (counts.some((name) => typeof (told[name] ?? 0) !== "number")) return undefined;
  const { promptTokenCount, candidatesTokenCount, thoughtsTokenCount, totalTokenCount } = told;
  if (promptTokenCount === undefined && totalTokenCount === undefined) return undefined;
  const prompt = (promptTokenCount ?? 0) + (told.toolUsePromptTokenCount ?? 0);
  const completion = (candidatesTokenCount ?? 0) + (thoughtsTokenCount ?? 0);
  const cached = told.cachedContentTokenCount;
  const heard = audioOf(told.promptTokensDetails);
  const spoken = audioOf(told.candidatesTokensDetails);
  const usage: ChatUsage = {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: totalTokenCount ?? prompt + completion,
    ...((cached !== undefined || heard !== undefined) && {
      prompt_tokens_details: {
        ...(cached !== undefined && { cached_tokens: cached }),
        ...(heard !== undefined && { audio_tokens: heard }),
      },
    }),
    ...((thoughtsTokenCount !== undefined || spoken !== undefined) && {
      completion_tokens_details: {
        ...(thoughtsTokenCount !== undefined && { reasoning_tokens: thoughtsTokenCount }),
        ...(spoken !== undefined && { audio_tokens: spoken }),
      },
    }),
  };
  return same(encodeUsage(usage), given) ? usage : { ...usage, extensions: { gemini: given } };
}

function audioOf(details: UsageMetadata["promptTokensDetails"]): number | undefined {
  return Array.isArray(details) ? details.find((one) => one?.modality === "AUDIO")?.tokenCount : undefined;
}

/** `usageMetadata` for a neutral usage. */
export function encodeUsage(usage: ChatUsage): Fields {
  const own = ownOf(usage);
  if (own) return own;
  const thoughts = usage.completion_tokens_details?.reasoning_tokens;
  const cached = usage.prompt_tokens_details?.cached_tokens;
  const told: UsageMetadata = {
    promptTokenCount: usage.prompt_tokens,
    candidatesTokenCount: Math.max(0, usage.completion_tokens - (thoughts ?? 0)),
    totalTokenCount: usage.total_tokens,
    ...(thoughts !== undefined && { thoughtsTokenCount: thoughts }),
    ...(cached !== undefined && { cachedContentTokenCount: cached }),
  };
  return told;
}
