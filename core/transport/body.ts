import type { WireBody } from "./types.ts";

/** Reads a body whole. Rejects with what broke it, or a RangeError (and cancels) when it is longer than `limit` bytes. */
export function readWhole(body: WireBody, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    body.start({
      chunk(chunk) {
        size += chunk.byteLength;
        if (size > limit) {
          body.cancel();
          reject(new RangeError(`longer than ${limit} bytes`));
          return;
        }
        chunks.push(chunk);
      },
      end: () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : concat(chunks, size)),
      fail: reject,
    });
  });
}

/** Joins chunks whose lengths add up to `size`. */
export function concat(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** A web stream as a body on the wire; with no `chunk` between `pause` and `resume`, it is read no further. */
export function fromStream(stream: ReadableStream<Uint8Array>): WireBody {
  const reader = stream.getReader();
  let paused = false;
  let cancelled = false;
  let go: (() => void) | undefined;
  let first: Promise<ReadableStreamReadResult<Uint8Array>> | undefined;
  return {
    async ready() {
      first ??= reader.read();
      await first;
    },
    start(sink) {
      const pump = async (): Promise<void> => {
        for (;;) {
          if (paused) await new Promise<void>((resolve) => (go = resolve));
          if (cancelled) return;
          const { done, value } = await (first ?? reader.read());
          first = undefined;
          if (cancelled) return;
          if (done) return sink.end();
          sink.chunk(value);
        }
      };
      pump().catch((error: unknown) => {
        if (!cancelled) sink.fail(error);
      });
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      go?.();
      go = undefined;
    },
    cancel(reason) {
      if (cancelled) return;
      cancelled = true;
      reader.cancel(reason).catch(() => {});
      go?.();
    },
  };
}

/** How much of a stream may wait for its reader before the connection is read no further. */
const waitingLimit = 64 * 1024;

/** A body on the wire as a web stream. Nothing is read before somebody reads it, and then only as fast as it is taken. */
export function toStream(body: WireBody): ReadableStream<Uint8Array> {
  let started = false;
  let waiting = 0;
  let broken: { error: unknown } | undefined;
  return new ReadableStream<Uint8Array>(
    {
      // With a high-water mark of 0 this is called when a reader waits and nothing is queued.
      pull(controller) {
        waiting = 0;
        if (broken) {
          controller.error(broken.error);
          return;
        }
        if (started) {
          body.resume();
          return;
        }
        started = true;
        body.start({
          chunk(chunk) {
            controller.enqueue(chunk);
            waiting += chunk.byteLength;
            if (waiting > waitingLimit) body.pause();
          },
          end: () => controller.close(),
          // A stream in error drops what it holds: that is told once all before it was read.
          fail(error) {
            if (waiting === 0) controller.error(error);
            else broken = { error };
          },
        });
      },
      cancel: (reason) => body.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
