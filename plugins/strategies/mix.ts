/**
 * Spreads 32 bits that are well mixed already: which of two outcomes is greater hangs on all bits of both. One
 * multiplication, since it is done for each of a thousand choices.
 * @returns from -2^31 to below 2^31: without a sign, numbers are slower
 */
export function mix(bits: number): number {
  return Math.imul(bits ^ (bits >>> 15), 0x9e3779b1);
}
