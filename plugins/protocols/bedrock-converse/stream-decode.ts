import { badAnswer, isFields, parseFields } from "../../../core/index.ts";
import type {
  AnswerContext,
  ChatChunk,
  ChatDelta,
  ChatRequest,
  ChunkChoice,
  Fields,
  StreamDecoder,
  StreamEvent,
} from "../../../core/index.ts";
import { stopSequenceIn, tierIn } from "./answer.ts";
import { annotationOf } from "./citations.ts";
import { streamFailure } from "./errors.ts";
import { finishReason, usageOf } from "./finish.ts";
import { asOwn, ownPart } from "./own.ts";
import { formatOf } from "./reasoning.ts";
import { answerToolName } from "./schema.ts";
import { KeptBlock } from "./stream-kept.ts";

/** How much text waits for the tool that stands for the answer, characters. */
const heldLimit = 1024 * 1024;

/** One content block under way. */
type Open =
  | { kind: "text" }
  | { kind: "reasoning"; index: number }
  | { kind: "call"; index: number; empty: boolean }
  | { kind: "answer"; empty: boolean }
  | { kind: "kept"; block: KeptBlock };

/** Reads ConverseStream's events. */
export class ConverseDecoder implements StreamDecoder<ChatChunk> {
  readonly #context: AnswerContext<ChatRequest>;
  readonly #format: string;
  /** The tool whose input is the answer, where a schema asked for it. */
  readonly #answerTool: string | undefined;
  readonly #open = new Map<number, Open>();
  #reasonings = 0;
  #calls = 0;
  #answered = false;
  #textLength = 0;
  /** Where the text of the block under way begins. */
  #blockStart = 0;
  /** Text of an answer that may yet come by its tool: then it is none of it. */
  #held = "";
  #stopped = false;
  #ownFields: Fields = {};

  constructor(context: AnswerContext<ChatRequest>) {
    this.#context = context;
    this.#format = formatOf(context.model);
    this.#answerTool = answerToolName(context.request, context.model);
  }

  event(event: StreamEvent): ChatChunk[] {
    const failure = streamFailure(event);
    if (failure) throw failure;
    const read = this.#reader(event.event);
    if (!read) return [];
    const data = parseFields(event.data);
    if (!data) throw badAnswer("an event of its stream is no JSON object");
    return read(data);
  }

  end(): { chunks: ChatChunk[]; complete: boolean } {
    return { chunks: [], complete: this.#stopped };
  }

  #reader(event: string | undefined): ((data: Fields) => ChatChunk[]) | undefined {
    if (event === "contentBlockDelta") return (data) => this.#delta(data);
    if (event === "contentBlockStart") return (data) => this.#start(data);
    if (event === "contentBlockStop") return (data) => this.#stop(data);
    if (event === "messageStart") return () => [this.#chunk({ role: "assistant" })];
    if (event === "messageStop") return (data) => [...this.#release(), this.#finish(data)];
    if (event === "metadata") return (data) => [this.#metadata(data)];
    return undefined;
  }

  #base(): Omit<ChatChunk, "choices"> {
    const { id, created, model } = this.#context;
    return { id, object: "chat.completion.chunk", created, model };
  }

  #chunk(delta: ChatDelta, more?: Partial<ChunkChoice>): ChatChunk {
    return { ...this.#base(), choices: [{ index: 0, delta, finish_reason: null, ...more }] };
  }

  #start({ contentBlockIndex, start }: Fields): ChatChunk[] {
    const at = Number(contentBlockIndex);
    if (!isFields(start)) return [];
    const { toolUse, toolResult, image } = start;
    if (isFields(toolUse) && toolUse["type"] === undefined) return this.#startCall(at, toolUse);
    if (isFields(toolUse)) this.#keep(at, { toolUse });
    else if (isFields(toolResult)) this.#keep(at, { toolResult });
    else if (isFields(image)) this.#keep(at, { image });
    return [];
  }

  #keep(at: number, start: Record<string, Fields>): void {
    this.#open.set(at, { kind: "kept", block: new KeptBlock(start) });
  }

  #startCall(at: number, { toolUseId, name }: Fields): ChatChunk[] {
    if (typeof toolUseId !== "string" || typeof name !== "string") throw badAnswer("a tool call has no name");
    if (name === this.#answerTool) {
      this.#open.set(at, { kind: "answer", empty: true });
      this.#answered = true;
      this.#held = "";
      return [];
    }
    const index = this.#calls++;
    this.#open.set(at, { kind: "call", index, empty: true });
    const call = { index, id: toolUseId, type: "function" as const, function: { name, arguments: "" } };
    return [this.#chunk({ tool_calls: [call] })];
  }

  #delta({ contentBlockIndex, delta }: Fields): ChatChunk[] {
    if (!isFields(delta)) return [];
    const { text, toolUse, reasoningContent, citation } = delta;
    if (typeof text === "string") return this.#answerTool === undefined ? this.#text(text) : this.#hold(text);
    const at = Number(contentBlockIndex);
    const open = this.#open.get(at);
    if (open?.kind === "kept") {
      open.block.add(delta);
      return [];
    }
    if (isFields(toolUse)) return this.#input(open, toolUse["input"]);
    if (isFields(reasoningContent)) return this.#reasoning(at, open, reasoningContent);
    if (isFields(citation)) {
      return [this.#chunk({ annotations: [annotationOf(citation, this.#blockStart, this.#textLength)] })];
    }
    return [];
  }

  #hold(text: string): ChatChunk[] {
    if (this.#answered) return [];
    this.#held += text;
    return this.#held.length > heldLimit ? this.#release() : [];
  }

  #release(): ChatChunk[] {
    const text = this.#held;
    this.#held = "";
    return this.#text(text);
  }

  #text(content: string): ChatChunk[] {
    if (content === "") return [];
    this.#textLength += content.length;
    return [this.#chunk({ content })];
  }

  #input(open: Open | undefined, input: unknown): ChatChunk[] {
    if (typeof input !== "string" || input === "") return [];
    if (open?.kind === "answer") {
      open.empty = false;
      return this.#text(input);
    }
    if (open?.kind !== "call") throw badAnswer("a tool call has no beginning");
    open.empty = false;
    return [this.#chunk({ tool_calls: [{ index: open.index, function: { arguments: input } }] })];
  }

  #reasoning(at: number, open: Open | undefined, content: Fields): ChatChunk[] {
    const known =
      open?.kind === "reasoning" ? open : { kind: "reasoning" as const, index: this.#reasonings++ };
    this.#open.set(at, known);
    const { text, signature, redactedContent: data } = content;
    const { index } = known;
    const format = this.#format;
    if (typeof text === "string") {
      const detail = { type: "reasoning.text" as const, text, format, index };
      return [this.#chunk({ reasoning_content: text, reasoning_details: [detail] })];
    }
    if (typeof signature === "string") {
      const detail = { type: "reasoning.text" as const, text: "", signature, format, index };
      return [this.#chunk({ reasoning_details: [detail] })];
    }
    if (typeof data !== "string") return [];
    return [this.#chunk({ reasoning_details: [{ type: "reasoning.encrypted", data, format, index }] })];
  }

  #stop({ contentBlockIndex }: Fields): ChatChunk[] {
    const at = Number(contentBlockIndex);
    const open = this.#open.get(at);
    this.#open.delete(at);
    this.#blockStart = this.#textLength;
    if (open?.kind === "call" && open.empty) {
      return [this.#chunk({ tool_calls: [{ index: open.index, function: { arguments: "{}" } }] })];
    }
    if (open?.kind === "answer" && open.empty) return this.#text("{}");
    if (open?.kind !== "kept") return [];
    const image = open.block.image();
    return [this.#chunk(image ? { images: [image] } : { parts: [ownPart(open.block.whole())] })];
  }

  #finish({ stopReason, additionalModelResponseFields: fields }: Fields): ChatChunk {
    this.#stopped = true;
    const native = typeof stopReason === "string" ? stopReason : "end_turn";
    const inText = this.#answered && this.#calls === 0 && native === "tool_use";
    const stop = stopSequenceIn(fields);
    if (fields !== undefined) this.#ownFields = { additionalModelResponseFields: fields };
    return this.#chunk(
      {},
      {
        finish_reason: inText ? "stop" : finishReason(native),
        native_finish_reason: native,
        ...(stop !== undefined && { stop_sequence: stop }),
      },
    );
  }

  #metadata({ usage, serviceTier, p: _padding, ...own }: Fields): ChatChunk {
    const counted = usageOf(usage);
    const tier = tierIn(serviceTier);
    return {
      ...this.#base(),
      choices: [],
      ...(counted && { usage: counted }),
      ...(tier !== undefined && { service_tier: tier }),
      ...asOwn({ ...this.#ownFields, ...own }),
    };
  }
}
