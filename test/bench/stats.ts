/** The few figures that a run is summed up in. */

/** The middle value (the mean of the middle two); undefined for no values. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A ratio over the rounds: its median and the smallest and largest that was seen. */
export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The ratio of two series round by round, of the rounds that both have; undefined where there is none. */
export function ratio(
  of: readonly (number | undefined)[],
  to: readonly (number | undefined)[],
): Ratio | undefined {
  const ratios = of.flatMap((value, round) => {
    const base = to[round];
    return value !== undefined && base ? [value / base] : [];
  });
  const middle = median(ratios);
  return middle === undefined
    ? undefined
    : { median: middle, low: Math.min(...ratios), high: Math.max(...ratios) };
}
