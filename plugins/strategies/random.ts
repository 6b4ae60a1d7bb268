import type { Clock, Strategy } from "../../core/index.ts";

/** In any order, whatever their weights. */
export function random({ random }: Clock): Strategy {
  return {
    name: "random",
    prepare: ({ length }) => ({ cycle: 0, order: () => shuffled(length, random) }),
  };
}

/** Fisher and Yates's shuffle, as far as it is read: only what changed places is noted. */
function* shuffled(length: number, random: () => number): Generator<number, void> {
  const moved = new Map<number, number>();
  for (let left = length; left > 0; left--) {
    const at = Math.floor(random() * left);
    yield moved.get(at) ?? at;
    moved.set(at, moved.get(left - 1) ?? left - 1);
  }
}
