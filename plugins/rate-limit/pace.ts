import { systemClock, type Clock } from "../../core/index.ts";

/** Timers come late by a little; so much of it may be made up for. ms. */
const slack = 20;

/** The answer with its body paced, when it is a stream of events; else the answer as it is. */
export function pace(response: Response, interval: number, clock: Clock = systemClock): Response {
  const { body, headers, status, statusText } = response;
  if (!body || !headers.get("content-type")?.startsWith("text/event-stream")) return response;
  // Where the events cannot be seen, each piece counts as one.
  const isOpaque = (headers.get("content-encoding") ?? "identity") !== "identity";
  return new Response(paceBody(body, interval, isOpaque, clock), { status, statusText, headers });
}

/**
 * Lets events through one at a time, `interval` ms apart at least. The bytes stay as they are: only the piece
 * that ends an event waits, so nothing is held but the piece in hand, and the source is asked for the next
 * one when the last has gone. An error of the source is passed on, and a cancel reaches the source.
 */
export function paceBody(
  source: ReadableStream<Uint8Array>,
  interval: number,
  isOpaque = false,
  clock: Clock = systemClock,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const events = new EventCutter(isOpaque);
  const turns = createTurns(interval, clock);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const piece = events.next();
          if (piece) {
            if (events.atEnd) await turns.turn();
            if (!turns.stopped) controller.enqueue(piece);
            return;
          }
          const { done, value } = await reader.read();
          if (done) {
            controller.close();
            return;
          }
          events.load(value);
        }
      },
      async cancel(reason) {
        turns.stop();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Gives out turns; the first at once. */
function createTurns(interval: number, clock: Clock) {
  let next = 0;
  let callOff: (() => void) | undefined;
  let wake: (() => void) | undefined;
  return {
    stopped: false,
    async turn(): Promise<void> {
      const now = clock.tick();
      if (next < now - slack) next = now;
      const wait = next - now;
      next += interval;
      if (wait <= 0 || this.stopped) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        callOff = clock.after(wait, resolve);
      });
    },
    stop(): void {
      this.stopped = true;
      callOff?.();
      wake?.();
    },
  };
}

const LF = 10;
const CR = 13;

/** Cuts pieces of an event stream after each blank line. Remembers across pieces where in a line it is. */
class EventCutter {
  /** The piece that `next` gave out last ended an event. */
  atEnd = false;
  readonly #isOpaque: boolean;
  #piece: Uint8Array = new Uint8Array(0);
  #at = 0;
  #lineIsEmpty = true;
  #afterCR = false;

  constructor(isOpaque: boolean) {
    this.#isOpaque = isOpaque;
  }

  load(piece: Uint8Array): void {
    this.#piece = piece;
    this.#at = 0;
  }

  /** Bytes up to the next end of an event, or what is left of the piece; undefined when it is used up. */
  next(): Uint8Array | undefined {
    const piece = this.#piece;
    const start = this.#at;
    if (start === piece.length) return undefined;
    this.#at = this.#isOpaque ? piece.length : this.#scan(piece, start);
    if (this.#isOpaque) this.atEnd = true;
    return piece.subarray(start, this.#at);
  }

  #scan(piece: Uint8Array, start: number): number {
    this.atEnd = false;
    for (let i = start; i < piece.length; i++) {
      const byte = piece[i];
      const endsCRLF = byte === LF && this.#afterCR;
      this.#afterCR = byte === CR;
      if (endsCRLF) continue;
      if (byte !== LF && byte !== CR) {
        this.#lineIsEmpty = false;
      } else if (!this.#lineIsEmpty) {
        this.#lineIsEmpty = true;
      } else {
        this.atEnd = true;
        // Takes the LF of this CRLF along, where it is here already.
        if (byte === CR && piece[i + 1] === LF) {
          this.#afterCR = false;
          return i + 2;
        }
        return i + 1;
      }
    }
    return piece.length;
  }
}
