import { badAnswer, newToolId } from "../../../core/index.ts";
import { dateOf, encodeEnd, encodeLogprobs } from "./answer.ts";
import { isGenerate, ownOf } from "./fields.ts";
import { encodeImage } from "./images.ts";
import { argumentsOf } from "./messages-encode.ts";
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
  ToolCallDelta,
} from "../../../core/index.ts";
import type { ChatAnswerBody, GenerateAnswerBody, MessageBody, ToolCallBody } from "./wire.ts";

export function encodeStream(context: AnswerContext<ChatRequest>): StreamEncoder<ChatChunk> {
  return new Encoder(context);
}

/** The arguments of a stream's calls, in characters, that may wait to become whole. */
const argumentsLimit = 8 * 1024 * 1024;

interface OpenCall {
  id: string;
  name: string;
  input: string;
}

/**
 * Writes the lines of `/api/chat` or `/api/generate`. Text goes as it comes; calls have no form for pieces of their
 * arguments here, so they wait to be whole. There is room for one choice.
 */
class Encoder implements StreamEncoder<ChatChunk> {
  readonly contentType = "application/x-ndjson";
  readonly #model: string;
  readonly #answerId: string;
  readonly #generates: boolean;
  readonly #date: string;
  readonly #calls = new Map<number, OpenCall>();
  #written = 0;
  #waiting = 0;
  #finish: ChunkChoice | undefined;
  #usage: ChatUsage | undefined;
  #extensions: Fields = {};

  constructor({ model, id, created, endpoint }: AnswerContext<ChatRequest>) {
    this.#model = model;
    this.#answerId = id;
    this.#generates = isGenerate(endpoint);
    this.#date = dateOf(created);
  }

  chunk(chunk: ChatChunk): string {
    if (chunk.usage) this.#usage = chunk.usage;
    if (chunk.extensions) this.#extensions = ownOf(chunk) ?? {};
    let text = "";
    for (const choice of chunk.choices) if (choice.index === 0) text += this.#choice(choice);
    return text;
  }

  end(): string {
    const end = { ...encodeEnd(this.#finish ?? {}, this.#usage), ...this.#extensions };
    return this.#flush() + this.#line({ role: "assistant", content: "" }, end);
  }

  error({ message }: GatewayError): string {
    return `${JSON.stringify({ error: message })}\n`;
  }

  #choice(choice: ChunkChoice): string {
    const { delta } = choice;
    if (choice.finish_reason) this.#finish = { ...this.#finish, ...choice };
    for (const call of delta.tool_calls ?? []) this.#collect(call);
    const message = messageOf(delta);
    const logprobs = encodeLogprobs(choice.logprobs);
    const flushed = choice.finish_reason ? this.#flush() : "";
    if (!message && !logprobs) return flushed;
    const line = message ?? { role: "assistant", content: "" };
    return this.#line(line, { done: false, ...(logprobs && { logprobs }) }) + flushed;
  }

  #line(message: MessageBody, more: Partial<ChatAnswerBody>): string {
    const around = { model: this.#model, created_at: this.#date };
    if (!this.#generates) {
      const line: ChatAnswerBody = { ...around, message, ...more };
      return `${JSON.stringify(line)}\n`;
    }
    const { content: response, thinking } = message;
    const line: GenerateAnswerBody = {
      ...around,
      response,
      ...(thinking !== undefined && { thinking }),
      ...more,
    };
    return `${JSON.stringify(line)}\n`;
  }

  #collect({ index, id, function: given, custom }: ToolCallDelta): void {
    const input = given?.arguments ?? custom?.input ?? "";
    this.#waiting += input.length;
    if (this.#waiting > argumentsLimit) throw badAnswer("the arguments of its calls are too long");
    const call = this.#calls.get(index) ?? { id: "", name: "", input: "" };
    if (id) call.id = id;
    call.name ||= given?.name ?? custom?.name ?? "";
    call.input += input;
    this.#calls.set(index, call);
  }

  /** Writes the calls that are whole now. */
  #flush(): string {
    if (this.#calls.size === 0 || this.#generates) return "";
    const calls = [...this.#calls.values()].map(({ id, name, input }): ToolCallBody => {
      const made = newToolId(this.#answerId, this.#written++);
      return { ...(id && id !== made && { id }), function: { name, arguments: argumentsOf(input) } };
    });
    this.#calls.clear();
    this.#waiting = 0;
    return this.#line({ role: "assistant", content: "", tool_calls: calls }, { done: false });
  }
}

/** Undefined for a delta with nothing to show yet. */
function messageOf({ content, refusal, reasoning_content, images }: ChatDelta): MessageBody | undefined {
  const text = content || refusal || "";
  const bytes = images?.flatMap((image) => encodeImage(image) ?? []) ?? [];
  if (!text && !reasoning_content && bytes.length === 0) return undefined;
  return {
    role: "assistant",
    content: text,
    ...(reasoning_content && { thinking: reasoning_content }),
    ...(bytes.length > 0 && { images: bytes }),
  };
}
