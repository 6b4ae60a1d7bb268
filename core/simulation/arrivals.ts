import { picker, sampler } from "./distribution.ts";
import { seededRandom } from "./random.ts";
import type { Load, Phase } from "./load.ts";

/** One call that comes. */
export interface Arrival {
  /** ms from the start. */
  at: number;
  model: string;
  /** Name of the gateway key that it comes with. */
  key: string | undefined;
  /** Address that it comes from, `""` where it does not matter. */
  ip: string;
  inputTokens: number;
  outputTokens: number;
  stream: boolean;
  /** Which conversation it belongs to; undefined: one of its own. */
  conversation: string | undefined;
}

/** Calls in the order in which they come. */
export interface Arrivals {
  next(): Arrival | undefined;
  /** ms from the start to the last that may come. */
  readonly duration: number;
  /** ms since the epoch, where they say when they came. */
  readonly epoch?: number | undefined;
  /** Names of all models and keys that they may ask for and come with. */
  readonly models: readonly string[];
  readonly keys: readonly string[];
}

/**
 * The calls that a load describes.
 * @param offered Names of the configured models and keys, for a load that names none.
 */
export function describedArrivals(
  load: Load,
  offered: { models: readonly string[]; keys: readonly string[] },
  seed: number,
): Arrivals {
  const random = (purpose: string): (() => number) => seededRandom(seed, purpose);
  const models = load.models ?? evenly(offered.models);
  const keys = load.keys ?? evenly(offered.keys);
  const { input = 0, output = 0 } = load.tokens;
  const model = picker(models, random("models"));
  const key = picker(keys, random("keys"));
  const inputTokens = sampler(input, random("input"));
  const outputTokens = sampler(output, random("output"));
  const chance = random("streams");
  const conversation = random("conversations");
  const { conversations, stream, calls = Number.POSITIVE_INFINITY } = load;
  const anyKeys = Object.keys(keys).length > 0;
  const time = times(load.phases, load.arrivals, random("arrivals"));
  let made = 0;
  return {
    duration: load.phases.reduce((sum, phase) => sum + phase.for, 0),
    models: Object.keys(models),
    keys: Object.keys(keys),
    next() {
      const at = made < calls ? time() : undefined;
      if (at === undefined) return undefined;
      made++;
      return {
        at,
        model: model(),
        key: anyKeys ? key() : undefined,
        ip: "",
        inputTokens: Math.round(inputTokens()),
        outputTokens: Math.round(outputTokens()),
        stream: chance() < stream,
        conversation:
          conversations === undefined ? undefined : String(Math.floor(conversation() * conversations)),
      };
    },
  };
}

function evenly(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, 1]));
}

/** ms of each call, one after the other; undefined after the last. */
function times(
  phases: readonly Phase[],
  kind: Load["arrivals"],
  random: () => number,
): () => number | undefined {
  // In a time that passes as calls come, one comes after each unit, or after an exponential time around it.
  const gap = kind === "constant" ? () => 1 : () => -Math.log(1 - random());
  let place = 0;
  let start = 0;
  let due = gap();
  return () => {
    for (let phase = phases[place]; phase; phase = phases[++place]) {
      const all = callsUntil(phase, phase.for);
      if (due <= all) {
        const at = start + timeOf(phase, due);
        due += gap();
        return at;
      }
      due -= all;
      start += phase.for;
    }
    return undefined;
  };
}

/** How many calls a phase is to bring in its first `ms`. */
function callsUntil({ for: length, rate, to = rate }: Phase, ms: number): number {
  const seconds = ms / 1000;
  const slope = length > 0 ? (to - rate) / (length / 1000) : 0;
  return rate * seconds + (slope * seconds * seconds) / 2;
}

/** ms into a phase after which it has brought so many calls: the inverse of `callsUntil`. */
function timeOf({ for: length, rate, to = rate }: Phase, calls: number): number {
  const slope = (to - rate) / (length / 1000);
  if (slope === 0) return (calls / rate) * 1000;
  const root = Math.sqrt(Math.max(0, rate * rate + 2 * slope * calls));
  return Math.min(length, ((root - rate) / slope) * 1000);
}
