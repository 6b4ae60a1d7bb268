import { isFields } from "../../../core/index.ts";
import type { ChatAnswer } from "../../../core/index.ts";

/** The tier that an answer was made in, as OpenAI names it. */
const tiers: Readonly<Record<string, string>> = { standard: "default", priority: "priority" };

export function tierOf(usage: unknown): Pick<ChatAnswer, "service_tier"> {
  const tier = isFields(usage) ? usage["service_tier"] : undefined;
  const known = typeof tier === "string" ? tiers[tier] : undefined;
  return known === undefined ? {} : { service_tier: known };
}

export function answerTier({ service_tier: tier }: Pick<ChatAnswer, "service_tier">): string | undefined {
  return Object.keys(tiers).find((name) => tiers[name] === tier);
}
