import { badAnswer, isFields, parseFields } from "../../../core/index.ts";
import type {
  AnswerContext,
  ChatChunk,
  ChatRequest,
  ChatUsage,
  ChunkChoice,
  Fields,
  StreamDecoder,
  StreamEvent,
} from "../../../core/index.ts";
import { readHead } from "./answer-decode.ts";
import { ChoiceReader } from "./choice-reader.ts";
import { readError, toGatewayError } from "./errors.ts";
import { readChatUsage, usageOfChunk } from "./usage.ts";

/**
 * Reads chat.completion.chunk events. The stream is whole once `[DONE]` came, or every choice has its finish reason:
 * some vendors send no `[DONE]`.
 */
export class ChunkDecoder implements StreamDecoder<ChatChunk> {
  readonly #context: AnswerContext<ChatRequest>;
  readonly #choices = new Map<number, ChoiceReader>();
  #head: ChatChunk | undefined;
  /** Usage that came beside choices: it may be told again, and better, until the end. */
  #usage: ChatUsage | undefined;
  #done = false;

  constructor(context: AnswerContext<ChatRequest>) {
    this.#context = context;
  }

  event({ event, data }: StreamEvent): ChatChunk[] {
    if (data === "[DONE]") {
      this.#done = true;
      return this.#rest();
    }
    if (data === "") return [];
    const body = parseFields(data);
    if (!body) throw badAnswer("an event of its stream is no JSON object");
    if (body["error"] || event === "error" || !("choices" in body)) throwFailure(body, event);
    return this.#chunk(body);
  }

  #chunk(body: Fields): ChatChunk[] {
    const { choices } = body;
    const read = Array.isArray(choices) ? choices.flatMap((choice) => this.#choice(choice)) : [];
    const usage = readChatUsage(usageOfChunk(body));
    const isBare = !Array.isArray(choices) || choices.length === 0;
    if (usage) this.#usage = isBare ? undefined : usage;
    if (read.length === 0 && !(usage && isBare)) return [];
    // Not from an event that says nothing: Azure's first has no id and no model.
    const head = (this.#head ??= {
      ...readHead(body, this.#context),
      object: "chat.completion.chunk",
      choices: [],
    });
    const chunk: ChatChunk = {
      id: head.id,
      object: head.object,
      created: head.created,
      model: head.model,
      choices: read,
    };
    if (usage && isBare) chunk.usage = usage;
    if (typeof body["service_tier"] === "string") chunk.service_tier = body["service_tier"];
    if (typeof body["system_fingerprint"] === "string") chunk.system_fingerprint = body["system_fingerprint"];
    return [chunk];
  }

  #choice(choice: unknown): ChunkChoice[] {
    if (!isFields(choice)) return [];
    const { index: given } = choice;
    const index = Number.isSafeInteger(given) && Number(given) >= 0 ? Number(given) : 0;
    let reader = this.#choices.get(index);
    if (!reader) this.#choices.set(index, (reader = new ChoiceReader(index, `${this.#context.id}/${index}`)));
    return reader.read(choice);
  }

  /** What was held back: ends of choices that were not told, and usage. */
  #rest(): ChatChunk[] {
    const head = this.#head;
    if (!head) return [];
    const chunks: ChatChunk[] = [];
    const ends = [...this.#choices.values()].flatMap((reader) => reader.end());
    if (ends.length > 0) chunks.push({ ...head, choices: ends });
    if (this.#usage) chunks.push({ ...head, usage: this.#usage });
    this.#usage = undefined;
    return chunks;
  }

  end(): { chunks: ChatChunk[]; complete: boolean } {
    if (this.#done) return { chunks: [], complete: true };
    const readers = [...this.#choices.values()];
    const complete = readers.length > 0 && readers.every((reader) => reader.finished);
    return { chunks: complete ? this.#rest() : [], complete };
  }
}

/** Throws where an event tells of an error; others without choices are none of ours. */
function throwFailure(body: Fields, event: string | undefined): void {
  const failure = readError(body, event === "error" ? 500 : 200);
  if (failure) throw toGatewayError(failure);
  if (event === "error") throw badAnswer("its stream tells of an error");
}
