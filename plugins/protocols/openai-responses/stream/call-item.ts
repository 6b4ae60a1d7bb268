import type { Fields, ToolCall, ToolCallDelta } from "../../../../core/index.ts";
import { placed } from "../namespaces.ts";
import type { Place } from "../namespaces.ts";
import { callItem } from "../output-encode.ts";
import type { ItemStatus } from "../output-encode.ts";
import { deltaHead } from "./events.ts";
import type { EventWriter } from "./events.ts";

/** A call that is being written. */
export class CallItem {
  readonly index: number;
  readonly #writer: EventWriter;
  readonly #id: string;
  readonly #callId: string;
  readonly #name: string;
  readonly #isCustom: boolean;
  readonly #head: string;
  readonly #places: ReadonlyMap<string, Place>;
  #input = "";
  isOpen = true;

  constructor(
    writer: EventWriter,
    index: number,
    id: string,
    delta: ToolCallDelta & { id: string },
    places: ReadonlyMap<string, Place>,
  ) {
    this.#writer = writer;
    this.#places = places;
    this.index = index;
    this.#id = id;
    this.#callId = delta.id;
    this.#isCustom = delta.type === "custom" || (delta.custom !== undefined && !delta.function);
    this.#name = (this.#isCustom ? delta.custom?.name : delta.function?.name) ?? "";
    const place = { item_id: id, output_index: index };
    this.#head = deltaHead(`${this.#event}.delta`, place);
  }

  get #event(): string {
    return this.#isCustom ? "response.custom_tool_call_input" : "response.function_call_arguments";
  }

  begin(): string {
    const item = this.#item("in_progress");
    return this.#writer.write("response.output_item.added", {
      output_index: this.index,
      item: { ...item, ...this.#asInput("") },
    });
  }

  #item(status: ItemStatus | "in_progress"): Fields {
    const id = this.#callId;
    const call: ToolCall = this.#isCustom
      ? { id, type: "custom", custom: { name: this.#name, input: this.#input } }
      : { id, type: "function", function: { name: this.#name, arguments: this.#input } };
    return placed(callItem(call, this.#id, status), this.#places);
  }

  #asInput(input: string): Fields {
    return this.#isCustom ? { input } : { arguments: input };
  }

  input(delta: string): string {
    if (delta === "") return "";
    this.#input += delta;
    return this.#writer.writeDelta(this.#head, delta);
  }

  /** Whether nothing more of its input can come. */
  isWhole(): boolean {
    if (this.#isCustom) return true;
    try {
      JSON.parse(this.#input || "{}");
      return true;
    } catch {
      return false;
    }
  }

  end(status: ItemStatus): { text: string; item: Fields } {
    this.isOpen = false;
    // A function that is given nothing is given an empty object.
    const last = this.#input === "" && !this.#isCustom ? this.input("{}") : "";
    const item = this.#item(status);
    const place = { item_id: this.#id, output_index: this.index };
    const named = this.#isCustom ? {} : { name: item["name"] };
    const done = this.#writer.write(`${this.#event}.done`, {
      ...place,
      ...named,
      ...this.#asInput(this.#input),
    });
    const whole = this.#writer.write("response.output_item.done", { output_index: this.index, item });
    return { text: last + done + whole, item };
  }
}
