import { isFields } from "../../../core/index.ts";
import type { Fields } from "../../../core/index.ts";

/** Writes events, and keeps one block open at a time, with the right number. */
export class BlockWriter {
  #index = -1;
  #open: string | undefined;

  /** The kind of the block that is open. */
  get open(): string | undefined {
    return this.#open;
  }

  event(type: string, fields: Fields): string {
    return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
  }

  /** Opens a block; what was open before is closed. */
  start(kind: string, content_block: Fields): string {
    const closed = this.stop();
    this.#open = kind;
    this.#index++;
    return closed + this.event("content_block_start", { index: this.#index, content_block });
  }

  /** By far the most events are these: put together as text, they cost half. `fields` is not empty. */
  delta(type: string, fields: Fields): string {
    const rest = JSON.stringify(fields).slice(1);
    return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${this.#index},"delta":{"type":"${type}",${rest}}\n\n`;
  }

  stop(): string {
    if (this.#open === undefined) return "";
    this.#open = undefined;
    return this.event("content_block_stop", { index: this.#index });
  }

  /** A block that is there at once. The input of a call comes as a piece, as clients read it from there. */
  whole(block: Fields): string {
    const { input } = block;
    if (!isFields(input)) return this.start("whole", block) + this.stop();
    const started = this.start("whole", { ...block, input: {} });
    return started + this.delta("input_json_delta", { partial_json: JSON.stringify(input) }) + this.stop();
  }
}
