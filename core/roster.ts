/** What can stand on a roster. */
export interface Rostered {
  /** Where it stands; -1 while it stands on none. For the roster alone. */
  place: number;
}

/**
 * Objects that come and go with every call, in no order. A Set does the same, but leaves a table behind each time it
 * grows or shrinks; old ones keep what stood in them alive through one garbage collection after the other, which costs
 * half as much as the calls themselves.
 */
export class Roster<T extends Rostered> implements Iterable<T> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** Adds one that stands on no roster. */
  add(member: T): void {
    member.place = this.#members.push(member) - 1;
  }

  /** Takes one off; the last takes its place. One that is off already stays so. */
  delete(member: T): void {
    const { place } = member;
    if (place < 0) return;
    member.place = -1;
    const last = this.#members.pop();
    if (!last || last === member) return;
    last.place = place;
    this.#members[place] = last;
  }

  /** Those that stand on it now, whatever happens to it meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return this.#members.slice().values();
  }
}
