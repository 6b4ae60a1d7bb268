/** What is looked at: the last so many times, none older than this. */
const kept = 256;
const window = 10 * 60_000;
/** With fewer, nothing is known. */
const fewest = 20;
/** After so many new ones they are sorted again. */
const stale = 16;
const mostNames = 1000;

interface Times {
  /** ms, and when they were taken; the oldest are written over. */
  values: number[];
  at: number[];
  next: number;
  /** New ones since `p95` was worked out. */
  fresh: number;
  p95: number | undefined;
}

/** Times to the first byte, by name of what they are of. */
export class FirstBytes {
  readonly #tick: () => number;
  readonly #names = new Map<string, Times>();

  constructor(tick: () => number) {
    this.#tick = tick;
  }

  /** @param ms A time, or of an attempt that was given up the time it had: the least that it would have taken. */
  note(name: string, ms: number): void {
    let times = this.#names.get(name);
    if (!times) {
      // Names come from clients where an upstream takes any.
      if (this.#names.size >= mostNames) this.#names.clear();
      this.#names.set(name, (times = { values: [], at: [], next: 0, fresh: 0, p95: undefined }));
    }
    times.values[times.next] = ms;
    times.at[times.next] = this.#tick();
    times.next = (times.next + 1) % kept;
    times.fresh++;
  }

  /** The time in which 95 of 100 answered; undefined while too little is known. */
  p95(name: string): number | undefined {
    const times = this.#names.get(name);
    if (!times) return undefined;
    if (times.p95 === undefined || times.fresh >= stale) {
      times.p95 = ofLast(times, this.#tick() - window);
      times.fresh = 0;
    }
    return times.p95;
  }
}

function ofLast({ values, at }: Times, since: number): number | undefined {
  const recent = values.filter((_value, i) => (at[i] ?? 0) >= since);
  if (recent.length < fewest) return undefined;
  recent.sort((a, b) => a - b);
  return recent[Math.ceil(recent.length * 0.95) - 1];
}
