import { isFields, parseFields } from "./fields.ts";
import type { Obstacle } from "./gate.ts";
import type { Board } from "./state/types.ts";

/** A time for which a target is left alone. All times are ms since the epoch. */
export interface Rest {
  kind: Obstacle["kind"];
  /** For people; holds no secret. */
  reason: string;
  since: number;
  until: number;
  /** ms; what the next rest grows from. */
  length: number;
  /** Somebody tries it; until then others keep away. */
  triedUntil?: number | undefined;
}

/** One rest on the board: all processes see it, and a new configuration finds it. Reading it costs no more than a look-up. */
export class RestNote {
  readonly #board: Board;
  readonly #key: string;
  #text: string | undefined;
  #rest: Rest | undefined;

  constructor(board: Board, key: string) {
    this.#board = board;
    this.#key = key;
  }

  /** The same object until the note changes. It stays for a while after its time is over (see `write`). */
  read(): Rest | undefined {
    const text = this.#board.get(this.#key);
    if (text === this.#text) return this.#rest;
    this.#text = text;
    this.#rest = text === undefined ? undefined : parse(text);
    return this.#rest;
  }

  /** @param keep ms for which it is remembered after its time */
  write(rest: Rest, now: number, keep: number): void {
    this.#board.set(this.#key, JSON.stringify(rest), Math.max(1, rest.until - now + keep));
  }

  delete(): void {
    this.#board.delete(this.#key);
  }
}

/** Other versions may write other notes: what is none of ours is none. */
function parse(text: string): Rest | undefined {
  const fields = parseFields(text);
  if (!isFields(fields)) return undefined;
  const { kind, reason, since, until, length, triedUntil } = fields;
  if (kind !== "rest" && kind !== "limit" && kind !== "busy") return undefined;
  if (typeof reason !== "string" || typeof since !== "number" || typeof until !== "number") return undefined;
  return {
    kind,
    reason,
    since,
    until,
    length: typeof length === "number" ? length : until - since,
    ...(typeof triedUntil === "number" && { triedUntil }),
  };
}
