import { createParser } from "eventsource-parser";
import { eventLimit } from "../defaults.ts";
import { badAnswer } from "../errors.ts";
import type { FrameReader, StreamEvent } from "../codec.ts";

function tooLong(): Error {
  return badAnswer(`an event of its stream is longer than ${eventLimit} bytes`);
}

/** Server-sent events: any line ends, characters cut anywhere, comments left out, a last event without its blank line. */
export function sseFrames(): FrameReader {
  const decoder = new TextDecoder();
  let events: StreamEvent[] = [];
  let tooBig = false;
  const parser = createParser({
    maxBufferSize: eventLimit,
    onEvent: ({ event, data }) => events.push({ event, data }),
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") tooBig = true;
    },
  });
  const feed = (text: string): StreamEvent[] => {
    events = [];
    parser.feed(text);
    if (tooBig) throw tooLong();
    return events;
  };
  return {
    push: (bytes) => feed(decoder.decode(bytes, { stream: true })),
    end: () => feed(`${decoder.decode()}\n\n`),
  };
}

/** One JSON text a line; the last may lack its line end, and empty lines are none. */
export function ndjsonFrames(): FrameReader {
  const decoder = new TextDecoder();
  let rest = "";
  const cut = (text: string): StreamEvent[] => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > eventLimit) throw tooLong();
    return lines.flatMap((line) => (line.trim() ? [{ data: line.trim() }] : []));
  };
  return {
    push: (bytes) => cut(decoder.decode(bytes, { stream: true })),
    end: () => cut(`${decoder.decode()}\n`),
  };
}
