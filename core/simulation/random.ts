import { hashText } from "../hash.ts";

/**
 * Chance that is the same for the same seed, on every machine: xoshiro128** by Blackman and Vigna (2018), its state
 * filled from the seed by splitmix32. From 0 to below 1, in steps of 2^-32.
 * @param purpose Sets what is drawn for one thing apart from what is drawn for others.
 */
export function seededRandom(seed: number, purpose: string): () => number {
  let fill = hashText(`${seed} ${purpose}`);
  const next = (): number => {
    fill = (fill + 0x9e3779b9) | 0;
    let z = fill;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let [a, b, c, d] = [next(), next(), next(), next()];
  return () => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return (result >>> 0) / 4_294_967_296;
  };
}
