import { stretchAt } from "./sums.ts";

/** What is drawn from. */
export interface Lots {
  /** Running sums of the weights. */
  readonly sums: Float64Array;
  /** From 0 to below 1. */
  random(): number;
  /** What of its weight counts now, from 0 to 1. Those with 0 come last. */
  factor(index: number): number;
}

/** After so many in vain, each of the rest is looked at. */
const attempts = 128;

/**
 * Indexes, each once: every place goes to one of those left, by its weight times its factor. A draw costs no look at
 * all of them: one by weight alone is made, and made again as often as its factor, or its being taken, wants it.
 */
export function* draw(lots: Lots): Generator<number, void> {
  const drawn = new Set<number>();
  for (let index = drawOne(lots, drawn); index >= 0; index = drawOne(lots, drawn)) {
    drawn.add(index);
    yield index;
  }
  yield* drawRest(lots, drawn);
}

function drawOne({ sums, random, factor }: Lots, drawn: ReadonlySet<number>): number {
  if (drawn.size === sums.length) return -1;
  const total = sums.at(-1) ?? 0;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const index = stretchAt(sums, random() * total);
    if (drawn.has(index)) continue;
    const counts = factor(index);
    if (counts >= 1 || random() < counts) return index;
  }
  return -1;
}

/**
 * All that are left in one go: sorted by waiting times that are the shorter the greater a weight. Source: Efraimidis and
 * Spirakis, Weighted random sampling with a reservoir (2006), their keys' logarithm.
 */
function* drawRest({ sums, random, factor }: Lots, drawn: ReadonlySet<number>): Generator<number, void> {
  const left: { index: number; last: boolean; wait: number }[] = [];
  for (let index = 0; index < sums.length; index++) {
    if (drawn.has(index)) continue;
    const weight = (sums[index] ?? 0) - (sums[index - 1] ?? 0);
    const counts = factor(index);
    left.push({ index, last: counts === 0, wait: -Math.log(1 - random()) / (weight * (counts || 1)) });
  }
  left.sort((a, b) => Number(a.last) - Number(b.last) || a.wait - b.wait);
  for (const { index } of left) yield index;
}
