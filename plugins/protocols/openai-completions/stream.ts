import type { CompletionChoice } from "openai/resources/completions";
import { badAnswer, GatewayError, isFields, parseFields } from "../../../core/index.ts";
import type {
  AnswerContext,
  ChatChunk,
  ChatRequest,
  ChatUsage,
  ChunkChoice,
  Fields,
  StreamDecoder,
  StreamEncoder,
  StreamEvent,
} from "../../../core/index.ts";
import { readChatUsage, readFinish, readHead, writeFinish, writeUsage } from "./answer.ts";
import { readError, renderError } from "./errors.ts";
import { readLogprobs, writeLogprobs } from "./logprobs.ts";

/** Reads text_completion events. The stream is whole once `[DONE]` came, or every choice has its finish reason. */
export class CompletionDecoder implements StreamDecoder<ChatChunk> {
  readonly #context: AnswerContext<ChatRequest>;
  /** Whether the choice of an index is finished. */
  readonly #choices = new Map<number, boolean>();
  #done = false;

  constructor(context: AnswerContext<ChatRequest>) {
    this.#context = context;
  }

  event({ data }: StreamEvent): ChatChunk[] {
    if (data === "[DONE]") {
      this.#done = true;
      return [];
    }
    if (data === "") return [];
    const body = parseFields(data);
    if (!body) throw badAnswer("an event of its stream is no JSON object");
    const failure = body["error"] ? readError(body, 200) : undefined;
    if (failure) {
      const { message, status = 502, code = "upstream_error" } = failure;
      throw new GatewayError(message, { status, code, retryable: true });
    }
    const choices = Array.isArray(body["choices"]) ? body["choices"].filter(isFields) : [];
    const usage = readChatUsage(body["usage"]);
    if (choices.length === 0 && !usage) return [];
    const head = { ...readHead(body, this.#context), object: "chat.completion.chunk" as const };
    return [{ ...head, choices: choices.map((choice) => this.#choice(choice)), ...(usage && { usage }) }];
  }

  #choice({ index: given, text, finish_reason, logprobs: told }: Fields): ChunkChoice {
    const index = typeof given === "number" ? given : 0;
    const isFirst = !this.#choices.has(index);
    const ends = typeof finish_reason === "string" && finish_reason !== "";
    this.#choices.set(index, ends || this.#choices.get(index) === true);
    const logprobs = readLogprobs(told);
    return {
      index,
      delta: { ...(isFirst && { role: "assistant" }), ...(typeof text === "string" && { content: text }) },
      ...(ends ? readFinish(finish_reason) : { finish_reason: null }),
      ...(logprobs && { logprobs }),
    };
  }

  end(): { chunks: ChatChunk[]; complete: boolean } {
    const ended = [...this.#choices.values()];
    return { chunks: [], complete: this.#done || (ended.length > 0 && ended.every(Boolean)) };
  }
}

/** Writes text_completion events, and the usage in one of its own before the end where it was asked for. */
export class CompletionEncoder implements StreamEncoder<ChatChunk> {
  readonly #context: AnswerContext<ChatRequest>;
  /** How much text each choice has had: where its next tokens begin. */
  readonly #offsets = new Map<number, number>();
  #head = "";
  #usage: ChatUsage | undefined;

  constructor(context: AnswerContext<ChatRequest>) {
    this.#context = context;
  }

  chunk(chunk: ChatChunk): string {
    if (chunk.usage) this.#usage = chunk.usage;
    if (this.#head === "") this.#head = this.#begin(chunk);
    const choices = chunk.choices.flatMap((choice) => this.#choice(choice));
    return choices.length > 0 ? this.#event(choices, "") : "";
  }

  #begin({ id, created, model }: ChatChunk): string {
    const head = { id: id || `cmpl-${this.#context.id}`, object: "text_completion", created };
    return `data: ${JSON.stringify({ ...head, model: this.#context.model || model }).slice(0, -1)},"choices":`;
  }

  #event(choices: readonly object[], rest: string): string {
    return `${this.#head}${JSON.stringify(choices)}${rest}}\n\n`;
  }

  #choice({ index, delta, finish_reason, logprobs }: ChunkChoice): object[] {
    const text = delta.content ?? "";
    if (text === "" && !finish_reason) return [];
    const offset = this.#offsets.get(index) ?? 0;
    this.#offsets.set(index, offset + text.length);
    const choice: Omit<CompletionChoice, "finish_reason"> = {
      text,
      index,
      logprobs: writeLogprobs(logprobs, offset),
    };
    return [{ ...choice, finish_reason: finish_reason ? writeFinish(finish_reason) : null }];
  }

  end(): string {
    const asked = this.#context.request.stream_options?.include_usage === true;
    if (!asked || !this.#usage || this.#head === "") return "data: [DONE]\n\n";
    return `${this.#event([], `,"usage":${JSON.stringify(writeUsage(this.#usage))}`)}data: [DONE]\n\n`;
  }

  error(error: GatewayError): string {
    return `data: ${renderError(error)}\n\n`;
  }
}
