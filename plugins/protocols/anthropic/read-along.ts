import { isFields, parseFields, StreamReaderBase } from "../../../core/index.ts";
import type { Usage } from "../../../core/index.ts";

/** Anthropic counts cached input apart; the neutral input includes it. */
export function usageFrom(usage: unknown, before?: Usage): Usage | undefined {
  if (!isFields(usage)) return before;
  const read = numberOr(usage["cache_read_input_tokens"], before?.cachedTokens);
  const written = numberOr(usage["cache_creation_input_tokens"], before?.cacheCreationTokens);
  const { output_tokens_details: details } = usage;
  const thinking = isFields(details) ? details["thinking_tokens"] : undefined;
  const reasoning = numberOr(thinking, before?.reasoningTokens);
  const uncachedBefore =
    before && before.inputTokens - (before.cachedTokens ?? 0) - (before.cacheCreationTokens ?? 0);
  const uncached = numberOr(usage["input_tokens"], uncachedBefore);
  if (uncached === undefined) return before;
  return {
    inputTokens: uncached + (read ?? 0) + (written ?? 0),
    outputTokens: numberOr(usage["output_tokens"], before?.outputTokens) ?? 0,
    ...(read !== undefined && { cachedTokens: read }),
    ...(written !== undefined && { cacheCreationTokens: written }),
    ...(reasoning !== undefined && { reasoningTokens: reasoning }),
  };
}

function numberOr(value: unknown, fallback: number | undefined): number | undefined {
  return typeof value === "number" ? value : fallback;
}

/** Reads message events as they pass: usage begins in message_start and is cumulative in message_delta. */
export class EventReader extends StreamReaderBase {
  event(data: string): void {
    const isDelta = data.includes('"content_block_delta"');
    if (isDelta) this.outputCount++;
    if (isDelta && !this.collect) return;
    const event = parseFields(data);
    if (!event) return;
    const { type, message, delta } = event;
    if (type === "message_start" && isFields(message)) this.toldUsage = usageFrom(message["usage"]);
    if (type === "message_delta") this.toldUsage = usageFrom(event["usage"], this.toldUsage);
    if (type === "message_stop") this.sawEnd = true;
    if (isDelta && isFields(delta) && typeof delta["text"] === "string") this.collectedText += delta["text"];
  }

  override usage(): Usage | undefined {
    // Before the first message_delta the output is a placeholder: what was seen is the better floor.
    if (!this.toldUsage || this.toldUsage.outputTokens >= this.outputCount || this.sawEnd)
      return this.toldUsage;
    return { ...this.toldUsage, outputTokens: this.outputCount, estimated: true };
  }
}
