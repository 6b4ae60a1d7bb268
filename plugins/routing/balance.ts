/** One thing to be chosen, and its share. */
export interface Weighted {
  readonly name: string;
  readonly weight: number;
}

/**
 * Smooth weighted round robin: over a cycle each gets exactly its share, and heavy ones are spread out
 * rather than chosen in runs. One balancer serves one set of candidates.
 */
export class Balancer<T extends Weighted> {
  readonly #items: readonly T[];
  readonly #current: number[];
  readonly #total: number;

  constructor(items: readonly T[]) {
    this.#items = items;
    this.#current = items.map(() => 0);
    this.#total = items.reduce((sum, item) => sum + item.weight, 0);
  }

  /** The items in the order of this turn: the chosen one first, then the others from where it stands. */
  next(): T[] {
    const items = this.#items;
    if (items.length < 2) return [...items];
    let best = 0;
    for (let i = 0; i < items.length; i++) {
      this.#current[i] = (this.#current[i] ?? 0) + (items[i]?.weight ?? 0);
      if ((this.#current[i] ?? 0) > (this.#current[best] ?? 0)) best = i;
    }
    this.#current[best] = (this.#current[best] ?? 0) - this.#total;
    return [...items.slice(best), ...items.slice(0, best)];
  }
}
