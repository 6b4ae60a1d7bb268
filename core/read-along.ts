import * as runtime from "#runtime";
import { createParser } from "eventsource-parser";
import { readAlongLimit } from "./defaults.ts";
import { fieldsFrom } from "./json.ts";
import { concat } from "./transport/body.ts";
import type { AnswerFacts } from "./call.ts";
import type { StreamEvent } from "./codec.ts";
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
  const reader = plain && new GuardedReader(plain, failed);
  return reader && facts.encoding && facts.encoding !== "identity"
    ? readPacked(reader, facts.encoding)
    : reader;
}

/** Around all that calls a protocol's code, which also happens from an unpacker's own events. */
class GuardedReader implements ReadAlong {
  readonly #reader: ReadAlong;
  readonly #failed: (error: unknown) => void;
  #broken = false;

  constructor(reader: ReadAlong, failed: (error: unknown) => void) {
    this.#reader = reader;
    this.#failed = failed;
  }

  chunk(chunk: Uint8Array): void {
    this.#attempt((reader) => reader.chunk(chunk), undefined);
  }

  end(): void | Promise<void> {
    return this.#attempt((reader) => reader.end(), undefined);
  }

  usage(): Usage | undefined {
    return this.#attempt((reader) => reader.usage(), undefined);
  }

  text(): string {
    return this.#attempt((reader) => reader.text(), "");
  }

  outputEvents(): number {
    return this.#attempt((reader) => reader.outputEvents(), 0);
  }

  #attempt<T>(work: (reader: ReadAlong) => T, otherwise: T): T {
    if (this.#broken) return otherwise;
    try {
      return work(this.#reader);
    } catch (error) {
      this.#broken = true;
      this.#failed(error);
      return otherwise;
    }
  }
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
  if (protocol.frames && facts.contentType !== "application/json") return readFrames(protocol, collect);
  if (facts.contentType.endsWith("json"))
    return protocol.readUsage ? new JsonReader(protocol, collect) : undefined;
  return undefined;
}

/** A stream of the protocol's own framing. */
function readFrames(protocol: Protocol, collect: boolean): ReadAlong | undefined {
  const reader = protocol.readStream?.({ collect });
  const frames = protocol.frames?.();
  if (!reader || !frames) return undefined;
  const read = (events: readonly StreamEvent[]): void => {
    for (const { data } of events) reader.event(data);
  };
  return {
    chunk: (chunk) => read(frames.push(chunk)),
    end: () => read(frames.end()),
    usage: () => reader.usage(),
    text: () => reader.text(),
    outputEvents: () => reader.outputEvents(),
  };
}

const decoder = new TextDecoder();

/** Bytes that are decoded and parsed at once: to do it for each piece costs more than what it reads. */
const batchSize = 16 * 1024;

function readEvents(protocol: Protocol, collect: boolean): ReadAlong | undefined {
  const reader = protocol.readStream?.({ collect });
  if (!reader) return undefined;
  const lines = new LineBatch();
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
      lines.add(chunk);
      if (lines.size < batchSize) return;
      parser.feed(lines.take());
      if (lines.size <= readAlongLimit) return;
      lost = true;
      lines.clear();
    },
    end() {
      // The last event may lack its blank line.
      if (!lost) parser.feed(`${lines.takeAll()}\n\n`);
    },
    usage: () => reader.usage(),
    text: () => reader.text(),
    outputEvents: () => reader.outputEvents(),
  };
}

const LF = 10;
const CR = 13;

/**
 * Gathers pieces of UTF-8 and decodes them up to the last end of a line. No character is cut there, so each batch can
 * be decoded for itself, which is five times as fast as a decoder that remembers.
 */
class LineBatch {
  /** Bytes that wait. */
  size = 0;
  #pieces: Uint8Array[] = [];
  /** Those of them up to the last end of a line. */
  #whole = 0;

  add(piece: Uint8Array): void {
    const end = piece.lastIndexOf(LF) + 1 || piece.lastIndexOf(CR) + 1;
    if (end > 0) this.#whole = this.size + end;
    this.#pieces.push(piece);
    this.size += piece.byteLength;
  }

  /** All whole lines, decoded. */
  take(): string {
    const whole = this.#whole;
    if (whole === 0) return "";
    const bytes = concat(this.#pieces, this.size);
    this.clear();
    if (whole < bytes.byteLength) this.add(bytes.subarray(whole));
    return decoder.decode(bytes.subarray(0, whole));
  }

  /** All that waits, decoded. */
  takeAll(): string {
    const text = decoder.decode(concat(this.#pieces, this.size));
    this.clear();
    return text;
  }

  clear(): void {
    this.#pieces = [];
    this.#whole = 0;
    this.size = 0;
  }
}

/** Bytes that are kept of the end of an answer that is too long to be kept. */
const endSize = 64 * 1024;

class JsonReader implements ReadAlong {
  readonly #protocol: Protocol;
  readonly #collect: boolean;
  #chunks: Uint8Array[] = [];
  #size = 0;
  /** Its beginning was too much to keep: pictures are long, and their usage stands behind them. */
  #isCut = false;
  #answer: unknown = undefined;

  constructor(protocol: Protocol, collect: boolean) {
    this.#protocol = protocol;
    this.#collect = collect;
  }

  chunk(chunk: Uint8Array): void {
    this.#size += chunk.byteLength;
    this.#chunks.push(chunk);
    this.#isCut ||= this.#size > readAlongLimit;
    while (this.#isCut) {
      const without = this.#size - (this.#chunks[0]?.byteLength ?? 0);
      if (without < endSize) break;
      this.#chunks.shift();
      this.#size = without;
    }
  }

  end(): void {
    const chunks = this.#chunks;
    if (chunks.length === 0) return;
    const text = decoder.decode(chunks.length === 1 ? chunks[0] : concat(chunks, this.#size));
    this.#chunks = [];
    const { usageField } = this.#protocol;
    if (usageField !== undefined && !this.#collect) this.#answer = fieldsFrom(text, usageField);
    if (!this.#isCut) this.#answer ??= parsed(text);
  }

  usage(): Usage | undefined {
    return this.#answer === undefined ? undefined : this.#protocol.readUsage?.(this.#answer);
  }

  text(): string {
    if (this.#answer === undefined || !this.#collect) return "";
    return this.#protocol.readText?.(this.#answer) ?? "";
  }

  outputEvents(): number {
    return 0;
  }
}

/** What is not JSON after all passes as it is and tells nothing. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
