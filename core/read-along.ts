import { createParser } from "eventsource-parser";
import { readAlongLimit } from "./defaults.ts";
import { concat } from "./transport/body.ts";
import type { AnswerFacts } from "./call.ts";
import type { Protocol } from "./protocol.ts";
import type { Usage } from "./usage.ts";

/** Reads an answer's bytes as they pass by, for usage and text. It never holds them up. */
export interface ReadAlong {
  chunk(chunk: Uint8Array): void;
  /** The last byte came. */
  end(): void;
  usage(): Usage | undefined;
  text(): string;
  /** How many events carried output; 0 for an answer that is no stream. */
  outputEvents(): number;
}

/** Makes the reader that fits an answer, or none where the protocol reads none. */
export function readAlong(protocol: Protocol, facts: AnswerFacts, collect: boolean): ReadAlong | undefined {
  if (facts.streaming) return protocol.readStream ? readEvents(protocol, collect) : undefined;
  if (facts.contentType.endsWith("json")) return protocol.readUsage ? readJson(protocol, collect) : undefined;
  return undefined;
}

function readEvents(protocol: Protocol, collect: boolean): ReadAlong | undefined {
  const reader = protocol.readStream?.({ collect });
  if (!reader) return undefined;
  const decoder = new TextDecoder();
  let lost = false;
  const parser = createParser({
    maxBufferSize: readAlongLimit,
    onEvent: (event) => reader.event(event.data),
    onError: (error) => {
      // An event too long to read along still passes; only what it would have told is lost.
      if (error.type === "max-buffer-size-exceeded") lost = true;
    },
  });
  return {
    chunk(chunk) {
      if (!lost) parser.feed(decoder.decode(chunk, { stream: true }));
    },
    end() {
      // The last event may lack its blank line.
      if (!lost) parser.feed(`${decoder.decode()}\n\n`);
    },
    usage: () => reader.usage(),
    text: () => reader.text(),
    outputEvents: () => reader.outputEvents(),
  };
}

function readJson(protocol: Protocol, collect: boolean): ReadAlong {
  let chunks: Uint8Array[] = [];
  let size = 0;
  let answer: unknown;
  return {
    chunk(chunk) {
      size += chunk.byteLength;
      if (size <= readAlongLimit) chunks.push(chunk);
      else chunks = [];
    },
    end() {
      if (size > readAlongLimit || size === 0) return;
      const whole = chunks.length === 1 && chunks[0] ? chunks[0] : concat(chunks, size);
      chunks = [];
      try {
        answer = JSON.parse(new TextDecoder().decode(whole));
      } catch {
        // Not JSON after all: it passes as it is and tells nothing.
      }
    },
    usage: () => (answer === undefined ? undefined : protocol.readUsage?.(answer)),
    text: () => (answer === undefined || !collect ? "" : (protocol.readText?.(answer) ?? "")),
    outputEvents: () => 0,
  };
}
