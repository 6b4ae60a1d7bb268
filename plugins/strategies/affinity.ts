import { hashText } from "../../core/index.ts";
import { around } from "./around.ts";
import { conversationOf } from "./conversation.ts";
import { others } from "./lowest-first.ts";
import { mix } from "./mix.ts";
import { scheduleOf } from "./schedule.ts";
import type { Call, Choice, Chooser, Strategy, Turn } from "../../core/index.ts";
import type { SmoothSchedule } from "./schedule.ts";

export interface AffinityOptions {
  /** Request headers that name a conversation, lower case. */
  headers: readonly string[];
}

/**
 * The calls of a conversation go to the same one, in every process, so that its prompt cache serves them; without any
 * memory: by weighted rendezvous hashing. Where one leaves, only its conversations move, over all others.
 */
export function affinity({ headers }: AffinityOptions): Strategy {
  let id = "";
  let last = Number.NaN;

  /** NaN where nothing tells. Keys ask for the same call right after upstreams: the last one is remembered. */
  function conversation(call: Call): number {
    if (call.id !== id) {
      id = call.id;
      last = conversationOf(call, headers) ?? Number.NaN;
    }
    return last;
  }

  return {
    name: "affinity",
    weighted: true,
    keysToo: true,
    prepare: (choices) => new Affinity(choices, conversation),
  };
}

class Affinity implements Chooser {
  readonly cycle = 0;
  readonly #conversation: (call: Call) => number;
  readonly #choices: readonly Choice[];
  /** Indexes of the choices, those of one weight side by side. */
  readonly #indexes: Uint32Array;
  /** Hashes of their ids, in the same order. */
  readonly #hashes: Int32Array;
  /** The weights, and where among the indexes each one ends. */
  readonly #groups: { weight: number; end: number }[] = [];
  /** For calls of no conversation. */
  readonly #turns: SmoothSchedule;
  #turn = 0;

  constructor(choices: readonly Choice[], conversation: (call: Call) => number) {
    this.#conversation = conversation;
    this.#choices = choices;
    const indexes = choices.map((_choice, index) => index);
    indexes.sort((a, b) => (choices[a]?.weight ?? 1) - (choices[b]?.weight ?? 1));
    this.#indexes = Uint32Array.from(indexes);
    this.#hashes = Int32Array.from(indexes, (index) => hashText(choices[index]?.id ?? ""));
    for (const [place, index] of indexes.entries()) {
      const weight = choices[index]?.weight ?? 1;
      const group = this.#groups.at(-1);
      if (group?.weight === weight) group.end = place + 1;
      else this.#groups.push({ weight, end: place + 1 });
    }
    this.#turns = scheduleOf(choices);
  }

  *order({ call }: Turn): Generator<number, void> {
    const { length } = this.#choices;
    const conversation = this.#conversation(call);
    if (Number.isNaN(conversation)) {
      yield* around(this.#turns.at(this.#turn++), length);
      return;
    }
    const first = this.#nearest(conversation);
    yield first;
    const distance = (index: number): number => {
      const { id, weight } = this.#choices[index] ?? { id: "", weight: 1 };
      return distanceOf(mix(hashText(id) ^ conversation), weight);
    };
    yield* others(length, 0, first, distance);
  }

  #nearest(conversation: number): number {
    const hashes = this.#hashes;
    // As a whole number with a sign, which is what the loop below is quick with.
    const bits = conversation | 0;
    // Some loaders make each use of an import a call.
    const spread = mix;
    let nearest = 0;
    let least = Number.POSITIVE_INFINITY;
    let place = 0;
    for (const { weight, end } of this.#groups) {
      // Of one weight, the greatest is the nearest: no distance is needed but this one's.
      let greatest = -(2 ** 31);
      let at = place;
      for (; place < end; place++) {
        const mixed = spread((hashes[place] ?? 0) ^ bits);
        if (mixed <= greatest) continue;
        greatest = mixed;
        at = place;
      }
      const distance = distanceOf(greatest, weight);
      if (distance < least) [least, nearest] = [distance, this.#indexes[at] ?? 0];
    }
    return nearest;
  }
}

/** As likely the least of all as the weight's share says. */
function distanceOf(mixed: number, weight: number): number {
  return -Math.log((mixed + 2 ** 31 + 0.5) / 2 ** 32) / weight;
}
