import { badAnswer, GatewayError, isFields, newToolId, parseFields } from "../../../core/index.ts";
import { createdOf, decodeExtensions, decodeFinish, decodeUsage } from "./answer.ts";
import { decodeImages } from "./images.ts";
import { decodeCall } from "./messages-decode.ts";
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

export function decodeStream(context: AnswerContext<ChatRequest>): StreamDecoder<ChatChunk> {
  return new Decoder(context);
}

/** Reads the lines of `/api/chat`. Text adds up, calls come whole; the line with `"done": true` is the last. */
class Decoder implements StreamDecoder<ChatChunk> {
  readonly #context: AnswerContext<ChatRequest>;
  #base: Omit<ChatChunk, "choices"> | undefined;
  #calls = 0;
  #isDone = false;

  constructor(context: AnswerContext<ChatRequest>) {
    this.#context = context;
  }

  event({ data }: StreamEvent): ChatChunk[] {
    const line = parseFields(data);
    if (!line) throw badAnswer("a line of its stream is no JSON object");
    const { error, message } = line;
    if (typeof error === "string")
      throw new GatewayError(error, { status: 502, code: "upstream_error", retryable: true });
    const isFirst = this.#base === undefined;
    const base = (this.#base ??= this.#begin(line));
    const delta = isFields(message) ? this.#delta(message) : {};
    if (isFirst) delta.role = "assistant";
    const { logprobs } = line;
    const told = Array.isArray(logprobs) && logprobs.length > 0 ? { logprobs: { content: logprobs } } : {};
    const chunks: ChatChunk[] = [];
    if (Object.keys(delta).length > 0 || "logprobs" in told) {
      chunks.push({ ...base, choices: [{ index: 0, delta, finish_reason: null, ...told }] });
    }
    if (line["done"] === true) chunks.push(...this.#finish(base, line));
    return chunks;
  }

  end(): { chunks: ChatChunk[]; complete: boolean } {
    return { chunks: [], complete: this.#isDone };
  }

  #begin({ created_at }: Fields): Omit<ChatChunk, "choices"> {
    const { id, model, created } = this.#context;
    return { id, object: "chat.completion.chunk", created: createdOf(created_at, created), model };
  }

  #delta({ content, thinking, tool_calls, images }: Fields): ChatDelta {
    const delta: ChatDelta = {};
    if (typeof thinking === "string" && thinking !== "") delta.reasoning_content = thinking;
    if (typeof content === "string" && content !== "") delta.content = content;
    if (Array.isArray(tool_calls) && tool_calls.length > 0) {
      delta.tool_calls = tool_calls.filter(isFields).map((call) => this.#call(call));
    }
    if (Array.isArray(images) && images.length > 0) delta.images = decodeImages(images);
    return delta;
  }

  #call(call: Fields): ToolCallDelta {
    const index = this.#calls++;
    const decoded = decodeCall(call, () => newToolId(this.#context.id, index));
    return { index, ...decoded } as ToolCallDelta;
  }

  #finish(base: Omit<ChatChunk, "choices">, line: Fields): ChatChunk[] {
    this.#isDone = true;
    const choice = { index: 0, delta: {}, ...decodeFinish(line["done_reason"], this.#calls > 0) };
    const finished: ChatChunk = { ...base, choices: [choice] };
    const usage = decodeUsage(line);
    const extensions = decodeExtensions(line);
    if (!usage) return [{ ...finished, ...extensions }];
    return [finished, { ...base, choices: [], usage, ...extensions }];
  }
}
