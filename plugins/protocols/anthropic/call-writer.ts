import { badAnswer } from "../../../core/index.ts";
import type { ToolCallDelta } from "../../../core/index.ts";
import type { BlockWriter } from "./block-writer.ts";

/** The most characters of calls that wait for another to end. */
const waitingLimit = 8 * 1024 * 1024;

interface Call {
  id: string;
  name: string;
  custom: boolean;
  /** What of the input was not written yet, where it waits or has to be whole. */
  waiting: string;
  /** The input so far, to know whether it is whole. */
  input: string;
  state: "waiting" | "open" | "closed";
}

/**
 * Writes tool calls, one block after the other. An upstream may send the pieces of several calls in turns: a call
 * waits while the one before it is not whole.
 */
export class CallWriter {
  readonly #blocks: BlockWriter;
  readonly #calls = new Map<number, Call>();
  #open: Call | undefined;
  #waiting = 0;

  constructor(blocks: BlockWriter) {
    this.#blocks = blocks;
  }

  get count(): number {
    return this.#calls.size;
  }

  add(delta: ToolCallDelta): string {
    const call = this.#callOf(delta);
    const piece = delta.function?.arguments ?? delta.custom?.input ?? "";
    if (call.state === "closed") {
      if (piece === "") return "";
      throw badAnswer("its stream goes on with a tool call that was over");
    }
    if (call.state === "waiting") {
      if (this.#open && !isWhole(this.#open)) return this.#hold(call, piece);
      return this.#write(call, piece);
    }
    call.input += piece;
    if (call.custom) return this.#hold(call, piece);
    return piece === "" ? "" : this.#blocks.delta("input_json_delta", { partial_json: piece });
  }

  #callOf({ index, id, type, function: named, custom }: ToolCallDelta): Call {
    const known = this.#calls.get(index);
    if (known) {
      if (named?.name && !known.name) known.name = named.name;
      return known;
    }
    const call: Call = {
      id: id ?? "",
      name: named?.name ?? custom?.name ?? "",
      custom: type === "custom" || custom !== undefined,
      waiting: "",
      input: "",
      state: "waiting",
    };
    this.#calls.set(index, call);
    return call;
  }

  #hold(call: Call, piece: string): string {
    this.#waiting += piece.length;
    if (this.#waiting > waitingLimit) throw badAnswer("its tool calls wait for one another for too long");
    call.waiting += piece;
    return "";
  }

  /** Opens a call's block and writes what is there of it. */
  #write(call: Call, piece: string): string {
    const before = this.settle();
    const { id, name, waiting } = call;
    const text = waiting + piece;
    this.#waiting -= waiting.length;
    call.waiting = "";
    call.state = "open";
    call.input = text;
    this.#open = call;
    const opened = this.#blocks.start("call", { type: "tool_use", id, name, input: {} });
    if (call.custom) return before + opened + this.#hold(call, text);
    const given = text === "" ? "" : this.#blocks.delta("input_json_delta", { partial_json: text });
    return before + opened + given;
  }

  /** Closes the call that is open: something else begins. */
  settle(): string {
    const call = this.#open;
    if (!call) return "";
    call.state = "closed";
    this.#open = undefined;
    const whole = call.custom ? JSON.stringify({ input: call.waiting }) : "";
    const given = whole === "" ? "" : this.#blocks.delta("input_json_delta", { partial_json: whole });
    return given + this.#blocks.stop();
  }

  /** Writes what still waits. */
  finish(): string {
    let text = this.settle();
    for (const call of this.#calls.values()) {
      if (call.state === "waiting") text += this.#write(call, "") + this.settle();
    }
    return text;
  }
}

/** Whether nothing of a call's input is missing. Custom input is text: it is taken for whole when another call begins. */
function isWhole({ custom, input }: Call): boolean {
  if (custom) return true;
  try {
    JSON.parse(input);
    return true;
  } catch {
    return false;
  }
}
