import type { BodySink, WireBody } from "../transport/types.ts";

/** A body that may go on with another where it breaks. */
export class ContinuedBody implements WireBody, BodySink {
  #source: WireBody;
  readonly #rest: (error: unknown) => Promise<WireBody | undefined>;
  readonly #stop: () => void;
  #sink: BodySink | undefined;
  #paused = false;
  #cancelled = false;

  /**
   * @param rest What goes on behind a break, undefined where nothing does. Never rejects.
   * @param stop Nobody waits for that any more.
   */
  constructor(source: WireBody, rest: (error: unknown) => Promise<WireBody | undefined>, stop: () => void) {
    this.#source = source;
    this.#rest = rest;
    this.#stop = stop;
  }

  ready(): Promise<void> {
    return this.#source.ready();
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    this.#source.start(this);
  }

  pause(): void {
    this.#paused = true;
    this.#source.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#source.resume();
  }

  cancel(reason?: unknown): void {
    this.#cancelled = true;
    this.#sink = undefined;
    this.#source.cancel(reason);
    this.#stop();
  }

  chunk(bytes: Uint8Array): void {
    this.#sink?.chunk(bytes);
  }

  end(): void {
    this.#sink?.end();
  }

  fail(error: unknown): void {
    void this.#rest(error).then((next) => {
      if (!next) {
        this.#sink?.fail(error);
        return;
      }
      if (this.#cancelled) {
        next.cancel();
        return;
      }
      this.#source = next;
      next.start(this);
      if (this.#paused) next.pause();
    });
  }
}
