/** The index of the lowest score, from 0 up; of several, the first from `from` on around. */
export function lowest(length: number, from: number, score: (index: number) => number): number {
  let best = from;
  let least = score(from);
  // There is nothing below 0 to look for.
  for (let step = 1, index = from; step < length && least > 0; step++) {
    index = index + 1 === length ? 0 : index + 1;
    const found = score(index);
    if (found < least) {
      best = index;
      least = found;
    }
  }
  return best;
}

/** The indexes but one by their scores, the lowest first; equal ones from `from` on around. */
export function* others(
  length: number,
  from: number,
  but: number,
  score: (index: number) => number,
): Generator<number, void> {
  const left: { index: number; score: number }[] = [];
  for (let step = 0; step < length; step++) {
    const index = (from + step) % length;
    if (index !== but) left.push({ index, score: score(index) });
  }
  left.sort((a, b) => a.score - b.score);
  for (const { index } of left) yield index;
}
