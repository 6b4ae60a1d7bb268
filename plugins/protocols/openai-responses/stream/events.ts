import type { Fields } from "../../../../core/index.ts";

/** Writes events and numbers them, without a gap. */
export class EventWriter {
  #sequence = 0;

  write(type: string, members: Fields): string {
    const data = { type, ...members, sequence_number: this.#sequence++ };
    return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
  }

  /**
   * A piece of text. `head` is what `deltaHead` made: for a stream's most frequent events all but the piece is the same.
   * @param more JSON of further members, with a comma before each.
   */
  writeDelta(head: string, delta: string, more = ""): string {
    return `${head}${JSON.stringify(delta)}${more},"sequence_number":${this.#sequence++}}\n\n`;
  }
}

/** The beginning of delta events of a type, up to their piece. */
export function deltaHead(type: string, members: Fields): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...members }).slice(0, -1)},"delta":`;
}
