import type { Choice } from "../../core/index.ts";

/** The longest cycle: finer shares than a part of this are rounded. */
const longestCycle = 100_000;
/** Fractions of weights are kept to this many digits. */
const digits = 3;

/** The weights as whole numbers in the same proportions, as small as can be. */
export function wholeWeights(choices: readonly Choice[]): number[] {
  const scale = 10 ** digits;
  const all = choices.every(({ weight }) => Number.isInteger(weight));
  const whole = choices.map(({ weight }) => (all ? weight : Math.max(1, Math.round(weight * scale))));
  const divisor = whole.reduce(commonDivisor);
  const least = whole.map((weight) => weight / divisor);
  const total = least.reduce((sum, weight) => sum + weight, 0);
  if (total <= longestCycle) return least;
  // Too fine for a cycle that can be kept: shares to a part in a hundred thousand.
  return least.map((weight) => Math.max(1, Math.round((weight / total) * longestCycle)));
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** Those of one weight, who take turns among themselves. */
interface Group {
  readonly weight: number;
  readonly members: number[];
  /** The member whose turn is next. */
  next: number;
  /** How far that one is behind its share. */
  behind: number;
}

/**
 * Smooth weighted round robin: in each turn, the one that is farthest behind its share is chosen, the first of several.
 * Over a cycle each gets exactly its weight. Worked out as far as is asked, and for all of one weight at a time: of
 * these, none is chosen again before the others were.
 */
export class SmoothSchedule {
  /** Turns of a cycle. */
  readonly length: number;
  readonly #groups: Group[];
  #chosen: Uint32Array;
  #known = 0;

  /** @param weights whole numbers above 0 */
  constructor(weights: readonly number[]) {
    const groups = new Map<number, Group>();
    for (const [index, weight] of weights.entries()) {
      const group = groups.get(weight);
      if (group) group.members.push(index);
      else groups.set(weight, { weight, members: [index], next: 0, behind: 0 });
    }
    this.length = weights.reduce((sum, weight) => sum + weight, 0);
    this.#groups = [...groups.values()];
    this.#chosen = new Uint32Array(Math.min(this.length, 64));
  }

  /** The index whose turn it is. @param position from 0 on; a cycle follows the other */
  at(position: number): number {
    const at = position % this.length;
    if (this.#groups.length === 1) return at % (this.#groups[0]?.members.length ?? 1);
    while (this.#known <= at) this.#add(this.#choose());
    return this.#chosen[at] ?? 0;
  }

  #add(index: number): void {
    if (this.#known === this.#chosen.length) {
      const larger = new Uint32Array(Math.min(this.length, this.#known * 4));
      larger.set(this.#chosen);
      this.#chosen = larger;
    }
    this.#chosen[this.#known++] = index;
  }

  #choose(): number {
    let best: Group | undefined;
    for (const group of this.#groups) {
      group.behind += group.weight;
      if (!best || group.behind > best.behind) best = group;
      else if (group.behind === best.behind && head(group) < head(best)) best = group;
    }
    if (!best) return 0;
    const index = head(best);
    best.next++;
    if (best.next === best.members.length) {
      best.next = 0;
      best.behind -= this.length;
    }
    return index;
  }
}

function head({ members, next }: Group): number {
  return members[next] ?? 0;
}

/** Schedules by their weights: most lists of choices (one for each model) have the same ones. */
const made = new Map<string, SmoothSchedule>();
const remembered = 32;

/** The schedule of choices, shared by all that have the same weights. */
export function scheduleOf(choices: readonly Choice[]): SmoothSchedule {
  const weights = wholeWeights(choices);
  const name = weights.join();
  let schedule = made.get(name);
  if (!schedule) {
    if (made.size >= remembered) made.clear();
    made.set(name, (schedule = new SmoothSchedule(weights)));
  }
  return schedule;
}
