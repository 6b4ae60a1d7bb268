import { isFields } from "../../../core/index.ts";
import { ownOf, protocolName, wire } from "./fields.ts";
import type { BetaUsage } from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type { ChatUsage, Fields } from "../../../core/index.ts";

function count(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === "number" ? value : undefined;
}

/** Members that the neutral usage holds whole. */
const said = new Set([
  "input_tokens",
  "output_tokens",
  "cache_read_input_tokens",
  "cache_creation_input_tokens",
]);

/** Anthropic's `input_tokens` are those that were neither read from a cache nor written to one. */
export function decodeUsage(usage: unknown): ChatUsage | undefined {
  if (!isFields(usage)) return undefined;
  const uncached = count(usage, "input_tokens");
  const output = count(usage, "output_tokens");
  if (uncached === undefined && output === undefined) return undefined;
  const read = count(usage, "cache_read_input_tokens");
  const written = count(usage, "cache_creation_input_tokens");
  const { cache_creation: creation, output_tokens_details: details } = usage;
  const hour = isFields(creation) ? count(creation, "ephemeral_1h_input_tokens") : undefined;
  const thinking = isFields(details) ? count(details, "thinking_tokens") : undefined;
  const prompt = (uncached ?? 0) + (read ?? 0) + (written ?? 0);
  return {
    prompt_tokens: prompt,
    completion_tokens: output ?? 0,
    total_tokens: prompt + (output ?? 0),
    ...((read !== undefined || written !== undefined) && {
      prompt_tokens_details: {
        ...(read !== undefined && { cached_tokens: read }),
        ...(written !== undefined && { cache_write_tokens: written }),
        ...(hour !== undefined && { cache_write_1h_tokens: hour }),
      },
    }),
    ...(thinking !== undefined && { completion_tokens_details: { reasoning_tokens: thinking } }),
    ...ownMembers(usage),
  };
}

/** What else it tells (web searches, tier, place), and what it says it does not know. */
function ownMembers(usage: Fields): Pick<ChatUsage, "extensions"> {
  const own = Object.entries(usage).filter(([name, value]) => !said.has(name) || value === null);
  return own.length > 0 ? { extensions: { [protocolName]: Object.fromEntries(own) } } : {};
}

/** Usage for a client; zeros where an upstream told none, since every message has it. */
export function encodeUsage(usage: ChatUsage | null | undefined): Fields {
  const { prompt_tokens = 0, completion_tokens = 0 } = usage ?? {};
  const {
    cached_tokens: read,
    cache_write_tokens: written,
    cache_write_1h_tokens: hour,
  } = usage?.prompt_tokens_details ?? {};
  const thinking = usage?.completion_tokens_details?.reasoning_tokens;
  const body = wire<Partial<BetaUsage>>({
    input_tokens: Math.max(0, prompt_tokens - (read ?? 0) - (written ?? 0)),
    output_tokens: completion_tokens,
    ...(read !== undefined && { cache_read_input_tokens: read }),
    ...(written !== undefined && { cache_creation_input_tokens: written }),
    ...(written !== undefined &&
      hour !== undefined && {
        cache_creation: { ephemeral_1h_input_tokens: hour, ephemeral_5m_input_tokens: written - hour },
      }),
    ...(thinking !== undefined && { output_tokens_details: { thinking_tokens: thinking } }),
  });
  return usage ? { ...body, ...ownOf(usage) } : body;
}
