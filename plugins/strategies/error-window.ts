/** ms of a slice. */
const slice = 10_000;
const slices = 12;
/** From so many requests on, errors count. */
const enough = 10;

/** Requests and errors of the last two minutes, in slices. Source: AI Proxy's monitor, whose numbers these are. */
export class ErrorWindow {
  readonly #requests = new Uint32Array(slices);
  readonly #errors = new Uint32Array(slices);
  /** Number of the slice that is being filled. */
  #slice = 0;
  requests = 0;
  errors = 0;

  /** @param now ms of a clock that never goes back */
  add(now: number, failed: boolean): void {
    this.#advance(now);
    const at = this.#slice % slices;
    this.#requests[at]! += 1;
    this.requests++;
    if (!failed) return;
    this.#errors[at]! += 1;
    this.errors++;
  }

  /** From 0 to 1; 0 while there were too few requests to tell. */
  rate(now: number): number {
    this.#advance(now);
    return this.requests < enough ? 0 : this.errors / this.requests;
  }

  /** Takes what another one counted into this one. */
  include(other: ErrorWindow): void {
    const newer = Math.max(this.#slice, other.#slice);
    this.#advance(newer * slice);
    other.#advance(newer * slice);
    for (let at = 0; at < slices; at++) {
      this.#requests[at]! += other.#requests[at] ?? 0;
      this.#errors[at]! += other.#errors[at] ?? 0;
    }
    this.requests += other.requests;
    this.errors += other.errors;
  }

  /** Empties the slices that are over. */
  #advance(now: number): void {
    const current = Math.floor(now / slice);
    const steps = Math.min(current - this.#slice, slices);
    for (let step = 1; step <= steps; step++) {
      const at = (this.#slice + step) % slices;
      this.requests -= this.#requests[at] ?? 0;
      this.errors -= this.#errors[at] ?? 0;
      this.#requests[at] = 0;
      this.#errors[at] = 0;
    }
    if (current > this.#slice) this.#slice = current;
  }
}
