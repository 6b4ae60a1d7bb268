const closeOpcode = 8;

/**
 * Follows the frames of one direction of a WebSocket, to know whether its sender said that it closes:
 * without that, an end of the connection is a break. Looks at frame headers only. Source: RFC 6455 section 5.2.
 */
export class FrameReader {
  /** A Close frame has begun. */
  closed = false;
  /** The bytes of a header that is not complete yet. */
  #header: number[] = [];
  /** Payload bytes before the next header. */
  #payload = 0;

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.byteLength && !this.closed) {
      if (this.#payload > 0) {
        const skipped = Math.min(this.#payload, chunk.byteLength - at);
        this.#payload -= skipped;
        at += skipped;
      } else {
        this.#header.push(chunk[at++] ?? 0);
        this.#readHeader();
      }
    }
  }

  #readHeader(): void {
    const [first = 0, second = 0] = this.#header;
    const length = second & 0x7f;
    const lengthSize = length === 127 ? 8 : length === 126 ? 2 : 0;
    const maskSize = second & 0x80 ? 4 : 0;
    if (this.#header.length < 2 + lengthSize + maskSize) return;
    const extended = this.#header.slice(2, 2 + lengthSize);
    this.#payload = lengthSize === 0 ? length : extended.reduce((size, byte) => size * 256 + byte, 0);
    this.closed = (first & 0x0f) === closeOpcode;
    this.#header = [];
  }
}
