/** FNV-1a over UTF-16 code units, 32 bits. @param seed the hash of what came before */
export function hashText(text: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * Spreads 32 bits: which of two outcomes is greater hangs on all bits of both. MurmurHash3's finalizer without what only
 * its lowest bits need.
 * @returns from -2^31 to below 2^31: without a sign, numbers are slower
 */
export function mix(bits: number): number {
  const hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  return Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
}
