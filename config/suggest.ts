/** `did you mean "baseURL"?` for a name that is close to a known one, else undefined. */
export function suggest(given: string, known: Iterable<string>): string | undefined {
  // Case and word separators are the commonest slips: base_url, baseUrl.
  const folded = fold(given);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(folded.length / 3)) + 1;
  for (const name of known) {
    const candidate = fold(name);
    if (Math.abs(candidate.length - folded.length) >= bestDistance) continue;
    const apart = name === given ? bestDistance : distance(folded, candidate);
    if (apart < bestDistance) [best, bestDistance] = [name, apart];
  }
  return best === undefined ? undefined : `did you mean ${JSON.stringify(best)}?`;
}

function fold(name: string): string {
  return name.slice(0, 100).toLowerCase().replace(/[-_ ]/g, "");
}

/** Edits (a letter added, left out, changed, or two swapped) between two short words. */
export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(beforeLast, j - 2) + 1 : Infinity;
      row.push(Math.min(changed, swapped, at(last, j) + 1, at(row, j - 1) + 1));
    }
    [beforeLast, last] = [last, row];
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
