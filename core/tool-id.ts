/** Two 32-bit hashes (FNV-1a with two bases) as text: short, the same in every process, no secret. */
function hash(text: string): string {
  let a = 0x811c9dc5;
  let b = 0xcbf29ce4;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ (code + i), 0x01000193);
  }
  return (a >>> 0).toString(36).padStart(7, "0") + (b >>> 0).toString(36).padStart(7, "0");
}

/**
 * A tool call's id as a protocol takes it: the id itself where it is of letters, digits, `_` and `-` and no longer
 * than `limit`, else one made from it, always the same. Calls and results stay together over turns, with nothing kept.
 */
export function toolId(id: string, limit: number): string {
  return id.length <= limit && /^[\w-]+$/.test(id) ? id : `call_${hash(id)}`;
}

/** An id for a tool call that came without one. `place` tells it from the answer's others. */
export function newToolId(answerId: string, place: number): string {
  return `call_${hash(`${answerId}/${place}`)}${place}`;
}
