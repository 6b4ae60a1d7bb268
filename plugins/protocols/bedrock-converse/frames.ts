import type { EventStreamCodec } from "@smithy/eventstream-codec";
import { badAnswer } from "../../../core/index.ts";
import type { FrameReader, StreamEvent } from "../../../core/index.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Its `encode` and `decode` keep nothing between calls. */
let codec: EventStreamCodec | undefined;

/** Must be through before a stream is read or written: the library would cost every gateway's start more than all else. */
export async function loadEventStream(): Promise<void> {
  if (codec) return;
  const library = await import("@smithy/eventstream-codec");
  codec = new library.EventStreamCodec(
    (bytes) => (typeof bytes === "string" ? bytes : decoder.decode(bytes)),
    (text) => encoder.encode(text),
  );
}

function loaded(): EventStreamCodec {
  if (codec) return codec;
  throw new Error("The event stream's library is not loaded.");
}

/** The length of a message's prelude, and the most that one message may have. Source: Smithy, Amazon event stream. */
const prelude = 12;
const messageLimit = 24 * 1024 * 1024;

export const contentType = "application/vnd.amazon.eventstream";

/** Cuts Amazon's event stream into messages, wherever its bytes are cut. Throws on a wrong checksum. */
export function eventStreamFrames(): FrameReader {
  let waiting: Uint8Array[] = [];
  let size = 0;
  const take = (): Uint8Array => {
    const [only] = waiting;
    if (waiting.length === 1 && only) return only;
    const all = new Uint8Array(size);
    let at = 0;
    for (const piece of waiting) {
      all.set(piece, at);
      at += piece.byteLength;
    }
    return all;
  };
  /** Of the message that waits; unknown before its prelude is here. */
  let wanted = prelude;
  return {
    push(bytes) {
      waiting.push(bytes);
      size += bytes.byteLength;
      const events: StreamEvent[] = [];
      if (size < wanted) return events;
      let rest = take();
      while (rest.byteLength >= prelude) {
        wanted = lengthOf(rest);
        if (rest.byteLength < wanted) break;
        events.push(readMessage(rest.subarray(0, wanted)));
        rest = rest.subarray(wanted);
        wanted = prelude;
      }
      waiting = rest.byteLength === 0 ? [] : [rest];
      size = rest.byteLength;
      return events;
    },
    end() {
      if (size > 0) throw badAnswer("its event stream ends within a message");
      return [];
    },
  };
}

function lengthOf(bytes: Uint8Array): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, false);
  if (length < 16 || length > messageLimit)
    throw badAnswer("its event stream has a message of no possible length");
  return length;
}

/** One message as an event; an exception goes by its own name, an error by `error`, with its headers as data. */
function readMessage(bytes: Uint8Array): StreamEvent {
  const reader = loaded();
  let message: ReturnType<EventStreamCodec["decode"]>;
  try {
    message = reader.decode(bytes);
  } catch (error) {
    throw badAnswer("its event stream has a message that is damaged", error);
  }
  const header = (name: string): string => String(message.headers[name]?.value ?? "");
  const kind = header(":message-type");
  if (kind === "error") {
    const said = { code: header(":error-code"), message: header(":error-message") };
    return { event: "error", data: JSON.stringify(said) };
  }
  const event = header(kind === "exception" ? ":exception-type" : ":event-type");
  return { event, data: decoder.decode(message.body) };
}

/** One event, or with `exception` one failure, as a message of an event stream. */
export function writeMessage(name: string, json: string, exception = false): Uint8Array {
  const text = (value: string) => ({ type: "string", value }) as const;
  return loaded().encode({
    headers: {
      [exception ? ":exception-type" : ":event-type"]: text(name),
      ":content-type": text("application/json"),
      ":message-type": text(exception ? "exception" : "event"),
    },
    body: encoder.encode(json),
  });
}
