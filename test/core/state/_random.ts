import { seededRandom } from "../../_seeded.ts";
import type { Window } from "../../../core/state/index.ts";

/** From the environment, to run a failure again; else by chance. */
export function seedOf(): number {
  return Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
}

/** Whole numbers from 0 to below the bound. */
export function randomFrom(seed: number): (bound: number) => number {
  const random = seededRandom(seed);
  return (bound) => Math.floor(random() * bound);
}

/** @param shortest ms of the shortest one */
export function randomWindow(random: (bound: number) => number, key: string, shortest = 1000): Window {
  const lengths = [shortest, shortest + 1, shortest * 8 - 81, 60_000, 3_600_000, 86_400_000];
  return { key, limit: 1 + random(60), window: lengths[random(lengths.length)]!, amount: 1 };
}

/** Every hit with its time: what a sliding window would be if memory cost nothing. */
export function createExactLog(keep: number) {
  let hits: { at: number; amount: number }[] = [];
  return {
    add(at: number, amount: number): void {
      hits = hits.filter((hit) => hit.at > at - 2 * keep);
      hits.push({ at, amount });
    },
    /** What was hit in the `length` ms up to now. */
    sum(now: number, length: number): number {
      return hits.reduce((sum, { at, amount }) => (at > now - length ? sum + amount : sum), 0);
    },
  };
}
