import { GatewayError } from "../../core/index.ts";
import { FirstBytes } from "./first-bytes.ts";
import type { Attempt, Call, Clock } from "../../core/index.ts";

export interface HedgeOptions {
  /** ms, or the model's own p95. */
  after: number | "p95";
  max: number;
  ratio: number;
}

/** So many calls' shares may be saved up. */
const saved = 10;

/** When calls may ask a further target beside the first, and how many of them. */
export class Hedging {
  readonly max: number;
  readonly #after: number | "p95";
  readonly #ratio: number;
  readonly #firstBytes: FirstBytes;
  #shares = 1;

  constructor({ after, max, ratio }: HedgeOptions, clock: Clock) {
    this.max = max;
    this.#after = after;
    this.#ratio = ratio;
    this.#firstBytes = new FirstBytes(clock.tick);
  }

  /** Only what is here whole can be sent twice. */
  fits(call: Call): boolean {
    return call.facts !== undefined && call.body !== undefined && call.replayable;
  }

  /** A call came that could have a further target. */
  called(): void {
    this.#shares = Math.min(saved, this.#shares + this.#ratio);
  }

  /** ms after which a further target is due; undefined while that is not known. */
  delay(call: Call): number | undefined {
    return this.#after === "p95" ? this.#firstBytes.p95(nameOf(call)) : this.#after;
  }

  /** Takes the right to one further target. */
  take(): boolean {
    if (this.#shares < 1) return false;
    this.#shares--;
    return true;
  }

  /** An answer came, or an attempt was given up for another. */
  note(call: Call, { duration }: Pick<Attempt, "duration">): void {
    if (this.#after === "p95") this.#firstBytes.note(nameOf(call), duration);
  }
}

/** The first byte of a whole answer comes with its last. */
function nameOf({ model, stream, operation }: Call): string {
  return `${operation} ${stream} ${model}`;
}

/** Why an attempt was given up. */
export function outrun(): GatewayError {
  return new GatewayError("Another upstream answered first.", { status: 499, code: "outrun" });
}
