import { estimateTokenCount } from "tokenx";

/** How much of a text is counted; beyond it the estimate is extrapolated. */
const sample = 20_000;
/** Texts longer than this are counted anew each time, so that what is remembered stays below 10 MB. */
const longestKept = 4_000;
const mostKept = 1_000;

/** Conversations send their system prompt and all earlier turns again with each call. */
const known = new Map<string, number>();

/** About how many tokens a text has, for a model of any vendor. */
export function estimateTokens(text: string): number {
  if (text.length > sample) {
    return Math.ceil((estimateTokenCount(text.slice(0, sample)) * text.length) / sample);
  }
  if (text.length > longestKept) return estimateTokenCount(text);
  const before = known.get(text);
  if (before !== undefined) return before;
  const tokens = estimateTokenCount(text);
  const oldest = known.size >= mostKept ? known.keys().next().value : undefined;
  if (oldest !== undefined) known.delete(oldest);
  known.set(text, tokens);
  return tokens;
}
