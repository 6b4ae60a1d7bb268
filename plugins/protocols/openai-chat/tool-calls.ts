import { badAnswer, isFields, newToolId } from "../../../core/index.ts";
import type { Fields, ToolCall, ToolCallDelta } from "../../../core/index.ts";

/** Arguments as JSON text: some vendors give an object, some nothing for none. */
export function argumentsText(value: unknown): string {
  if (typeof value === "string") return value.trim() === "" ? "{}" : value;
  return value === undefined || value === null ? "{}" : JSON.stringify(value);
}

/** The calls of a whole message; the deprecated `function_call` is one, too. `name` tells ids apart that are made here. */
export function readToolCalls(message: Fields, name: string): ToolCall[] | undefined {
  const { tool_calls: calls, function_call: single } = message;
  if (Array.isArray(calls) && calls.length > 0)
    return calls.map((call, place) => readToolCall(call, name, place));
  if (!isFields(single)) return undefined;
  return [readToolCall({ function: single }, name, 0)];
}

function readToolCall(call: unknown, name: string, place: number): ToolCall {
  if (!isFields(call)) throw badAnswer("a tool call in it is no object");
  const { index: _, id: given, type, function: called, ...rest } = call;
  const id = typeof given === "string" && given ? given : newToolId(name, place);
  if (type === "custom") return { ...rest, id, type } as unknown as ToolCall;
  if (!isFields(called) || typeof called["name"] !== "string")
    throw badAnswer("a tool call in it has no name");
  const text = argumentsText(called["arguments"]);
  return { ...rest, id, type: "function", function: { ...called, name: called["name"], arguments: text } };
}

interface OpenCall {
  id: string;
  /** What the upstream calls it; undefined where it gives no index. */
  index: number | undefined;
  custom: boolean;
  /** Whether something of its arguments came. */
  filled: boolean;
}

/**
 * Puts the fragments of calls in order: vendors leave the index out, begin with 1, give every call the index 0, repeat
 * names, send whole calls at once, and nothing for empty arguments.
 */
export class ToolCallReader {
  readonly #name: string;
  readonly #calls: OpenCall[] = [];

  /** @param name Tells ids apart that are made here. */
  constructor(name: string) {
    this.#name = name;
  }

  get any(): boolean {
    return this.#calls.length > 0;
  }

  read(fragments: unknown): ToolCallDelta[] {
    return Array.isArray(fragments) ? fragments.filter(isFields).map((fragment) => this.#read(fragment)) : [];
  }

  /** The deprecated `function_call`, which is one and has no id. */
  readSingle(called: Fields): ToolCallDelta {
    return this.#read({ index: 0, function: called });
  }

  #read(fragment: Fields): ToolCallDelta {
    const { index: _, id: _id, type: _type, function: called, custom, ...rest } = fragment;
    const place = this.#placeOf(fragment);
    const isNew = place < 0;
    const call = isNew ? this.#open(fragment) : (this.#calls[place] as OpenCall);
    const head = isNew && { id: call.id, type: call.custom ? ("custom" as const) : ("function" as const) };
    const delta: ToolCallDelta = { ...rest, index: isNew ? this.#calls.length - 1 : place, ...head };
    if (call.custom) delta.custom = piece(custom, isNew, "input", call) as { name?: string; input?: string };
    else delta.function = piece(called, isNew, "arguments", call) as { name?: string; arguments?: string };
    return delta;
  }

  /** Which call a fragment goes on with; -1 for a new one. */
  #placeOf({ index, id, function: called, custom }: Fields): number {
    const given = typeof id === "string" && id ? id : undefined;
    const known = given === undefined ? -1 : this.#calls.findLastIndex((call) => call.id === given);
    if (known >= 0) return known;
    const named = [called, custom].some(
      (one) => isFields(one) && typeof one["name"] === "string" && one["name"],
    );
    // A new id with a name is a new call, whatever its index.
    if (given !== undefined && named) return -1;
    if (typeof index === "number") return this.#calls.findLastIndex((call) => call.index === index);
    return named ? -1 : this.#calls.length - 1;
  }

  #open({ index, id, type, custom }: Fields): OpenCall {
    const call: OpenCall = {
      id: typeof id === "string" && id ? id : newToolId(this.#name, this.#calls.length),
      index: typeof index === "number" ? index : undefined,
      custom: type === "custom" || isFields(custom),
      filled: false,
    };
    this.#calls.push(call);
    return call;
  }

  /** What is left to say once a message is over: `{}` for calls without arguments. */
  finish(): ToolCallDelta[] {
    return this.#calls.flatMap((call, index) => {
      if (call.filled || call.custom) return [];
      call.filled = true;
      return [{ index, function: { arguments: "{}" } }];
    });
  }
}

/** A fragment's name, in a call's first fragment only, and its piece of the text. */
function piece(given: unknown, isNew: boolean, textName: "arguments" | "input", call: OpenCall): Fields {
  const fields = isFields(given) ? given : {};
  const { name, [textName]: value } = fields;
  const text = isFields(value) || Array.isArray(value) ? JSON.stringify(value) : value;
  if (typeof text === "string" && text.trim() !== "") call.filled = true;
  return {
    ...(isNew && { name: typeof name === "string" ? name : "" }),
    ...(typeof text === "string" && { [textName]: text }),
  };
}
