import { transportError } from "./failure.ts";
import type { BodySink, WireBody } from "./types.ts";

/** A body of which the beginning was looked at: it flows on as if nobody had. */
export interface Held {
  /** What came until it was let go. */
  chunks: readonly Uint8Array[];
  size: number;
  /** It came to its end, so that `chunks` are the whole. */
  ended: boolean;
  /** The whole, from its first byte. */
  body: WireBody;
}

export interface HoldOptions {
  /** Called for each piece, with all that came so far; true lets go. */
  enough(chunk: Uint8Array, size: number): boolean;
  /** ms from the first piece after which it is let go, or fails; 0: never. */
  patience: number;
  /** The body's length, where it is known: no time is kept once so much is here. */
  length?: number;
  /** What happens then. */
  onImpatience: "let-go" | "fail";
}

/** Holds a body back until enough of it is here, or all. Rejects with what broke it meanwhile, or a 504 GatewayError. */
export function holdBack(body: WireBody, options: HoldOptions): Promise<Held> {
  return new Promise((resolve, reject) => new Holder(body, options, resolve, reject).start());
}

class Holder implements BodySink {
  readonly #body: WireBody;
  readonly #options: HoldOptions;
  readonly #resolve: (held: Held) => void;
  readonly #reject: (error: unknown) => void;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #held = true;
  #ended = false;
  #failure: { error: unknown } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sink: BodySink | undefined;
  /** The taker asked for a pause while it was given what was held. */
  #paused = false;

  constructor(
    body: WireBody,
    options: HoldOptions,
    resolve: (held: Held) => void,
    reject: (error: unknown) => void,
  ) {
    this.#body = body;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    this.#body.start(this);
  }

  chunk(chunk: Uint8Array): void {
    if (this.#sink && this.#chunks.length === 0) {
      this.#sink.chunk(chunk);
      return;
    }
    this.#chunks.push(chunk);
    this.#size += chunk.byteLength;
    if (!this.#held) return;
    const { enough, patience, length } = this.#options;
    if (enough(chunk, this.#size)) this.#letGo();
    else if (patience > 0 && this.#size !== length)
      this.#timer ??= setTimeout(() => this.#lostPatience(), patience);
  }

  end(): void {
    this.#ended = true;
    if (this.#held) this.#letGo();
    else if (this.#sink && this.#chunks.length === 0) this.#sink.end();
  }

  fail(error: unknown): void {
    if (this.#held) {
      this.#held = false;
      clearTimeout(this.#timer);
      this.#reject(error);
    } else if (this.#sink && this.#chunks.length === 0) this.#sink.fail(error);
    else this.#failure = { error };
  }

  #lostPatience(): void {
    if (this.#options.onImpatience === "let-go") {
      this.#letGo();
      return;
    }
    this.#held = false;
    this.#body.cancel();
    this.#reject(transportError("first_byte_timeout", new Error("the answer comes too slowly")));
  }

  #letGo(): void {
    this.#held = false;
    clearTimeout(this.#timer);
    if (!this.#ended) this.#body.pause();
    this.#resolve({ chunks: this.#chunks, size: this.#size, ended: this.#ended, body: this.#asBody() });
  }

  #asBody(): WireBody {
    return {
      ready: () => Promise.resolve(),
      start: (sink) => {
        this.#sink = sink;
        this.#drain();
      },
      pause: () => {
        this.#paused = true;
        if (!this.#ended) this.#body.pause();
      },
      resume: () => {
        this.#paused = false;
        this.#drain();
      },
      cancel: (reason) => {
        this.#chunks = [];
        this.#sink = undefined;
        this.#body.cancel(reason);
      },
    };
  }

  /** Gives on what was held, as far as it is taken; then the body flows by itself. */
  #drain(): void {
    const sink = this.#sink;
    if (!sink) return;
    while (!this.#paused) {
      const chunk = this.#chunks[0];
      if (!chunk) break;
      // In place before it is gone, so that nothing overtakes it.
      sink.chunk(chunk);
      this.#chunks.shift();
    }
    if (this.#chunks.length > 0 || this.#sink !== sink) return;
    if (this.#failure) sink.fail(this.#failure.error);
    else if (this.#ended) sink.end();
    else if (!this.#paused) this.#body.resume();
  }
}
