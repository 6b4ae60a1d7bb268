import type { ChatDelta, Fields } from "../../../../core/index.ts";
import { textOf } from "./reasoning-reader.ts";

interface Reading {
  /** Its place among the message's calls. */
  index: number;
  isCustom: boolean;
  hasInput: boolean;
}

/** Reads what a stream tells of calls. They are known by the place of their item. */
export class CallReader {
  readonly #calls = new Map<unknown, Reading>();

  get count(): number {
    return this.#calls.size;
  }

  /** A call's item begins: its names come with it. */
  added({ item, output_index }: { item: Fields; output_index: unknown }): ChatDelta {
    const isCustom = item["type"] === "custom_tool_call";
    const input = textOf(isCustom ? item["input"] : item["arguments"]);
    const index = this.#calls.size;
    this.#calls.set(output_index, { index, isCustom, hasInput: input !== "" });
    const id = textOf(item["call_id"]) || textOf(item["id"]);
    const name = textOf(item["name"]);
    return isCustom
      ? { tool_calls: [{ index, id, type: "custom", custom: { name, input } }] }
      : { tool_calls: [{ index, id, type: "function", function: { name, arguments: input } }] };
  }

  delta({ output_index, delta }: Fields): ChatDelta | undefined {
    return this.#input(output_index, textOf(delta));
  }

  /** The whole input, where no piece of it came before. */
  inputDone({ output_index, arguments: input, input: custom }: Fields): ChatDelta | undefined {
    if (this.#calls.get(output_index)?.hasInput) return undefined;
    return this.#input(output_index, textOf(input) || textOf(custom));
  }

  /** The item whole. A function that was given nothing was given an empty object. */
  done(item: Fields, output_index: unknown): ChatDelta | undefined {
    const whole =
      item["type"] === "custom_tool_call" ? item : { ...item, arguments: textOf(item["arguments"]) || "{}" };
    if (!this.#calls.has(output_index)) return this.added({ item: whole, output_index });
    return this.inputDone({ ...whole, output_index });
  }

  #input(place: unknown, input: string): ChatDelta | undefined {
    const call = this.#calls.get(place);
    if (!call || input === "") return undefined;
    call.hasInput = true;
    const { index } = call;
    return call.isCustom
      ? { tool_calls: [{ index, custom: { input } }] }
      : { tool_calls: [{ index, function: { arguments: input } }] };
  }
}
