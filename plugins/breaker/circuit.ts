import { RestNote } from "../../core/index.ts";
import { Tally } from "./tally.ts";
import type { Board, Clock, Obstacle, Rest } from "../../core/index.ts";
import type { TallyLimits } from "./tally.ts";

export interface CircuitLimits extends TallyLimits {
  /** ms. */
  rest: { first: number; max: number };
  /** Calls that try it at once after a rest. */
  probes: number;
}

/** Where a circuit lives. */
export interface Surroundings {
  board: Board;
  clock: Pick<Clock, "random">;
  /** Other processes see the board too. */
  shared: boolean;
}

/** How an attempt ended, as far as it tells of the target. */
export type Verdict = "success" | "failure" | "neither";

/** How long others keep away from what somebody tries, ms: until an answer begins, or the one who tries is dead. */
const trial = 30_000;
/** After a shared rest processes come back one by one, ms. */
const spread = 1000;

/**
 * The breaker of one target: closed while it works, open while it rests, then half open until an attempt shows how it
 * is. The rest stands on the board, so all processes keep away and one of them tries; what is counted is this
 * process's own.
 */
export class Circuit {
  readonly limits: CircuitLimits;
  readonly #around: Surroundings;
  readonly #note: RestNote;
  readonly #tally = new Tally();
  #seen: Rest | undefined;
  #triedFrom = 0;
  #probes = 0;
  /** Attempts from before the last change tell of what is over. */
  #changed = Number.NEGATIVE_INFINITY;

  constructor(key: string, limits: CircuitLimits, around: Surroundings) {
    this.limits = limits;
    this.#around = around;
    this.#note = new RestNote(around.board, key);
  }

  /** Failures in a row. */
  get inRow(): number {
    return this.#tally.inRow;
  }

  /** The rest that it is in, or after which it was not seen to work. */
  get rest(): Rest | undefined {
    return this.#note.read();
  }

  obstacle(now: number): Obstacle | undefined {
    const rest = this.#note.read();
    if (!rest) return undefined;
    const { reason } = rest;
    const from = this.#opens(rest);
    if (now < from) return { kind: "rest", reason, until: from };
    const { triedUntil = 0 } = rest;
    const elsewhere = this.#probes === 0 && now < triedUntil;
    if (!elsewhere && this.#probes < this.limits.probes) return undefined;
    return {
      kind: "rest",
      reason: `${reason}; it is being tried`,
      until: elsewhere ? triedUntil : undefined,
    };
  }

  /** An attempt begins. True when it shows whether the target is back: a probe. */
  enter(now: number): boolean {
    const rest = this.#note.read();
    // Who comes during the rest has nothing else to go to.
    if (!rest || now < this.#opens(rest)) return false;
    this.#probes++;
    if (this.#around.shared) this.#note.write({ ...rest, triedUntil: now + trial }, now, this.#keep);
    return true;
  }

  /**
   * An attempt ended.
   * @param startedAt when it began, ms since the epoch
   * @param probe what `enter` said of it
   * @returns the rest that begins
   */
  leave(verdict: Verdict, startedAt: number, probe: boolean, now: number): Rest | undefined {
    if (probe) this.#probes--;
    if (verdict === "success") this.success(startedAt, now);
    else if (verdict === "failure") return this.failure(startedAt, now);
    else if (probe) this.#untried(now);
    return undefined;
  }

  success(startedAt: number, now: number): void {
    if (startedAt < this.#changed) return;
    this.#tally.success(now, this.limits);
    const rest = this.#note.read();
    if (!rest || startedAt < rest.since) return;
    this.#changed = now;
    this.#tally.forget();
    this.#note.delete();
  }

  failure(startedAt: number, now: number): Rest | undefined {
    if (startedAt < this.#changed) return undefined;
    const rest = this.#note.read();
    if (rest) {
      if (startedAt < rest.since || now < rest.until) return undefined;
      return this.#open(rest.reason, rest.length * 2, now);
    }
    const reason = this.#tally.failure(now, this.limits);
    return reason === undefined ? undefined : this.#open(reason, this.limits.rest.first, now);
  }

  /** It was asked, and is not well; it rests at least until it is asked again, `next` ms from now. */
  unwell(now: number, next: number): void {
    const rest = this.rest ?? this.failure(now, now);
    if (rest && rest.until < now + next) this.#note.write({ ...rest, until: now + next }, now, this.#keep);
  }

  #open(reason: string, wished: number, now: number): Rest {
    const { first, max } = this.limits.rest;
    const length = Math.max(Math.min(wished, max), first);
    const rest: Rest = { kind: "rest", reason, since: now, until: now + length, length };
    this.#changed = now;
    this.#tally.forget();
    this.#note.write(rest, now, this.#keep);
    return rest;
  }

  /** The attempt that tried it said nothing: the next one may. */
  #untried(now: number): void {
    const rest = this.#note.read();
    if (!rest || rest.triedUntil === undefined || this.#probes > 0) return;
    const { triedUntil: _, ...free } = rest;
    this.#note.write(free, now, this.#keep);
  }

  get #keep(): number {
    return Math.max(this.limits.rest.max, 60_000);
  }

  /** When a rest is over in this process. */
  #opens(rest: Rest): number {
    if (!this.#around.shared) return rest.until;
    if (this.#seen?.until !== rest.until) {
      this.#seen = rest;
      const most = Math.min(spread, (rest.until - rest.since) / 10);
      this.#triedFrom = Math.ceil(rest.until + this.#around.clock.random() * most);
    }
    return this.#triedFrom;
  }
}
