/** Half of all values are below `p50`, and so on; in the unit of the values, to three digits. */
export interface Percentiles {
  p50: number;
  p95: number;
  p99: number;
}

/** Each bucket is this much wider than the one below. */
const growth = 1.02;
const least = 0.1;
const buckets = 1024;
const logGrowth = Math.log(growth);

/** How values are spread, from 0.1 on, to 2 %: in bounded memory, however many they are. */
export class Histogram {
  count = 0;
  sum = 0;
  max = 0;
  #counts: Uint32Array | undefined;

  add(value: number): void {
    this.count++;
    this.sum += value;
    if (value > this.max) this.max = value;
    const at = value <= least ? 0 : Math.min(buckets - 1, Math.ceil(Math.log(value / least) / logGrowth));
    const counts = (this.#counts ??= new Uint32Array(buckets));
    counts[at] = (counts[at] ?? 0) + 1;
  }

  get mean(): number {
    return this.count === 0 ? 0 : digits(this.sum / this.count);
  }

  percentiles(): Percentiles {
    return { p50: this.#at(0.5), p95: this.#at(0.95), p99: this.#at(0.99) };
  }

  #at(share: number): number {
    const counts = this.#counts;
    if (!counts) return 0;
    const rank = Math.ceil(this.count * share);
    let seen = 0;
    for (let at = 0; at < buckets; at++) {
      seen += counts[at] ?? 0;
      // The bucket's upper end, which no value may lie beyond.
      if (seen >= rank) return digits(Math.min(this.max, least * Math.exp(at * logGrowth)));
    }
    return digits(this.max);
  }
}

function digits(value: number): number {
  return Number(value.toPrecision(3));
}
