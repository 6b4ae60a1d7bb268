import { isFields } from "../../../core/index.ts";
import type { ChatUsage, Fields, FinishReason } from "../../../core/index.ts";
import { asOwn, ownOf } from "./own.ts";
import type { WireUsage } from "./wire.ts";

/** Why an answer ended, in Chat Completions' words. Source: Amazon Bedrock API reference, Converse. */
const finishReasons: Readonly<Record<string, FinishReason>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  tool_use: "tool_calls",
  guardrail_intervened: "content_filter",
  content_filtered: "content_filter",
  malformed_model_output: "stop",
  malformed_tool_use: "stop",
};

const stopReasons: Readonly<Record<string, string>> = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  function_call: "tool_use",
  content_filter: "content_filtered",
};

export function finishReason(stopReason: string): FinishReason {
  return (Object.hasOwn(finishReasons, stopReason) && finishReasons[stopReason]) || "stop";
}

/** The upstream's own word where it is one of Bedrock's. */
export function stopReason(choice: {
  finish_reason?: string | null | undefined;
  native_finish_reason?: string | null | undefined;
  stop_sequence?: string | null | undefined;
}): string {
  const { native_finish_reason: native, finish_reason: reason, stop_sequence } = choice;
  if (native != null && native in finishReasons) return native;
  if (reason === "stop" && stop_sequence != null) return "stop_sequence";
  return stopReasons[reason ?? "stop"] ?? "end_turn";
}

function count(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/** Bedrock counts cached input apart; the neutral prompt includes it. Source: Bedrock user guide, prompt caching. */
export function usageOf(value: unknown): ChatUsage | undefined {
  if (!isFields(value) || typeof value["inputTokens"] !== "number") return undefined;
  const usage = value as unknown as WireUsage;
  const { cacheReadInputTokens: read, cacheWriteInputTokens: written, cacheDetails } = usage;
  const hour = cacheDetails?.find(({ ttl }) => ttl === "1h")?.inputTokens;
  const prompt_tokens = count(usage.inputTokens) + count(read) + count(written);
  const completion_tokens = count(usage.outputTokens);
  const total_tokens = prompt_tokens + completion_tokens;
  const details = {
    ...(read != null && { cached_tokens: read }),
    ...(written != null && { cache_write_tokens: written }),
    ...(hour != null && { cache_write_1h_tokens: hour }),
  };
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens,
    ...(Object.keys(details).length > 0 && { prompt_tokens_details: details }),
    ...asOwn({
      ...(usage.totalTokens !== total_tokens && { totalTokens: usage.totalTokens }),
      ...(cacheDetails != null && { cacheDetails }),
    }),
  };
}

export function wireUsage(usage: ChatUsage | null | undefined): Fields {
  const details = usage?.prompt_tokens_details;
  const { cached_tokens: read, cache_write_tokens: written, cache_write_1h_tokens: hour } = details ?? {};
  const input = count(usage?.prompt_tokens) - count(read) - count(written);
  const byTTL = hour === undefined ? undefined : cacheDetailsOf(hour, count(written));
  const made: WireUsage = {
    inputTokens: Math.max(0, input),
    outputTokens: count(usage?.completion_tokens),
    totalTokens: count(usage?.prompt_tokens) + count(usage?.completion_tokens),
    ...(read !== undefined && { cacheReadInputTokens: read }),
    ...(written !== undefined && { cacheWriteInputTokens: written }),
    ...(byTTL && { cacheDetails: byTTL }),
  };
  return { ...made, ...ownOf(usage ?? {}) };
}

function cacheDetailsOf(hour: number, written: number): WireUsage["cacheDetails"] {
  return [
    { ttl: "1h", inputTokens: hour },
    { ttl: "5m", inputTokens: Math.max(0, written - hour) },
  ];
}
