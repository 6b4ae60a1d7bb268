import type { Percentiles } from "./histogram.ts";
import type { Binding, Statistics, UpstreamStatistics } from "./statistics.ts";

/** What a simulation came to. Times are ms, those of the clock from the start of the simulation. */
export interface SimulationResult {
  seed: number;
  /** Until the last call had ended. */
  duration: number;
  /** `refused`: no upstream was asked; `failed`: none answered well. */
  calls: { made: number; answered: number; refused: number; failed: number };
  /** `retries`: beyond the first of a call. `calls`: how many calls had so many attempts, from 0 on. */
  attempts: { made: number; retries: number; calls: number[] };
  /** Of calls that were answered. */
  firstByte: Percentiles;
  whole: Percentiles;
  tokens: { input: number; output: number };
  /** Why calls were refused or failed, the most frequent first. */
  errors: { status: number; code: string; calls: number }[];
  /** In the order of the configuration. */
  upstreams: SimulatedUpstream[];
  /** What refused calls, or kept them from targets, because it was used up; the most frequent first. */
  limits: Held[];
  /** What kept calls from targets because they had failed. */
  rests: Held[];
  /** How things went over time. `upstreams`: who answered, by name. */
  timeline: {
    slice: number;
    slices: { at: number; calls: number; answered: number; refused: number; failed: number }[];
    upstreams: Record<string, number[]>;
  };
  /** What is otherwise than in a gateway that serves. */
  notes: string[];
}

interface Counts {
  attempts: number;
  answered: number;
  /** Of all answered calls, 0 to 1. */
  share: number;
  failed: number;
  /** Attempts that waited at a gate, and how long on average, ms. */
  waited: number;
  meanWait: number;
}

export interface SimulatedUpstream extends Counts {
  name: string;
  /** Failed attempts by what was wrong. */
  errors: Record<string, number>;
  /** Of attempts that were answered. */
  firstByte: Percentiles;
  longestWait: number;
  tokens: number;
  /** The most attempts at once. */
  peak: number;
  /** By place, from 1 on. */
  keys: ({ place: number } & Counts)[];
}

/** Something that kept calls back. `worst`: the minute in which it did so most. */
export interface Held {
  what: string;
  where: string;
  times: number;
  from: number;
  to: number;
  worst: { at: number; times: number };
}

/** @param names All upstreams, in the order of the configuration; the first of them stand in the timeline. */
export function resultOf(
  statistics: Statistics,
  names: readonly string[],
  run: { seed: number; duration: number; notes: string[] },
): SimulationResult {
  const { totals, attempts, errors, slices, slice } = statistics;
  const made = attempts.reduce((sum, calls = 0, tries) => sum + calls * tries, 0);
  const tried = totals.calls - (attempts[0] ?? 0);
  const { calls, answered, refused, failed } = totals;
  const known = names.flatMap((name) => statistics.upstreams.get(name) ?? []);
  const held = [...statistics.bindings.values()].sort((a, b) => b.times - a.times);
  return {
    seed: run.seed,
    duration: Math.round(run.duration),
    calls: { made: calls, answered, refused, failed },
    attempts: { made, retries: made - tried, calls: Array.from(attempts, (count) => count ?? 0) },
    firstByte: statistics.firstByte.percentiles(),
    whole: statistics.duration.percentiles(),
    tokens: { input: statistics.inputTokens, output: statistics.outputTokens },
    errors: [...errors.values()].sort((a, b) => b.calls - a.calls),
    upstreams: names.map((name) => upstreamOf(name, statistics.upstreams.get(name), answered)),
    limits: held.filter(({ kind }) => kind !== "rest").map(heldOf),
    rests: held.filter(({ kind }) => kind === "rest").map(heldOf),
    timeline: {
      slice,
      slices: slices.map((counts, at) => ({ at: at * slice, ...counts })),
      upstreams: Object.fromEntries(known.slice(0, shown).map((one) => [one.name, [...one.slices]])),
    },
    notes: run.notes,
  };
}

/** Upstreams in the timeline. */
const shown = 100;

function upstreamOf(name: string, seen: UpstreamStatistics | undefined, answered: number): SimulatedUpstream {
  const none = { p50: 0, p95: 0, p99: 0 };
  const keys = (seen?.keys ?? []).filter(Boolean);
  const sum = (of: (key: (typeof keys)[number]) => number): number =>
    keys.reduce((total, key) => total + of(key), 0);
  const counts = {
    attempts: sum((key) => key.attempts),
    answered: sum((key) => key.answered),
    failed: sum((key) => key.failed),
    waited: sum((key) => key.waited),
    waitedFor: sum((key) => key.waitedFor),
  };
  return {
    name,
    ...countsOf(counts, answered),
    errors: Object.fromEntries([...(seen?.errors ?? [])].sort(([, a], [, b]) => b - a)),
    firstByte: seen?.firstByte.percentiles() ?? none,
    longestWait: Math.round(seen?.wait.max ?? 0),
    tokens: seen?.tokens ?? 0,
    peak: seen?.peak ?? 0,
    keys: keys.map(({ place, ...key }) => ({ place: place + 1, ...countsOf(key, answered) })),
  };
}

function countsOf(
  {
    attempts,
    answered,
    failed,
    waited,
    waitedFor,
  }: Omit<Counts, "share" | "meanWait"> & { waitedFor: number },
  all: number,
): Counts {
  const share = all === 0 ? 0 : Number((answered / all).toPrecision(6));
  return {
    attempts,
    answered,
    share,
    failed,
    waited,
    meanWait: waited === 0 ? 0 : Math.round(waitedFor / waited),
  };
}

function heldOf({ what, where, times, from, to, worst }: Binding): Held {
  return { what, where, times, from: Math.round(from), to: Math.round(to), worst };
}
