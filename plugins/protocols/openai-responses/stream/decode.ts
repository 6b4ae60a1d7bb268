import { badAnswer, isFields, parseFields } from "../../../../core/index.ts";
import type {
  AnswerContext,
  ChatChunk,
  ChatDelta,
  ChatRequest,
  ChunkChoice,
  Fields,
  StreamDecoder,
  StreamEvent,
} from "../../../../core/index.ts";
import { readAnnotation } from "../annotations.ts";
import { imageOf } from "../answer-decode.ts";
import { asIs } from "../content.ts";
import { streamFailure } from "../errors.ts";
import { decodeEnding } from "../finish.ts";
import { ours } from "../own.ts";
import { decodeUsage } from "../usage.ts";
import { CallReader } from "./call-reader.ts";
import { ReasoningReader, textOf } from "./reasoning-reader.ts";

/** Reads the events of an upstream's stream. Unknown ones are passed over. */
export function decodeStream(context: AnswerContext<ChatRequest>): StreamDecoder<ChatChunk> {
  return new EventDecoder(context);
}

class EventDecoder implements StreamDecoder<ChatChunk> {
  readonly #head: Pick<ChatChunk, "id" | "object" | "created" | "model">;
  readonly #calls = new CallReader();
  readonly #reasoning = new ReasoningReader();
  /** Parts of messages of which a piece came. */
  readonly #seen = new Set<string>();
  /** Parts of which a piece came with its probabilities. */
  readonly #likely = new Set<string>();
  #latest: Fields = { output_index: null };
  #began = false;
  #cited = false;
  #complete = false;

  constructor({ id, created, model }: AnswerContext<ChatRequest>) {
    this.#head = { id, object: "chat.completion.chunk", created, model };
  }

  event({ data }: StreamEvent): ChatChunk[] {
    if (data === "[DONE]") return [];
    const event = parseFields(data);
    if (!event) throw badAnswer("an event of its stream is no JSON object");
    const type = textOf(event["type"]);
    if (type === "error" || type === "response.failed" || isFields(event["error"]))
      throw streamFailure(event);
    if (type === "response.completed" || type === "response.incomplete") return this.#end(event["response"]);
    if (type === "response.created" || type === "response.in_progress") return this.#begin(event["response"]);
    const delta = this.#read(type, event);
    const logprobs = type.startsWith("response.output_text.") ? this.#logprobs(event) : undefined;
    if (!delta && !logprobs) return [];
    const choice: ChunkChoice = { index: 0, delta: delta ?? {}, finish_reason: null };
    return [this.#chunk(logprobs ? { ...choice, logprobs: { content: logprobs } } : choice)];
  }

  /** A piece's probabilities; those of a whole text only where no piece had any. */
  #logprobs(event: Fields): unknown[] | undefined {
    const { type, logprobs } = event;
    if (!Array.isArray(logprobs) || logprobs.length === 0) return undefined;
    if (type === "response.output_text.done" && this.#likely.has(partKey(event))) return undefined;
    this.#likely.add(partKey(event));
    return logprobs;
  }

  end(): { chunks: ChatChunk[]; complete: boolean } {
    return { chunks: [], complete: this.#complete };
  }

  #chunk(choice: ChunkChoice): ChatChunk {
    if (!this.#began) {
      this.#began = true;
      choice.delta = { role: "assistant", ...choice.delta };
    }
    return { ...this.#head, choices: [choice] };
  }

  /** The stream's first event says whose it is; the next one says it again. */
  #begin(response: unknown): ChatChunk[] {
    if (this.#began || !isFields(response)) return [];
    const { id, created_at, model } = response;
    if (typeof id === "string") this.#head.id = id;
    if (typeof created_at === "number") this.#head.created = created_at;
    if (typeof model === "string") this.#head.model = model;
    return [this.#chunk({ index: 0, delta: {}, finish_reason: null })];
  }

  /** The last event holds the response whole; what came in pieces is not looked at again. */
  #end(value: unknown): ChatChunk[] {
    if (this.#complete) return [];
    this.#complete = true;
    const response = isFields(value) ? value : {};
    const { id: _id, object: _object, created_at: _at, model: _model, output: _output, ...more } = response;
    const {
      status: _status,
      usage: told,
      service_tier,
      error: _error,
      incomplete_details: _why,
      ...kept
    } = more;
    const ending = decodeEnding(response, this.#calls.count > 0);
    const chunk = this.#chunk({ index: 0, delta: {}, ...ending });
    chunk.extensions = { [ours]: kept };
    if (typeof service_tier === "string") chunk.service_tier = service_tier;
    const usage = decodeUsage(told);
    return usage ? [chunk, { ...this.#head, choices: [], usage }] : [chunk];
  }

  /** What an event adds. Source: the official SDK's `ResponseStreamEvent`. */
  #read(type: string, event: Fields): ChatDelta | undefined {
    switch (type) {
      case "response.output_text.delta":
        return this.#piece(event, { content: textOf(event["delta"]) });
      case "response.refusal.delta":
        return this.#piece(event, { refusal: textOf(event["delta"]) });
      // Some servers give a part only whole.
      case "response.output_text.done":
        return this.#seen.has(partKey(event))
          ? undefined
          : this.#piece(event, { content: textOf(event["text"]) });
      case "response.refusal.done":
        return this.#seen.has(partKey(event))
          ? undefined
          : this.#piece(event, { refusal: textOf(event["refusal"]) });
      case "response.output_text.annotation.added":
        this.#cited = true;
        return { annotations: [readAnnotation(event["annotation"])] };
      case "response.reasoning_summary_text.delta":
        return this.#reasoning.summed(event);
      case "response.reasoning_text.delta":
        return this.#reasoning.reasoned(event);
      case "response.function_call_arguments.delta":
      case "response.custom_tool_call_input.delta":
        return this.#calls.delta(event);
      case "response.function_call_arguments.done":
      case "response.custom_tool_call_input.done":
        return this.#calls.inputDone(event);
      case "response.output_item.added":
        return this.#itemAdded(event);
      case "response.output_item.done":
        return this.#itemDone(event);
      default:
        return undefined;
    }
  }

  #piece(event: Fields, delta: { content: string } | { refusal: string }): ChatDelta | undefined {
    if (("content" in delta ? delta.content : delta.refusal) === "") return undefined;
    const { output_index, content_index } = event;
    // Nearly always it is the part of the piece before.
    if (output_index !== this.#latest.output_index || content_index !== this.#latest.content_index) {
      this.#latest = { output_index, content_index };
      this.#seen.add(partKey(event));
    }
    return delta;
  }

  #itemAdded({ item, output_index }: Fields): ChatDelta | undefined {
    if (!isFields(item)) return undefined;
    const isCall = item["type"] === "function_call" || item["type"] === "custom_tool_call";
    return isCall ? this.#calls.added({ item, output_index }) : undefined;
  }

  #itemDone({ item, output_index }: Fields): ChatDelta | undefined {
    if (!isFields(item)) return undefined;
    switch (item["type"]) {
      case "message":
        return this.#messageDone(item, output_index);
      case "reasoning":
        return this.#reasoning.done(item);
      case "function_call":
      case "custom_tool_call":
        return this.#calls.done(item, output_index);
      default: {
        const image = imageOf(item);
        return { parts: [asIs(item)], ...(image && { images: [image] }) };
      }
    }
  }

  /** What of a message came only with its end: texts, refusals, citations. */
  #messageDone({ content }: Fields, output_index: unknown): ChatDelta | undefined {
    const parts = Array.isArray(content) ? content.filter(isFields) : [];
    const annotations = this.#cited
      ? []
      : parts.flatMap(({ annotations }) => (Array.isArray(annotations) ? annotations : []));
    const late = parts.filter(
      (_, content_index) => !this.#seen.has(partKey({ output_index, content_index })),
    );
    const text = late.map((part) => textOf(part["text"])).join("");
    const refusal = late.map((part) => textOf(part["refusal"])).join("");
    const delta: ChatDelta = {
      ...(text && { content: text }),
      ...(refusal && { refusal }),
      ...(annotations.length > 0 && { annotations: annotations.map(readAnnotation) }),
    };
    return Object.keys(delta).length > 0 ? delta : undefined;
  }
}

function partKey({ output_index, content_index }: Fields): string {
  return `${String(output_index)} ${String(content_index)}`;
}
