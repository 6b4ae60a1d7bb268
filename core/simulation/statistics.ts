import { Histogram } from "./histogram.ts";
import type { Obstacle } from "../gate.ts";
import type { Target } from "../upstream.ts";

/** What became of the attempts at one key of an upstream. */
export interface KeyStatistics {
  readonly upstream: UpstreamStatistics;
  /** Among the upstream's keys, from 0. */
  readonly place: number;
  attempts: number;
  /** Calls that it answered well, whole. */
  answered: number;
  failed: number;
  /** Attempts that waited at a gate, and for how long in all, ms. */
  waited: number;
  waitedFor: number;
}

/** What became of the attempts at one upstream. */
export class UpstreamStatistics {
  readonly name: string;
  readonly keys: KeyStatistics[] = [];
  /** Failed attempts, by what was wrong. */
  readonly errors = new Map<string, number>();
  readonly firstByte = new Histogram();
  readonly wait = new Histogram();
  /** Calls that it answered, by the slice of time in which they came. */
  readonly slices: Uint32Array;
  tokens = 0;
  inFlight = 0;
  peak = 0;

  constructor(name: string, slices: number) {
    this.name = name;
    this.slices = new Uint32Array(slices);
  }
}

/** Something that kept calls from where they would have gone. Times are ms from the start. */
export interface Binding {
  readonly kind: Obstacle["kind"];
  readonly what: string;
  readonly where: string;
  times: number;
  from: number;
  to: number;
  /** The minute that it did so most in: its beginning, and how often. */
  worst: { at: number; times: number };
  /** The minute that goes on. */
  minute: { at: number; times: number };
}

export interface SliceStatistics {
  calls: number;
  answered: number;
  refused: number;
  failed: number;
}

/** How a call ended. */
export interface CallEnd {
  /** ms from the start at which it came. */
  came: number;
  /** Who gave the answer, where one was given; else undefined. */
  target: Target | undefined;
  /** The answer was whole. */
  whole: boolean;
  status: number;
  /** Code of the refusal or failure, `""` without one. */
  code: string;
  /** The gateway's own limit that refused it. */
  limit: string | undefined;
  attempts: number;
  /** ms. */
  firstByte: number;
  duration: number;
  inputTokens: number;
  outputTokens: number;
}

/** What kept calls back is told apart up to here; further things count as one. */
const mostBindings = 20_000;
const minute = 60_000;

/** Counts as a simulation goes, in memory that does not grow with the calls. */
export class Statistics {
  readonly upstreams = new Map<string, UpstreamStatistics>();
  readonly bindings = new Map<string, Binding>();
  readonly errors = new Map<string, { status: number; code: string; calls: number }>();
  /** How many calls had so many attempts. */
  readonly attempts: number[] = [];
  /** Of calls that were answered well. */
  readonly firstByte = new Histogram();
  readonly duration = new Histogram();
  readonly totals: SliceStatistics = { calls: 0, answered: 0, refused: 0, failed: 0 };
  readonly slices: SliceStatistics[];
  /** ms of each slice. */
  readonly slice: number;
  inputTokens = 0;
  outputTokens = 0;
  readonly #tick: () => number;

  /** @param duration ms in which calls come. */
  constructor(tick: () => number, duration: number) {
    this.#tick = tick;
    this.slice = sliceOf(duration);
    const count = Math.max(1, Math.ceil(duration / this.slice));
    this.slices = Array.from({ length: count }, () => ({ calls: 0, answered: 0, refused: 0, failed: 0 }));
  }

  /** An attempt waited at a gate. */
  waited(target: Target, ms: number): void {
    const key = this.#key(target);
    key.waited++;
    key.waitedFor += ms;
    key.upstream.wait.add(ms);
  }

  /** An attempt is let through. */
  begin(target: Target): KeyStatistics {
    const key = this.#key(target);
    const { upstream } = key;
    key.attempts++;
    upstream.inFlight++;
    if (upstream.inFlight > upstream.peak) upstream.peak = upstream.inFlight;
    return key;
  }

  /** An attempt ended: well, or as `error` says. */
  end(key: KeyStatistics, error?: string): void {
    const { upstream } = key;
    upstream.inFlight--;
    if (error === undefined) return;
    key.failed++;
    upstream.errors.set(error, (upstream.errors.get(error) ?? 0) + 1);
  }

  finish(end: CallEnd): void {
    const place = Math.min(this.slices.length - 1, Math.floor(end.came / this.slice));
    const answered = end.target !== undefined && end.whole;
    const what = answered ? "answered" : end.attempts === 0 ? "refused" : "failed";
    count(this.totals, what);
    count(this.slices[place], what);
    this.attempts[end.attempts] = (this.attempts[end.attempts] ?? 0) + 1;
    if (answered && end.target) this.#answered(end, end.target, place);
    else this.#failed(end);
  }

  /** A gate stood between a call and a target. */
  obstacle(gate: string, { kind, reason }: Obstacle, { upstream, keyPlace, model }: Target): void {
    const key = upstream.keys.length > 1 ? ` #${keyPlace + 1}` : "";
    const whose =
      kind === "rest" && model !== undefined ? `${upstream.name}${key} ${model}` : upstream.name + key;
    this.held(kind, `${gate}: ${reason}`, whose);
  }

  /** Something kept a call back, for this time. */
  held(kind: Binding["kind"], what: string, where: string): void {
    const now = this.#tick();
    const binding = this.#binding(kind, what, where);
    const at = Math.floor(now / minute) * minute;
    if (binding.minute.at !== at) binding.minute = { at, times: 0 };
    binding.times++;
    binding.minute.times++;
    if (binding.minute.times > binding.worst.times) binding.worst = binding.minute;
    binding.to = now;
  }

  #binding(kind: Binding["kind"], what: string, where: string): Binding {
    const full = this.bindings.size >= mostBindings;
    const name = full ? kind : `${kind} ${where} ${what}`;
    const known = this.bindings.get(name);
    if (known) return known;
    const none = { at: -1, times: 0 };
    const times = { times: 0, from: this.#tick(), to: 0, worst: none, minute: none };
    const made = { kind, what: full ? "others" : what, where: full ? "" : where, ...times };
    this.bindings.set(name, made);
    return made;
  }

  #answered(end: CallEnd, target: Target, place: number): void {
    const key = this.#key(target);
    const { upstream } = key;
    key.answered++;
    upstream.slices[place] = (upstream.slices[place] ?? 0) + 1;
    upstream.tokens += end.inputTokens + end.outputTokens;
    this.inputTokens += end.inputTokens;
    this.outputTokens += end.outputTokens;
    this.firstByte.add(end.firstByte);
    this.duration.add(end.duration);
  }

  #failed({ status, code, limit }: CallEnd): void {
    if (limit !== undefined) this.held("limit", limit, "the gateway");
    const name = `${status} ${code}`;
    const known = this.errors.get(name);
    if (known) known.calls++;
    else this.errors.set(name, { status, code, calls: 1 });
  }

  #key({ upstream: { name }, keyPlace: place }: Target): KeyStatistics {
    let upstream = this.upstreams.get(name);
    if (!upstream) this.upstreams.set(name, (upstream = new UpstreamStatistics(name, this.slices.length)));
    const counts = { attempts: 0, answered: 0, failed: 0, waited: 0, waitedFor: 0 };
    return (upstream.keys[place] ??= { upstream, place, ...counts });
  }
}

function count(counts: SliceStatistics | undefined, what: "answered" | "refused" | "failed"): void {
  if (!counts) return;
  counts.calls++;
  counts[what]++;
}

/** Round lengths of time, ms. */
const rounds = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400].map((s) => s * 1000);
const mostSlices = 60;

/** The length of the slices that a time is cut into: round, and not too many. */
function sliceOf(duration: number): number {
  return rounds.find((ms) => duration / ms <= mostSlices) ?? Math.ceil(duration / mostSlices);
}
