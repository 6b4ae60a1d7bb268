/** A number that is always the same, or a log-normal one by its median and its 95th percentile. */
export type Spread = number | { p50: number; p95: number };

/** How many standard deviations above the mean the 95th percentile of a normal distribution lies. */
const deviations95 = 1.6448536269514722;

/** Draws from a spread. Only functions that are exact or the same on every machine take part: `log`, `exp`, `sqrt`. */
export function sampler(spread: Spread, random: () => number): () => number {
  if (typeof spread === "number") return () => spread;
  const { p50, p95 } = spread;
  if (!(p50 > 0)) return () => 0;
  const sigma = Math.log(Math.max(p95, p50) / p50) / deviations95;
  const normal = normalSampler(random);
  return () => p50 * Math.exp(sigma * normal());
}

/** Standard normal numbers by Marsaglia's polar method. */
function normalSampler(random: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    for (;;) {
      const x = random() * 2 - 1;
      const y = random() * 2 - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * scale;
      return x * scale;
    }
  };
}

/** Draws names by weight. @param weights name → weight, at least one above 0 */
export function picker(weights: Readonly<Record<string, number>>, random: () => number): () => string {
  const names = Object.keys(weights).filter((name) => (weights[name] ?? 0) > 0);
  const [only = ""] = names;
  if (names.length < 2) return () => only;
  let total = 0;
  const bounds = names.map((name) => (total += weights[name] ?? 0));
  return () => {
    const drawn = random() * total;
    let low = 0;
    let high = bounds.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (drawn < (bounds[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    return names[low] ?? only;
  };
}
