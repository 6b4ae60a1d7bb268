/** How an answer begins, and the rest of it. */
export interface Start {
  chunks: Uint8Array[];
  reader: ReadableStreamDefaultReader<Uint8Array>;
  ended: boolean;
}

/** As much of an answer that is no stream is looked at, in bytes. */
const most = 256 * 1024;

/** Reads the first piece of a stream, or the beginning of any other answer. */
export async function readStart(body: ReadableStream<Uint8Array>, stream: boolean): Promise<Start> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { chunks, reader, ended: true };
    chunks.push(value);
    size += value.byteLength;
    if (stream || size >= most) return { chunks, reader, ended: false };
  }
}

/** The answer whole again. */
export function withStart(response: Response, { chunks, reader, ended }: Start): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      if (ended) controller.close();
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}
