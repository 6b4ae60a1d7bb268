import type { Call } from "./call.ts";
import type { Gate } from "./gate.ts";
import type { Target } from "./upstream.ts";

/** One of several among which a strategy chooses: an upstream for a model, or one key of an upstream. */
export interface Choice {
  /** The same in every process that has the same configuration; holds no secret. */
  readonly id: string;
  /** Its share, above 0. */
  readonly weight: number;
  /** What it stands for: an upstream's keys and regions, or one of them. */
  readonly targets: readonly Target[];
}

/** One call for which an order is wanted. */
export interface Turn {
  readonly call: Call;
  /** How many calls came before it for the same choices, over all processes that share their state. */
  readonly position: number;
}

/** What a strategy made of one list of choices; it serves all calls that have them. */
export interface Chooser {
  /**
   * After how many calls its order begins anew. 0: it looks at no position, and none is counted. A chooser may be asked
   * for any position, not only for one after the other.
   */
  readonly cycle: number;
  /** Indexes of the choices, each once, in the order in which this call tries them. Read only as far as is needed. */
  order(turn: Turn): Iterable<number>;
}

/**
 * The plugin part that orders what could serve a call. What cannot serve it now (see `Gate`) is left out by the caller
 * of `order`. All chance comes from `gateway.clock.random`.
 */
export interface Strategy {
  readonly name: string;
  /** It looks at weights. */
  readonly weighted?: boolean;
  /** It orders the keys of the upstreams that it chose, too, where nothing else is configured for them. */
  readonly keysToo?: boolean;
  /** @param choices At least two. */
  prepare(choices: readonly Choice[]): Chooser;
  /** What it has to see of attempts; asked only where the strategy is used. */
  readonly gate?: Gate;
}
