import type { Call } from "./call.ts";
import type { Attempt, Target, Upstream } from "./upstream.ts";

/** Why a target is not used now. */
export interface Obstacle {
  /**
   * `rest`: it failed, and is left alone for a time; it is still better than nothing. `limit`: its own limits, or a key
   * that no longer holds; it would refuse. `busy`: it has as many calls as it may have; one could wait.
   */
  kind: "rest" | "limit" | "busy";
  /** For people: `5 failures in a row`. */
  reason: string;
  /** ms since the epoch, where it is known. */
  until?: number | undefined;
}

/**
 * The plugin part that watches over targets: it keeps calls from those that should not be used, and sees how each
 * attempt ends. Every method is called on the call's path and has to be quick; none may throw.
 */
export interface Gate {
  readonly name: string;
  /** Why a target is not used now, undefined where nothing speaks against it. Changes nothing. */
  check?(target: Target, now: number, call: Call): Obstacle | undefined;
  /** An attempt begins: what it takes (a probe, a place, a share of a limit) is taken. An obstacle turns it away. */
  enter?(attempt: Attempt, call: Call): Obstacle | undefined | Promise<Obstacle | undefined>;
  /** An attempt that entered has ended: `attempt.end` says how. Called once for each that entered. */
  leave?(attempt: Attempt, call: Call): void;
  /** What is known of a target, for people; undefined where there is nothing to tell. */
  describe?(target: Target, now: number): TargetReport | undefined;
}

/** A rest that begins: hook `target:rest`. */
export interface TargetRest {
  /** Name of the gate. */
  gate: string;
  /** The target that showed it. */
  target: Target;
  /** What rests: the target alone, its key over all models, its model over all keys, or the whole upstream. */
  scope: "target" | "key" | "upstream-model" | "upstream";
  reason: string;
  /** ms since the epoch. */
  until: number;
}

/** What asking an upstream showed: hook `upstream:check`. */
export interface UpstreamCheck {
  upstream: Upstream;
  ok: boolean;
  /** For people. */
  reason: string;
  /** ms until it is asked again. */
  next: number;
}

/**
 * What a gate tells of one target. Plain data. Where the gate keeps calls from it now: `obstacle` (a kind of `Obstacle`),
 * `reason`, and `until` (RFC 3339) where that is known.
 */
export type TargetReport = Readonly<Record<string, string | number | boolean>>;
