import type { StoredAnswer } from "./entry.ts";

/** A stored answer as a response: the same status, content type, coding and bytes. */
export function replay(answer: StoredAnswer): Response {
  const headers = new Headers();
  if (answer.contentType !== undefined) headers.set("content-type", answer.contentType);
  if (answer.encoding !== undefined) headers.set("content-encoding", answer.encoding);
  if (answer.streaming) return new Response(eventStream(answer.body), { status: answer.status, headers });
  headers.set("content-length", String(answer.body.byteLength));
  return new Response(answer.body as Uint8Array<ArrayBuffer>, { status: answer.status, headers });
}

/** The bytes of a stream again as a stream, one event a piece, as fast as it is taken. */
function eventStream(bytes: Uint8Array): ReadableStream<Uint8Array> {
  const events = splitEvents(bytes);
  return new ReadableStream({
    pull(controller) {
      const { done, value } = events.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

const lineFeed = 10;
const carriageReturn = 13;

/** The pieces of a stream, each up to and with the blank line that ends an event. */
export function* splitEvents(bytes: Uint8Array): Generator<Uint8Array, undefined> {
  let from = 0;
  for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
    const next = bytes[at + 1] === carriageReturn ? at + 2 : at + 1;
    if (bytes[next] !== lineFeed) continue;
    yield bytes.subarray(from, next + 1);
    from = next + 1;
    at = next;
  }
  if (from < bytes.byteLength) yield bytes.subarray(from);
}
