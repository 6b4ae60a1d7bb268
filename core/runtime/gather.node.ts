import process from "node:process";
import type { Writable } from "node:stream";
import { concat } from "../transport/body.ts";

/** Bytes from which on they are written at once. */
const enough = 16 * 1024;

/**
 * Writes to a Node stream at once what comes in one turn of the event loop: in an answer with chunks each write costs
 * four of the socket's, and one read from an upstream that streams fast brings many small pieces.
 */
export class GatheringWriter {
  readonly #target: Writable;
  #pieces: Uint8Array[] = [];
  #size = 0;
  #full = false;

  constructor(target: Writable) {
    this.#target = target;
  }

  /** Takes a piece. False when the stream is full: it emits `drain` then, of which this has to be told. */
  write(piece: Uint8Array): boolean {
    if (this.#pieces.length === 0) process.nextTick(flush, this);
    this.#pieces.push(piece);
    this.#size += piece.byteLength;
    if (this.#size >= enough) this.flush();
    return !this.#full;
  }

  /** Writes what was gathered. */
  flush(): void {
    const pieces = this.#pieces;
    if (pieces.length === 0) return;
    const bytes = pieces.length === 1 ? pieces[0] : concat(pieces, this.#size);
    this.#pieces = [];
    this.#size = 0;
    // A client may have left since the piece was taken.
    if (!this.#target.destroyed && !this.#target.write(bytes)) this.#full = true;
  }

  /** The stream has room again. */
  drained(): void {
    this.#full = false;
  }
}

function flush(writer: GatheringWriter): void {
  writer.flush();
}
