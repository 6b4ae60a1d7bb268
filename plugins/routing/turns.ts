import type { Call, Cursors } from "../../core/index.ts";

type Position = number | Promise<number>;

/** A turn that a call drew early. */
interface Drawn {
  cursor: string;
  position: Position;
}

/** Longer bodies are not read before the limits were asked. */
const longestRead = 64 * 1024;
/** How many turns that nobody took are kept for later calls. */
const mostSpare = 10_000;

/**
 * The turns that calls draw from cursors. Over shared state a turn is drawn early, so that it travels along with what
 * limits ask; a call that then ends without it (it was refused, or answered from a cache) leaves it to the next one, or
 * calls that are refused in a steady rhythm would send all others to the same upstream.
 */
export class Turns {
  readonly #cursors: Cursors;
  readonly #drawn = new WeakMap<Call, Drawn>();
  readonly #spare = new Map<string, Position[]>();
  #count = 0;

  constructor(cursors: Cursors) {
    this.#cursors = cursors;
  }

  /** Draws a turn for a call whose plan has this cursor. */
  draw(call: Call, cursor: string): void {
    this.#drawn.set(call, { cursor, position: this.#next(cursor) });
    call.onFinish(() => this.#giveBack(call));
  }

  /** The turn of a call, drawn now where none of this cursor was. */
  take(call: Call, cursor: string): Position {
    const drawn = this.#drawn.get(call);
    if (drawn?.cursor !== cursor) return this.#next(cursor);
    this.#drawn.delete(call);
    return drawn.position;
  }

  #next(cursor: string): Position {
    const spare = this.#spare.get(cursor);
    const position = spare?.shift();
    if (position === undefined) return this.#cursors.next(cursor);
    this.#count--;
    if (spare?.length === 0) this.#spare.delete(cursor);
    return position;
  }

  #giveBack(call: Call): void {
    const drawn = this.#drawn.get(call);
    if (!drawn || this.#count >= mostSpare) return;
    this.#drawn.delete(call);
    this.#count++;
    const spare = this.#spare.get(drawn.cursor);
    if (spare) spare.push(drawn.position);
    else this.#spare.set(drawn.cursor, [drawn.position]);
  }
}

/**
 * Has a call read where that costs little: the plan depends on what it says. What is wrong with it shows when it is
 * read in its place. A promise only where there is something to wait for; false: it is not read yet.
 */
export function readEarly(call: Call): boolean | Promise<boolean> {
  if (call.facts || !call.endpoint || call.endpoint.modelless) return true;
  const { headers } = call.request;
  if (headers.has("transfer-encoding") || Number(headers.get("content-length") ?? 0) > longestRead)
    return false;
  return call.inspect().then(
    () => true,
    () => false,
  );
}
