/** FNV-1a over UTF-16 code units, 32 bits. @param seed the hash of what came before */
export function hashText(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * Spreads 32 bits that are well mixed already: which of two outcomes is greater hangs on all bits of both. One
 * multiplication, since it is done for each of a thousand choices.
 * @returns from -2^31 to below 2^31: without a sign, numbers are slower
 */
export function mix(bits: number): number {
  return Math.imul(bits ^ (bits >>> 15), 0x9e3779b1);
}
