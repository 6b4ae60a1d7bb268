import type { Readable } from "node:stream";
import { transportError } from "../transport/failure.ts";
import type { BodySink, WireBody } from "../transport/types.ts";

/** A Node stream as a body on the wire. */
export class StreamBody implements WireBody {
  readonly #stream: Readable;
  readonly #isWhole: () => boolean;
  #sink: BodySink | undefined;

  /** @param isWhole Whether a stream that is over now was sent whole; else it broke. */
  constructor(stream: Readable, isWhole: () => boolean) {
    this.#stream = stream;
    this.#isWhole = isWhole;
  }

  ready(): Promise<void> {
    const stream = this.#stream;
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        stream.off("readable", settle).off("end", settle).off("close", settle);
        if (stream.readableLength > 0 || this.#isWhole()) resolve();
        else reject(transportError("connection_lost", stream.errored));
      };
      if (stream.readableLength > 0 || stream.readableEnded || stream.destroyed) settle();
      else stream.on("readable", settle).on("end", settle).on("close", settle);
    });
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    const stream = this.#stream;
    if (stream.readableEnded || stream.destroyed) {
      this.#over();
      return;
    }
    stream.on("data", (chunk: Uint8Array) => this.#sink?.chunk(chunk));
    stream.once("end", () => this.#over());
    stream.once("close", () => this.#over());
    stream.resume();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  cancel(): void {
    this.#sink = undefined;
    this.#stream.destroy();
  }

  #over(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    if (this.#isWhole()) sink?.end();
    else sink?.fail(transportError("connection_lost", this.#stream.errored));
  }
}
