/**
 * A sliding window cut into slots. Slot n covers the times at which `floor(at * 60 / window)` is n, so every
 * process cuts time alike. Only slots that hold something are kept, oldest first: at most 61 of them.
 * `redis-scripts.ts` says the same in Lua; change both together (one conformance suite runs over both).
 */
export const SLOTS = 60;

export interface Ring {
  slots: number[];
  amounts: number[];
  total: number;
}

export function slotOf(at: number, window: number): number {
  return Math.floor((at * SLOTS) / window);
}

/** ms until a slot lies wholly outside the window. */
export function leavesIn(slot: number, window: number, now: number): number {
  return Math.ceil(((slot + SLOTS + 1) * window) / SLOTS) - now;
}

/** Drops the slots that have left by `slot`, the current one, and answers the slot to write into. */
export function advance(ring: Ring, slot: number): number {
  const { slots, amounts } = ring;
  const count = slots.length;
  if (count === 0) return slot;
  const newest = slots[count - 1]!;
  if (newest > slot) {
    // The clock went back. A little: stay in the newest slot. More than a window: count all of it as of now,
    // so that a wrong clock can neither free the window early nor block it for longer than its length.
    if (newest - slot <= SLOTS) return newest;
    ring.slots = [slot];
    ring.amounts = [ring.total];
    return slot;
  }
  let gone = 0;
  while (gone < count && slots[gone]! + SLOTS < slot) gone++;
  if (gone > 0) {
    slots.splice(0, gone);
    amounts.splice(0, gone);
    // Summed anew rather than subtracted: fractions must not drift.
    ring.total = amounts.reduce((sum, amount) => sum + amount, 0);
  }
  return slot;
}

/** Adds to a slot, which is made where missing and removed where nothing is left; never below 0. */
export function add(ring: Ring, slot: number, amount: number): void {
  const { slots, amounts } = ring;
  let index = slots.length - 1;
  while (index >= 0 && slots[index]! > slot) index--;
  if (index < 0 || slots[index] !== slot) {
    if (!(amount > 0)) return;
    index++;
    if (slots.length === 0) {
      // As small as can be: most keys are seen once, and a push onto an empty array makes room for 17.
      ring.slots = [slot];
      ring.amounts = [amount];
      ring.total += amount;
      return;
    }
    if (index === slots.length) {
      slots.push(slot);
      amounts.push(0);
    } else {
      slots.splice(index, 0, slot);
      amounts.splice(index, 0, 0);
    }
  }
  const before = amounts[index]!;
  const after = Math.max(0, before + amount);
  amounts[index] = after;
  ring.total += after - before;
  if (after === 0) {
    slots.splice(index, 1);
    amounts.splice(index, 1);
    if (slots.length === 0) ring.total = 0;
  }
}

function fits(used: number, amount: number, limit: number): boolean {
  return amount >= 0 && amount < Infinity && used < limit && used + amount <= limit;
}

/**
 * ms until `amount` fits under `limit` beside what the ring holds and `reserved`: 0 when it fits now, the
 * window's length when it never will.
 */
export function waitFor(
  ring: Ring,
  amount: number,
  reserved: number,
  limit: number,
  window: number,
  now: number,
): number {
  if (fits(ring.total + reserved, amount, limit)) return 0;
  const { slots, amounts } = ring;
  let left = ring.total;
  for (let i = 0; i < slots.length; i++) {
    left = i === slots.length - 1 ? 0 : left - amounts[i]!;
    if (fits(left + reserved, amount, limit)) return leavesIn(slots[i]!, window, now);
  }
  return window;
}
