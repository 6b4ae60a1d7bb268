import type { Cursors } from "./types.ts";

/** How many names are remembered. */
const remembered = 100_000;

/** Cursors of one process. */
export interface LocalCursors extends Cursors {
  next(name: string): number;
  /** The position that comes next. */
  peek(name: string): number;
  /** Others have used this position: what comes next is beyond it. */
  pass(name: string, position: number): void;
}

export function createLocalCursors(): LocalCursors {
  const positions = new Map<string, number>();

  function put(name: string, position: number): void {
    if (positions.size >= remembered && !positions.has(name)) positions.clear();
    positions.set(name, position);
  }

  const peek = (name: string): number => positions.get(name) ?? 0;

  return {
    peek,
    next(name) {
      const position = peek(name);
      put(name, position + 1);
      return position;
    },
    pass(name, position) {
      if (position >= peek(name)) put(name, position + 1);
    },
  };
}
