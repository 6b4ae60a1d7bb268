import { Records } from "./records.ts";
import { verdictOf } from "./verdict.ts";
import type { Attempt, Call, Clock, Target, TargetReport } from "../../core/index.ts";

/** A mean of times in which each counts by its age. */
export interface Mean {
  /** NaN before the first. */
  ms: number;
  /** What all together count, at the time of the last. */
  weight: number;
  at: number;
  /** When an attempt last began; -Infinity before the first. */
  tried: number;
}

/** Streams begin sooner than whole answers are there: each is measured by itself. */
export interface Latency {
  readonly whole: Mean;
  readonly stream: Mean;
}

export interface LatencyRules {
  /** ms after which a measurement counts half. */
  halfLife: number;
  /** ms that a failure counts at least. */
  failure: number;
}

/** Which of the two a call is about. */
export function kindOf({ stream }: Call): keyof Latency {
  return stream ? "stream" : "whole";
}

/** How long targets take to their first byte. */
export class Latencies {
  readonly records = new Records<Latency>(() => ({ whole: newMean(), stream: newMean() }));
  readonly #rules: LatencyRules;
  readonly #clock: Clock;

  constructor(rules: LatencyRules, clock: Clock) {
    this.#rules = rules;
    this.#clock = clock;
  }

  /** An attempt begins. */
  begin(target: Target, call: Call): void {
    for (const latency of this.records.of(target)) latency[kindOf(call)].tried = this.#clock.tick();
  }

  /** An attempt failed, or has an answer that begins. */
  measure(attempt: Attempt, call: Call): void {
    const verdict = verdictOf(attempt);
    const { duration, status, target } = attempt;
    for (const latency of this.records.of(target)) {
      const mean = latency[kindOf(call)];
      if (verdict === "bad") this.#add(mean, Math.max(duration, this.#rules.failure));
      else if (verdict === "good") this.#add(mean, duration);
      // Nobody waited for longer than this: it takes at least as long.
      else if (status === undefined && duration > mean.ms) this.#add(mean, duration);
    }
  }

  /** An answer broke in its middle. */
  broke(target: Target, call: Call): void {
    for (const latency of this.records.of(target)) this.#add(latency[kindOf(call)], this.#rules.failure);
  }

  describe(target: Target): TargetReport | undefined {
    const [own] = this.records.of(target);
    const known = Object.entries({ firstByte: own?.stream.ms, answer: own?.whole.ms }).filter(
      (entry): entry is [string, number] => entry[1] !== undefined && !Number.isNaN(entry[1]),
    );
    return known.length > 0
      ? Object.fromEntries(known.map(([name, ms]) => [name, Math.round(ms)]))
      : undefined;
  }

  #add(mean: Mean, ms: number): void {
    const now = this.#clock.tick();
    const before = mean.weight * 2 ** -((now - mean.at) / this.#rules.halfLife);
    mean.weight = before + 1;
    mean.ms = before === 0 ? ms : mean.ms + (ms - mean.ms) / mean.weight;
    mean.at = now;
  }
}

function newMean(): Mean {
  return { ms: Number.NaN, weight: 0, at: 0, tried: Number.NEGATIVE_INFINITY };
}
