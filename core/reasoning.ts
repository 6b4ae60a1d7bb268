import type { ChatRequest } from "./chat.ts";

/** Tokens of reasoning that an effort stands for, where an upstream wants a number. */
export const effortBudgets: Readonly<Record<string, number>> = {
  none: 0,
  minimal: 1024,
  low: 2048,
  medium: 8192,
  high: 16_384,
  xhigh: 32_768,
  max: 65_536,
};

/** The effort that comes nearest to a number of reasoning tokens, from below; any tokens at all are at least `minimal`. */
export function effortOf(budget: number): string {
  const fitting = Object.entries(effortBudgets).filter(([, tokens]) => tokens <= budget);
  const found = fitting.at(-1)?.[0] ?? "none";
  return found === "none" && budget > 0 ? "minimal" : found;
}

/** What a request wants of reasoning; undefined where it says nothing, and the model decides. */
export interface ReasoningWish {
  /** False: no reasoning. */
  enabled: boolean;
  effort: string;
  /** Tokens. */
  budget: number;
}

/** Reads a request's `reasoning_effort` and `reasoning`, the one from the other where only one is given. */
export function reasoningOf({ reasoning_effort, reasoning }: ChatRequest): ReasoningWish | undefined {
  const budget = reasoning?.max_tokens;
  const given = reasoning_effort ?? (budget === undefined ? undefined : effortOf(budget));
  const effort = given ?? (reasoning?.enabled ? "medium" : undefined);
  if (reasoning?.enabled === false || effort === "none") return { enabled: false, effort: "none", budget: 0 };
  if (effort === undefined) return undefined;
  return { enabled: true, effort, budget: budget ?? effortBudgets[effort] ?? 8192 };
}

/** Whether a request asks to be told what the model thought, and does not leave that to the service. */
export function wantsReasoningText(request: ChatRequest): boolean {
  const { reasoning } = request;
  if (!reasoning || reasoning.exclude) return false;
  const wish = reasoningOf(request);
  return wish ? wish.enabled : reasoning.exclude === false || reasoning.summary !== undefined;
}
