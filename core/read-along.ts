import * as runtime from "#runtime";
import { createParser } from "eventsource-parser";
import { readAlongLimit } from "./defaults.ts";
import { concat } from "./transport/body.ts";
import type { AnswerFacts } from "./call.ts";
import type { Protocol } from "./protocol.ts";
import type { Usage } from "./usage.ts";

/** Reads an answer's bytes as they pass by, for usage and text. It never holds them up. */
export interface ReadAlong {
  chunk(chunk: Uint8Array): void;
  /** The last byte came. Where that is not all read yet, the promise resolves when it is; it never rejects. */
  end(): void | Promise<void>;
  usage(): Usage | undefined;
  text(): string;
  /** How many events carried output; 0 for an answer that is no stream. */
  outputEvents(): number;
}

/**
 * Makes the reader that fits an answer, or none where the protocol reads none. It never throws.
 * @param failed Called once when the protocol's code throws; nothing is read from then on.
 */
export function readAlong(
  protocol: Protocol,
  facts: AnswerFacts,
  collect: boolean,
  failed: (error: unknown) => void,
): ReadAlong | undefined {
  const plain = readPlain(protocol, facts, collect);
  const reader = plain && guard(plain, failed);
  return reader && facts.encoding && facts.encoding !== "identity"
    ? readPacked(reader, facts.encoding)
    : reader;
}

/** Around all that calls a protocol's code, which also happens from an unpacker's own events. */
function guard(reader: ReadAlong, failed: (error: unknown) => void): ReadAlong {
  let broken = false;
  const attempt = <T>(work: () => T, otherwise: T): T => {
    if (broken) return otherwise;
    try {
      return work();
    } catch (error) {
      broken = true;
      failed(error);
      return otherwise;
    }
  };
  return {
    chunk: (chunk) => attempt(() => reader.chunk(chunk), undefined),
    end: () => attempt(() => reader.end(), undefined),
    usage: () => attempt(() => reader.usage(), undefined),
    text: () => attempt(() => reader.text(), ""),
    outputEvents: () => attempt(() => reader.outputEvents(), 0),
  };
}

function readPacked(reader: ReadAlong, encoding: string): ReadAlong | undefined {
  const unpacker = runtime.unpack(encoding, (piece) => reader.chunk(piece));
  if (!unpacker) return undefined;
  return {
    chunk: (chunk) => unpacker.write(chunk),
    async end() {
      await unpacker.end();
      await reader.end();
    },
    usage: () => reader.usage(),
    text: () => reader.text(),
    outputEvents: () => reader.outputEvents(),
  };
}

function readPlain(protocol: Protocol, facts: AnswerFacts, collect: boolean): ReadAlong | undefined {
  if (facts.streaming) return protocol.readStream ? readEvents(protocol, collect) : undefined;
  if (facts.contentType.endsWith("json")) return protocol.readUsage ? readJson(protocol, collect) : undefined;
  return undefined;
}

const decoder = new TextDecoder();

/** Characters that are read at once: a parser that is called for each piece costs more than what it reads. */
const batchSize = 16 * 1024;

function readEvents(protocol: Protocol, collect: boolean): ReadAlong | undefined {
  const reader = protocol.readStream?.({ collect });
  if (!reader) return undefined;
  const lines = new LineDecoder();
  let text = "";
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
      if (lost) return;
      text += lines.decode(chunk);
      if (lines.waiting > readAlongLimit) {
        lost = true;
        lines.clear();
      }
      if (text.length < batchSize) return;
      parser.feed(text);
      text = "";
    },
    end() {
      // The last event may lack its blank line.
      if (!lost) parser.feed(`${text}${lines.rest()}\n\n`);
      text = "";
    },
    usage: () => reader.usage(),
    text: () => reader.text(),
    outputEvents: () => reader.outputEvents(),
  };
}

const LF = 10;
const CR = 13;

/**
 * Decodes UTF-8 up to the last end of a line. No character is cut there, so each part can be decoded for itself,
 * which is five times as fast as a decoder that remembers.
 */
class LineDecoder {
  /** Bytes behind the last end of a line. */
  waiting = 0;
  #pieces: Uint8Array[] = [];

  decode(piece: Uint8Array): string {
    let end = piece.lastIndexOf(LF) + 1;
    if (end === 0) end = piece.lastIndexOf(CR) + 1;
    if (end === 0) return this.#keep(piece);
    const whole = end === piece.byteLength ? piece : piece.subarray(0, end);
    const text = this.waiting > 0 ? this.#join(whole) : decoder.decode(whole);
    if (end < piece.byteLength) this.#keep(piece.subarray(end));
    return text;
  }

  /** What waits, decoded. */
  rest(): string {
    return this.#join(new Uint8Array());
  }

  #keep(piece: Uint8Array): string {
    this.#pieces.push(piece);
    this.waiting += piece.byteLength;
    return "";
  }

  clear(): void {
    this.#pieces = [];
    this.waiting = 0;
  }

  #join(last: Uint8Array): string {
    const text = decoder.decode(concat([...this.#pieces, last], this.waiting + last.byteLength));
    this.clear();
    return text;
  }
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
        answer = JSON.parse(decoder.decode(whole));
      } catch {
        // Not JSON after all: it passes as it is and tells nothing.
      }
    },
    usage: () => (answer === undefined ? undefined : protocol.readUsage?.(answer)),
    text: () => (answer === undefined || !collect ? "" : (protocol.readText?.(answer) ?? "")),
    outputEvents: () => 0,
  };
}
