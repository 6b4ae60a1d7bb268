import { badRequest, isFields, newToolId, parseFields } from "../../../core/index.ts";
import type { Fields, FunctionCall, ToolCall } from "../../../core/index.ts";
import { asOwn, isText, ownOf } from "./fields.ts";
import type { Part } from "./wire.ts";

/**
 * Ids of function calls, which clients need not give. Those that are made hang on names and places alone: they are the
 * same whenever the conversation comes again, so that an upstream's prompt cache knows it.
 */
export class CallIds {
  readonly #answer: string;
  #made = 0;
  #open: { id: string; name: string }[] = [];

  /** @param answer For an answer's calls: its id. */
  constructor(answer = "gemini") {
    this.#answer = answer;
  }

  /** The id of a call. */
  of(name: string, given: unknown): string {
    const id = isText(given) && given !== "" ? given : newToolId(`${this.#answer}/${name}`, this.#made++);
    this.#open.push({ id, name });
    return id;
  }

  /** The id of the call that a result is of: its own, else that of the first call of that name which still waits. */
  answeredBy(name: string, given: unknown): string {
    const waits = this.#open.findIndex((call) =>
      isText(given) && given !== "" ? call.id === given : call.name === name,
    );
    const [call] = waits < 0 ? [] : this.#open.splice(waits, 1);
    if (isText(given) && given !== "") return given;
    return call?.id ?? newToolId(`${this.#answer}/${name}`, this.#made++);
  }
}

/** A part with `functionCall` as a neutral call. */
export function decodeCall(call: Fields, rest: Fields, ids: CallIds): FunctionCall {
  const { name, args, id, ...members } = call;
  const { thoughtSignature, ...own } = rest;
  if (!isText(name)) throw badRequest("contents: functionCall needs a name", "contents");
  if (args !== undefined && args !== null && !isFields(args)) {
    throw badRequest("contents: functionCall.args must be an object", "contents");
  }
  if (id === undefined) own["withoutId"] = true;
  if (args === undefined) own["withoutArgs"] = true;
  for (const _ in members) own["functionCall"] = members;
  return {
    id: ids.of(name, id),
    type: "function",
    function: { name, arguments: JSON.stringify(args ?? {}) },
    ...(isText(thoughtSignature) && {
      extra_content: { google: { thought_signature: thoughtSignature } },
    }),
    ...asOwn(own),
  };
}

/** The part of a neutral call. */
export function encodeCall(call: ToolCall): Part {
  const { withoutId, withoutArgs, functionCall, ...own } = ownOf(call) ?? {};
  const name = call.type === "custom" ? call.custom.name : call.function.name;
  const args = call.type === "custom" ? { input: call.custom.input } : argumentsOf(call.function.arguments);
  const signature = call.type === "function" ? call.extra_content?.google?.thought_signature : undefined;
  return {
    functionCall: {
      ...(!withoutId && call.id && { id: call.id }),
      name,
      ...(!withoutArgs && { args }),
      ...(functionCall as Fields | undefined),
    },
    ...(signature && { thoughtSignature: signature }),
    ...own,
  };
}

/** Arguments as an object: what is none is put into one. */
export function argumentsOf(text: string): Fields {
  if (text.trim() === "") return {};
  return parseFields(text) ?? { input: text };
}
