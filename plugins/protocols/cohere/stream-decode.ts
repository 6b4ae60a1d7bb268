import { badAnswer, GatewayError, isFields, newToolId, parseFields } from "../../../core/index.ts";
import { decodeCitations } from "./citations.ts";
import { decodeFinish, decodeLogprobs, failureOf } from "./finish.ts";
import { decodeUsage } from "./usage.ts";
import type {
  AnswerContext,
  ChatChunk,
  ChatDelta,
  ChatRequest,
  Fields,
  StreamDecoder,
  StreamEvent,
  ToolCallDelta,
} from "../../../core/index.ts";
import type { ChatEvent } from "./wire.ts";

export function decodeStream(context: AnswerContext<ChatRequest>): StreamDecoder<ChatChunk> {
  return new Decoder(context);
}

/** The text that a member should be; `""` for anything else. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A call that has begun: where it stands among the answer's calls, and whether it has arguments yet. */
interface OpenCall {
  index: number;
  hasArguments: boolean;
}

/** Reads the events of `/v2/chat`. `message-end` is the end mark; a `[DONE]` says nothing. */
class Decoder implements StreamDecoder<ChatChunk> {
  readonly #base: Omit<ChatChunk, "choices">;
  /** By the index that the upstream gives them. */
  readonly #calls = new Map<number, OpenCall>();
  #begun = 0;
  #isDone = false;

  constructor({ id, created, model }: AnswerContext<ChatRequest>) {
    this.#base = { id, object: "chat.completion.chunk", created, model };
  }

  event({ data }: StreamEvent): ChatChunk[] {
    if (data === "[DONE]") return [];
    const fields = parseFields(data);
    if (!fields) throw badAnswer("an event of its stream is no JSON object");
    if (typeof fields["type"] !== "string") {
      if (typeof fields["message"] !== "string") return [];
      throw new GatewayError(fields["message"], { status: 502, code: "upstream_error", retryable: true });
    }
    return this.#read(fields as unknown as ChatEvent);
  }

  end(): { chunks: ChatChunk[]; complete: boolean } {
    return { chunks: [], complete: this.#isDone };
  }

  #read(event: ChatEvent): ChatChunk[] {
    switch (event.type) {
      case "message-start":
        if (typeof event.id === "string") this.#base.id = event.id;
        return this.#delta({ role: "assistant" });
      case "content-start":
        return this.#content(event.delta?.message?.content);
      case "content-delta":
        return this.#content(event.delta?.message?.content, event.logprobs);
      case "tool-plan-delta":
        return this.#content({ text: event.delta?.message?.tool_plan });
      case "tool-call-start":
        return this.#startCall(event.index ?? this.#begun, event.delta?.message?.tool_calls);
      case "tool-call-delta":
        return this.#callDelta(event.index ?? 0, event.delta?.message?.tool_calls?.function?.arguments);
      case "tool-call-end":
        return this.#endCall(event.index ?? 0);
      case "citation-start":
        return this.#delta({ annotations: decodeCitations(event.delta?.message?.citations) });
      case "message-end":
        return this.#finish(event.delta);
      default:
        return [];
    }
  }

  #delta(delta: ChatDelta, logprobs?: unknown): ChatChunk[] {
    const choice = { index: 0, delta, finish_reason: null, ...(logprobs !== undefined && { logprobs }) };
    return [{ ...this.#base, choices: [choice] }];
  }

  #content(content: { text?: unknown; thinking?: unknown } | undefined, logprobs?: unknown): ChatChunk[] {
    const text = textOf(content?.text);
    const thinking = textOf(content?.thinking);
    const read = logprobs ? decodeLogprobs(logprobs) : undefined;
    if (thinking) return this.#delta({ reasoning_content: thinking }, read);
    return text || read ? this.#delta(text ? { content: text } : {}, read) : [];
  }

  #startCall(
    index: number,
    call?: { id?: unknown; function?: { name?: unknown; arguments?: unknown } },
  ): ChatChunk[] {
    const name = textOf(call?.function?.name);
    const input = textOf(call?.function?.arguments);
    const open: OpenCall = { index: this.#begun++, hasArguments: input !== "" };
    this.#calls.set(index, open);
    const id = textOf(call?.id) || newToolId(this.#base.id, open.index);
    return this.#call({
      index: open.index,
      id,
      type: "function",
      function: { name, arguments: input },
    });
  }

  #callDelta(index: number, given: unknown): ChatChunk[] {
    const open = this.#calls.get(index);
    const input = textOf(given);
    if (!open || !input) return [];
    open.hasArguments = true;
    return this.#call({ index: open.index, function: { arguments: input } });
  }

  #endCall(index: number): ChatChunk[] {
    const open = this.#calls.get(index);
    if (!open || open.hasArguments) return [];
    open.hasArguments = true;
    return this.#call({ index: open.index, function: { arguments: "{}" } });
  }

  #call(call: ToolCallDelta): ChatChunk[] {
    return this.#delta({ tool_calls: [call] });
  }

  #finish(delta: unknown): ChatChunk[] {
    const { finish_reason, error, usage } = (isFields(delta) ? delta : {}) as Fields;
    const failure = failureOf(finish_reason, error);
    if (failure !== undefined)
      throw new GatewayError(failure, { status: 502, code: "upstream_error", retryable: true });
    this.#isDone = true;
    const finished: ChatChunk = {
      ...this.#base,
      choices: [{ index: 0, delta: {}, ...decodeFinish(finish_reason) }],
    };
    const tokens = decodeUsage(usage);
    return tokens ? [finished, { ...this.#base, choices: [], usage: tokens }] : [finished];
  }
}
