import type { Board } from "./types.ts";

export interface Note {
  value: string;
  /** ms since the epoch. */
  until: number;
}

/** How many notes are kept; the oldest go first. */
const most = 100_000;

/** Notes of one process, and what snapshots and the board over Redis build on. */
export interface LocalBoard extends Board {
  /** The note and its end. */
  note(key: string): Note | undefined;
  /** The keys of all notes. */
  keys(): string[];
  /** Grows with every change. */
  changes(): number;
}

/** @param now ms since the epoch */
export function createLocalBoard(now: () => number = Date.now): LocalBoard {
  const notes = new Map<string, Note>();
  const listeners = new Set<(key: string, value: string | undefined) => void>();
  let changes = 0;

  function read(key: string): Note | undefined {
    const note = notes.get(key);
    if (!note) return undefined;
    if (note.until > now()) return note;
    notes.delete(key);
    return undefined;
  }

  function tell(key: string, value: string | undefined): void {
    changes++;
    for (const listener of listeners) listener(key, value);
  }

  return {
    note: read,
    get: (key) => read(key)?.value,
    keys: () => [...notes.keys()].filter((key) => read(key) !== undefined),
    changes: () => changes,
    set(key, value, ttl) {
      notes.delete(key);
      notes.set(key, { value, until: now() + ttl });
      if (notes.size > most) notes.delete(notes.keys().next().value ?? "");
      tell(key, value);
    },
    delete(key) {
      if (notes.delete(key)) tell(key, undefined);
    },
    *entries(prefix) {
      for (const key of Array.from(notes.keys())) {
        const note = key.startsWith(prefix) ? read(key) : undefined;
        if (note) yield [key, note.value];
      }
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
