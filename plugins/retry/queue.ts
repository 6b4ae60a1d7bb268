import { obstacleOf } from "../../core/index.ts";
import type { Call, Target } from "../../core/index.ts";

/** A target in a call's order, and the model that it stands for: the call's own, or one in its place. */
export interface Place {
  target: Target;
  model: string | undefined;
}

/** A target that failed and may do later. */
interface Later {
  place: Place;
  /** By the clock's tick, ms. */
  readyAt: number;
}

/** The targets of a call: new ones as long as there are any, then those again that may still do. */
export class TargetQueue {
  readonly #call: Call;
  readonly #attempts: number;
  readonly #longestWait: number;
  /** Pulled to stand beside another, and of another model. */
  #ahead: Place | undefined;
  #later: Later[] = [];
  /** Attempts with the current place's model, and with all. */
  #tried = 0;
  #triedInAll = 0;
  /** What is tried now. */
  current: Place | undefined;

  /**
   * @param attempts With one model; targets are tried again only while the call had fewer in all.
   * @param longestWait ms
   */
  constructor(call: Call, attempts: number, longestWait: number) {
    this.#call = call;
    this.#attempts = attempts;
    this.#longestWait = longestWait;
  }

  /** Goes to the first target; false where nothing serves the call. Throws a GatewayError where none may be used. */
  start(): boolean {
    this.current = this.#pull();
    return this.current !== undefined;
  }

  get triedInAll(): number {
    return this.#triedInAll;
  }

  count(attempts: number): void {
    this.#tried += attempts;
    this.#triedInAll += attempts;
  }

  /** The current one may do in `wait` ms. */
  keep(wait: number): void {
    if (!this.current || wait > this.#longestWait) return;
    this.#later.push({ place: this.current, readyAt: this.#call.gateway.clock.tick() + wait });
  }

  /** Goes to a new target; false where there is none. One model's are passed over once it had its attempts. */
  advance(): boolean {
    const before = this.current;
    for (let place = this.#next(); place; place = this.#next()) {
      const isSame = place.model === before?.model;
      if (isSame && this.#tried >= this.#attempts) continue;
      if (!isSame) this.#tried = 0;
      this.current = place;
      return true;
    }
    return false;
  }

  /** Goes to a model with a larger context; false where there is none. */
  widen(): boolean {
    this.#ahead = undefined;
    const place = this.#pull("context");
    if (!place) return false;
    this.#later = [];
    this.#tried = 0;
    this.current = place;
    return true;
  }

  /** Goes back to the target that is ready first; ms to wait before, undefined where there is none to go back to. */
  back(): number | undefined {
    if (this.#triedInAll >= this.#attempts) return undefined;
    const now = this.#call.gateway.clock.tick();
    let soonest: Later | undefined;
    for (const later of this.#later) {
      later.readyAt = Math.max(later.readyAt, now + this.#rest(later.place.target));
      if (!soonest || later.readyAt < soonest.readyAt) soonest = later;
    }
    if (!soonest || soonest.readyAt - now > this.#longestWait) return undefined;
    this.#later.splice(this.#later.indexOf(soonest), 1);
    this.current = soonest.place;
    return Math.max(0, soonest.readyAt - now);
  }

  /** A new target of the current one's model, to be tried beside it. */
  beside(): Place | undefined {
    const place = this.#next();
    if (place?.model === this.current?.model) return place;
    this.#ahead = place;
    return undefined;
  }

  /** ms for which a gate keeps calls from a target. */
  #rest(target: Target): number {
    const { clock, gates } = this.#call.gateway;
    const obstacle = obstacleOf(gates, target, this.#call);
    if (!obstacle || obstacle.kind === "busy") return 0;
    // A timer may be a moment early.
    return obstacle.until === undefined ? Infinity : Math.max(0, obstacle.until - clock.now()) + 1;
  }

  #next(): Place | undefined {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead ?? this.#pull();
  }

  #pull(hint?: "context"): Place | undefined {
    const call = this.#call;
    const next = call.targets?.next(hint);
    return next && !next.done ? { target: next.value, model: call.model } : undefined;
  }
}
