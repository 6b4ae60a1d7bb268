import { advance, slotOf } from "./ring.ts";
import type { LocalBoard } from "./board.ts";
import type { MemoryCounters } from "./memory.ts";

const MAGIC = "sluice-counters 1";
/** Lines made in one go; then the event loop gets its turn. */
const SLICE = 2000;

/**
 * The counters, and the notes of a board, as text: a head line with a sequence number, one JSON line a window, counter
 * or note, and a foot line with their number, so that a file that was cut short shows. Yields to the event loop as it
 * goes.
 */
export async function encodeSnapshot(
  counters: MemoryCounters,
  sequence: number,
  board?: LocalBoard,
): Promise<string> {
  const lines = [`${MAGIC} ${sequence}`];
  for (const [key, first] of counters.windows) {
    for (let counter: typeof first | undefined = first; counter; counter = counter.next) {
      if (counter.slots.length === 0) continue;
      lines.push(JSON.stringify(["window", key, counter.window, counter.slots, counter.amounts]));
      if (lines.length % SLICE === 0) await turn();
    }
  }
  for (const [key, { value, expires }] of counters.plain) {
    lines.push(JSON.stringify(["plain", key, value, expires]));
    if (lines.length % SLICE === 0) await turn();
  }
  for (const key of board?.keys() ?? []) {
    const note = board?.note(key);
    if (note) lines.push(JSON.stringify(["note", key, note.value, note.until]));
    if (lines.length % SLICE === 0) await turn();
  }
  lines.push(`end ${lines.length - 1}\n`);
  return lines.join("\n");
}

/** The sequence number of a snapshot, undefined when it is not a whole one. */
export function snapshotSequence(text: string): number | undefined {
  const lines = text.split("\n");
  const sequence = Number(lines[0]?.startsWith(`${MAGIC} `) ? lines[0].slice(MAGIC.length + 1) : Number.NaN);
  const whole = lines.at(-1) === "" && lines.at(-2) === `end ${lines.length - 3}`;
  return whole && Number.isSafeInteger(sequence) ? sequence : undefined;
}

/**
 * Puts a snapshot into empty counters, and its notes onto a board. Throws, with nothing put in, when a line is not what
 * it should be.
 */
export function loadSnapshot(counters: MemoryCounters, text: string, board?: LocalBoard): void {
  const entries = text.split("\n").slice(1, -2).map(parseLine);
  const now = counters.now();
  for (const entry of entries) {
    if (entry.kind === "note") {
      const left = entry.until - Date.now();
      if (left > 0) board?.set(entry.key, entry.value, left);
      continue;
    }
    if (entry.kind === "plain") {
      if (entry.expires > now) {
        const { key, value, expires } = entry;
        counters.plain.set(key, { value, expires, touched: false, local: 0 });
      }
      continue;
    }
    const ring = {
      slots: entry.slots,
      amounts: entry.amounts,
      total: entry.amounts.reduce((a, b) => a + b, 0),
    };
    advance(ring, slotOf(now, entry.window));
    if (ring.slots.length > 0) Object.assign(counters.window(entry.key, entry.window), ring);
  }
}

type Entry =
  | { kind: "window"; key: string; window: number; slots: number[]; amounts: number[] }
  | { kind: "plain"; key: string; value: number; expires: number }
  | { kind: "note"; key: string; value: string; until: number };

function parseLine(line: string): Entry {
  const [kind, key, ...rest] = JSON.parse(line) as unknown[];
  if (typeof key !== "string") throw new TypeError("no key");
  if (kind === "plain") {
    const [value, expires] = rest;
    if (typeof value === "number" && typeof expires === "number") return { kind, key, value, expires };
  }
  if (kind === "note") {
    const [value, until] = rest;
    if (typeof value === "string" && typeof until === "number") return { kind, key, value, until };
  }
  if (kind === "window") {
    const [window, slots, amounts] = rest;
    const sound = typeof window === "number" && window > 0 && isNumbers(slots) && isNumbers(amounts);
    if (
      sound &&
      slots.length === amounts.length &&
      slots.every((slot, i) => i === 0 || slot > slots[i - 1]!)
    ) {
      return { kind, key, window, slots, amounts };
    }
  }
  throw new TypeError("not an entry");
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
