import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import type { Unpacker } from "./types.ts";

/** Packed bytes that may wait for their turn; whoever sends more at once than that is not read along. */
const waitingLimit = 4 * 1024 * 1024;
/** What may come out in all: a few kilobytes can be packed so that they unpack without an end. */
const unpackedLimit = 64 * 1024 * 1024;

const known = new Set(["gzip", "x-gzip", "br", "deflate"]);
// Node has it from 22.15 on.
if ("createZstdDecompress" in zlib) known.add("zstd");

export function unpack(encoding: string, onPiece: (piece: Uint8Array) => void): Unpacker | undefined {
  return known.has(encoding) ? new ZlibUnpacker(encoding, onPiece) : undefined;
}

class ZlibUnpacker implements Unpacker {
  readonly #encoding: string;
  readonly #onPiece: (piece: Uint8Array) => void;
  /** Made when the first bytes come: most of the time is spent waiting for them. */
  #stream: Transform | undefined;
  #unpacked = 0;

  constructor(encoding: string, onPiece: (piece: Uint8Array) => void) {
    this.#encoding = encoding;
    this.#onPiece = onPiece;
  }

  write(packed: Uint8Array): void {
    if (packed.byteLength === 0) return;
    const stream = (this.#stream ??= this.#open(packed));
    if (stream.destroyed) return;
    if (stream.writableLength > waitingLimit) stream.destroy();
    else stream.write(packed);
  }

  end(): Promise<void> {
    const stream = this.#stream;
    if (!stream || stream.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      stream.once("close", resolve);
      stream.end();
    });
  }

  #open(first: Uint8Array): Transform {
    const stream = streamFor(this.#encoding, first);
    stream.on("data", (piece: Uint8Array) => {
      this.#unpacked += piece.byteLength;
      if (this.#unpacked > unpackedLimit) stream.destroy();
      else this.#onPiece(piece);
    });
    // What is not what it claims to be passes all the same; it only tells nothing more.
    stream.on("error", () => {});
    return stream;
  }
}

function streamFor(encoding: string, first: Uint8Array): Transform {
  if (encoding === "br") return zlib.createBrotliDecompress();
  if (encoding === "zstd") return zlib.createZstdDecompress();
  if (encoding !== "deflate") return zlib.createGunzip();
  // RFC 9110 section 8.4.1.2 means the zlib format; some send what is in it without its header.
  return ((first[0] ?? 0) & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw();
}
