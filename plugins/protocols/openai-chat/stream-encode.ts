import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import type {
  AnswerContext,
  ChatChunk,
  ChatDelta,
  ChatRequest,
  ChatUsage,
  ChunkChoice,
  Fields,
  GatewayError,
  StreamEncoder,
} from "../../../core/index.ts";
import { writeAnnotations } from "./answer-encode.ts";
import { renderError } from "./errors.ts";
import { writeFinish } from "./finish.ts";
import { wantsFunctionCall } from "./functions.ts";
import { writeUsage } from "./usage.ts";

type SDKChoice = ChatCompletionChunk.Choice;

/** Writes chat.completion.chunk events, and the usage in one of its own before the end where it was asked for. */
export class ChunkEncoder implements StreamEncoder<ChatChunk> {
  readonly #context: AnswerContext<ChatRequest>;
  readonly #wantsUsage: boolean;
  readonly #legacy: boolean;
  readonly #begun = new Set<number>();
  /** What every event begins with, up to its choices. */
  #head = "";
  #usage: ChatUsage | undefined;

  constructor(context: AnswerContext<ChatRequest>) {
    this.#context = context;
    this.#wantsUsage = context.request.stream_options?.include_usage === true;
    this.#legacy = wantsFunctionCall(context.request);
  }

  chunk(chunk: ChatChunk): string {
    if (chunk.usage) this.#usage = chunk.usage;
    if (this.#head === "") this.#head = this.#begin(chunk);
    const choices: SDKChoice[] = [];
    for (const choice of chunk.choices) {
      const written = this.#choice(choice);
      if (written) choices.push(written);
    }
    if (choices.length === 0) return "";
    return this.#event(choices, this.#wantsUsage ? ',"usage":null' : "");
  }

  #begin(chunk: ChatChunk): string {
    const { id, object, created, model, service_tier, system_fingerprint } = chunk;
    const head = {
      id: id || `chatcmpl-${this.#context.id}`,
      object,
      created,
      model: this.#context.model || model,
    };
    const text = JSON.stringify({ ...head, service_tier, system_fingerprint });
    return `data: ${text.slice(0, -1)},"choices":`;
  }

  #event(choices: readonly SDKChoice[], rest: string): string {
    return `${this.#head}${JSON.stringify(choices)}${rest}}\n\n`;
  }

  #choice({ index, delta, finish_reason, logprobs }: ChunkChoice): SDKChoice | undefined {
    const isFirst = !this.#begun.has(index);
    if (isFirst) this.#begun.add(index);
    const isCall = this.#legacy && finish_reason === "tool_calls";
    const choice: SDKChoice = {
      index,
      delta: this.#delta(delta, isFirst),
      finish_reason: isCall ? "function_call" : finish_reason ? writeFinish(finish_reason) : null,
    };
    if (logprobs) choice.logprobs = logprobs as NonNullable<SDKChoice["logprobs"]>;
    if (choice.finish_reason === null && !logprobs && isEmpty(choice.delta)) return undefined;
    return choice;
  }

  #delta(delta: ChatDelta, isFirst: boolean): SDKChoice["delta"] {
    const { parts, annotations, tool_calls } = delta;
    let written = delta as Fields;
    if (parts) written = without(written, "parts");
    if (annotations) written = { ...written, annotations: writeAnnotations(annotations) };
    if (tool_calls) written = this.#withCalls(written, tool_calls);
    // A client takes the first for the beginning of a message.
    if (isFirst && delta.role === undefined) written = { role: "assistant", ...written };
    return written;
  }

  #withCalls(delta: Fields, calls: NonNullable<ChatDelta["tool_calls"]>): Fields {
    if (this.#legacy) {
      const call = calls.find(({ index }) => index === 0);
      return { ...without(delta, "tool_calls"), ...(call?.function && { function_call: call.function }) };
    }
    if (!calls.some((call) => "extensions" in call || "cache_control" in call)) return delta;
    const bare = calls.map((call) => without(without({ ...call }, "extensions"), "cache_control"));
    return { ...delta, tool_calls: bare };
  }

  end(): string {
    if (!this.#wantsUsage || !this.#usage || this.#head === "") return "data: [DONE]\n\n";
    return `${this.#event([], `,"usage":${JSON.stringify(writeUsage(this.#usage))}`)}data: [DONE]\n\n`;
  }

  error(error: GatewayError): string {
    return `data: ${renderError(error)}\n\n`;
  }
}

function without(fields: Fields, name: string): Fields {
  if (!(name in fields)) return fields;
  const { [name]: _, ...rest } = fields;
  return rest;
}

function isEmpty(delta: object): boolean {
  for (const _ in delta) return false;
  return true;
}
