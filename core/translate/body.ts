import { GatewayError } from "../errors.ts";
import { transportError } from "../transport/failure.ts";
import type { BodySink, WireBody } from "../transport/types.ts";

/** Turns an upstream's bytes into a client's text, piece by piece. */
export interface StreamTranslator {
  /** May give `""`. Throws when the stream is broken or tells of an error. */
  push(bytes: Uint8Array): string;
  /** The upstream's stream came to its end: what is left, and whether the stream was whole. */
  end(): { text: string; complete: boolean };
}

/** A stream that broke behind a text, which is still good. */
export class BrokenBehind extends Error {
  readonly text: string;

  /** @param cause What broke it. */
  constructor(text: string, cause: unknown) {
    super("The stream broke behind what it had given.", { cause });
    this.text = text;
  }
}

const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** How much may wait for its taker before the upstream is read no further. */
const waitingLimit = 64 * 1024;

/** An upstream's body, translated as it flows. It is ready when the first piece for the client is. */
export class TranslatedBody implements WireBody, BodySink {
  readonly #source: WireBody;
  readonly #translator: StreamTranslator;
  readonly #toBytes: (text: string) => Uint8Array;
  #sink: BodySink | undefined;
  #started = false;
  #waiting: Uint8Array[] = [];
  #waitingSize = 0;
  #ended: { error?: unknown } | undefined;
  #onReady: ((error?: unknown) => void) | undefined;

  constructor(source: WireBody, translator: StreamTranslator, toBytes = utf8) {
    this.#source = source;
    this.#translator = translator;
    this.#toBytes = toBytes;
  }

  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onReady = (error) => (error === undefined ? resolve() : reject(error));
      this.#flow();
      if (this.#waiting.length > 0) resolve();
      else if (this.#ended) this.#onReady(this.#ended.error);
    });
  }

  start(sink: BodySink): void {
    for (const chunk of this.#waiting) sink.chunk(chunk);
    const stopped = this.#waitingSize > waitingLimit;
    this.#waiting = [];
    this.#waitingSize = 0;
    if (this.#ended) {
      if ("error" in this.#ended) sink.fail(this.#ended.error);
      else sink.end();
      return;
    }
    this.#sink = sink;
    this.#flow();
    if (stopped) this.#source.resume();
  }

  #flow(): void {
    if (this.#started) return;
    this.#started = true;
    this.#source.start(this);
  }

  pause(): void {
    this.#source.pause();
  }

  resume(): void {
    this.#source.resume();
  }

  cancel(reason?: unknown): void {
    this.#ended ??= { error: transportError("cancelled", reason) };
    this.#sink = undefined;
    this.#waiting = [];
    this.#source.cancel(reason);
  }

  chunk(bytes: Uint8Array): void {
    if (this.#ended) return;
    try {
      this.#give(this.#translator.push(bytes));
    } catch (error) {
      this.#source.cancel();
      this.#breakWith(error);
    }
  }

  end(): void {
    if (this.#ended) return;
    try {
      const { text, complete } = this.#translator.end();
      this.#give(text);
      this.#finish(complete ? {} : { error: transportError("connection_lost", new Error("no end mark")) });
    } catch (error) {
      this.#breakWith(error);
    }
  }

  #breakWith(error: unknown): void {
    const isBehind = error instanceof BrokenBehind;
    // Where the client has nothing yet, another upstream can still give it all.
    if (isBehind && (this.#sink || this.#waiting.length > 0)) this.#give(error.text);
    this.#finish({ error: GatewayError.from(isBehind ? error.cause : error) });
  }

  fail(error: unknown): void {
    if (!this.#ended) this.#finish({ error });
  }

  #give(text: string): void {
    if (text === "") return;
    const bytes = this.#toBytes(text);
    if (this.#sink) {
      this.#sink.chunk(bytes);
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingSize += bytes.byteLength;
    this.#onReady?.();
    if (this.#waitingSize > waitingLimit) this.#source.pause();
  }

  #finish(ended: { error?: unknown }): void {
    this.#ended = ended;
    const sink = this.#sink;
    this.#sink = undefined;
    this.#onReady?.(ended.error);
    if (!sink) return;
    if ("error" in ended) sink.fail(ended.error);
    else sink.end();
  }
}
