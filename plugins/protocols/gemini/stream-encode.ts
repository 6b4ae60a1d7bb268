import { badAnswer, partsOf } from "../../../core/index.ts";
import type {
  AnswerContext,
  AssistantMessage,
  ChatChunk,
  ChatDelta,
  ChatRequest,
  ChatUsage,
  ChunkChoice,
  Fields,
  GatewayError,
  ReasoningDetail,
  StreamEncoder,
  ToolCall,
  ToolCallDelta,
} from "../../../core/index.ts";
import { isForeign } from "./carried.ts";
import { encodeCitations } from "./citations.ts";
import { renderError } from "./errors.ts";
import { encodeFinish } from "./finish.ts";
import { encodeLogprobs } from "./logprobs.ts";
import { messageParts } from "./message-encode.ts";
import type { Writing } from "./message-encode.ts";
import { wantsThoughts } from "./thinking.ts";
import { encodeUsage } from "./usage.ts";
import type { Candidate, GenerateContentResponse } from "./wire.ts";

/** How much may be gathered of what goes out whole: function calls, and reasoning that goes along with them. Characters. */
const gatherLimit = 16_000_000;

/** How the pieces of a stream are put down. */
interface Framing {
  contentType: string;
  piece(json: string, first: boolean): string;
  end(first: boolean): string;
}

const events: Framing = {
  contentType: "text/event-stream",
  piece: (json) => `data: ${json}\r\n\r\n`,
  end: () => "",
};

/** Without `alt=sse` the stream is one JSON list. */
const list: Framing = {
  contentType: "application/json",
  piece: (json, first) => (first ? `[${json}` : `\n,\r\n${json}`),
  end: (first) => (first ? "[]" : "\n]"),
};

/** Writes the stream of streamGenerateContent. What ends it and what it used come together, last. */
export class GeminiStreamEncoder implements StreamEncoder<ChatChunk> {
  readonly #context: AnswerContext<ChatRequest>;
  readonly #framing: Framing;
  readonly #choices = new Map<number, ChoiceEncoder>();
  readonly #writing: Writing;
  #id: string | undefined;
  #model: string | undefined;
  #usage: ChatUsage | undefined;
  #first = true;

  constructor(context: AnswerContext<ChatRequest>) {
    this.#context = context;
    const { search } = context;
    const isList = search !== undefined && new URLSearchParams(search).get("alt") !== "sse";
    this.#framing = isList ? list : events;
    this.#writing = { thoughts: wantsThoughts(context.request), carry: true, signed: false };
  }

  get contentType(): string {
    return this.#framing.contentType;
  }

  chunk({ id, model, choices, usage }: ChatChunk): string {
    this.#id ??= id;
    this.#model ??= model;
    if (usage) this.#usage = usage;
    const candidates = choices.flatMap((choice) => this.#choice(choice.index).add(choice) ?? []);
    return candidates.length > 0 ? this.#piece({ candidates }) : "";
  }

  #choice(index: number): ChoiceEncoder {
    const known = this.#choices.get(index);
    if (known) return known;
    const made = new ChoiceEncoder(index, this.#context, this.#writing);
    this.#choices.set(index, made);
    return made;
  }

  #piece(body: GenerateContentResponse): string {
    const { model, id } = this.#context;
    const modelVersion = model || this.#model;
    const json = JSON.stringify({ ...body, modelVersion, responseId: this.#id ?? id });
    return this.#put(json);
  }

  #put(json: string): string {
    const first = this.#first;
    this.#first = false;
    return this.#framing.piece(json, first);
  }

  end(): string {
    const candidates = [...this.#choices.values()].map((choice) => choice.end());
    const usageMetadata = this.#usage && encodeUsage(this.#usage);
    const last = this.#piece({ candidates, ...(usageMetadata && { usageMetadata }) });
    return last + this.#framing.end(false);
  }

  error(error: GatewayError): string {
    const text = this.#put(renderError(error));
    return text + this.#framing.end(false);
  }
}

/** One choice of a stream as a candidate. */
class ChoiceEncoder {
  readonly #index: number;
  readonly #context: AnswerContext<ChatRequest>;
  readonly #writing: Writing;
  readonly #calls = new Map<number, ToolCall>();
  /** Reasoning of other vendors, which goes along with the first call. */
  readonly #foreign = new Map<number, ReasoningDetail>();
  #gathered = 0;
  #cites: NonNullable<ChatDelta["annotations"]> = [];
  #text = "";
  #finish: ChunkChoice | undefined;

  constructor(index: number, context: AnswerContext<ChatRequest>, writing: Writing) {
    this.#index = index;
    this.#context = context;
    this.#writing = writing;
  }

  /** The candidate with what is new and can go out; undefined for none. */
  add(choice: ChunkChoice): Candidate | undefined {
    const { delta } = choice;
    if (choice.finish_reason) this.#finish = choice;
    for (const call of delta.tool_calls ?? []) this.#gatherCall(call);
    for (const detail of delta.reasoning_details ?? []) this.#gatherDetail(detail);
    if (delta.annotations) this.#cites.push(...delta.annotations);
    if (delta.content && this.#context.request.web_search_options) this.#keep(delta.content);
    // Nearly all of a stream is text alone.
    const parts = isText(delta) ? [{ text: delta.content }] : this.#partsOf(delta);
    const logprobsResult = encodeLogprobs(choice.logprobs);
    if (parts.length === 0 && !logprobsResult) return undefined;
    return this.#candidate(parts, logprobsResult && { logprobsResult });
  }

  #partsOf(delta: ChatDelta): Fields[] {
    return messageParts(asMessage(delta), this.#context, { ...this.#writing, carry: false });
  }

  #candidate(parts: Fields[], more?: Fields): Candidate {
    const content = { ...(parts.length > 0 && { parts }), role: "model" };
    return { content, index: this.#index, ...more };
  }

  #count(text: string): void {
    this.#gathered += text.length;
    if (this.#gathered > gatherLimit)
      throw badAnswer(`a function call is longer than ${gatherLimit} characters`);
  }

  #keep(text: string): void {
    this.#count(text);
    this.#text += text;
  }

  #gatherCall(delta: ToolCallDelta): void {
    const { index, id, extra_content } = delta;
    const isCustom = delta.type === "custom" || delta.custom !== undefined;
    const piece = isCustom ? delta.custom?.input : delta.function?.arguments;
    const name = (isCustom ? delta.custom?.name : delta.function?.name) ?? "";
    this.#count(piece ?? "");
    const call = this.#calls.get(index) ?? newCall(isCustom);
    this.#calls.set(index, call);
    call.id ||= id ?? "";
    if (call.type === "custom") {
      call.custom.name ||= name;
      call.custom.input += piece ?? "";
      return;
    }
    call.function.name ||= name;
    call.function.arguments += piece ?? "";
    if (extra_content) call.extra_content = extra_content;
  }

  /** Pieces of one detail share its index; without one each is whole. */
  #gatherDetail(detail: ReasoningDetail): void {
    const index = detail.index ?? this.#foreign.size;
    const before = this.#foreign.get(index);
    if (detail.format === undefined && !before?.format) return;
    if (detail.type === "reasoning.encrypted") {
      this.#count(detail.data);
      const data = before?.type === "reasoning.encrypted" ? before.data + detail.data : detail.data;
      this.#foreign.set(index, { ...before, ...detail, data });
    } else if (detail.type === "reasoning.text") {
      this.#count(detail.text ?? "");
      const known = before?.type === "reasoning.text" ? before : undefined;
      const text = (known?.text ?? "") + (detail.text ?? "");
      const signature = (known?.signature ?? "") + (detail.signature ?? "");
      this.#foreign.set(index, { ...known, ...detail, text, ...(signature && { signature }) });
    }
  }

  /** The last of the candidate: its calls, and why it ended. */
  end(): Candidate {
    const { finish_reason = "stop", native_finish_reason } = this.#finish ?? {};
    const tool_calls = [...this.#calls].sort(([a], [b]) => a - b).map(([, call]) => call);
    const reasoning_details = [...this.#foreign.values()].filter(isForeign);
    const message: AssistantMessage = {
      role: "assistant",
      content: null,
      tool_calls,
      ...(tool_calls.length > 0 && reasoning_details.length > 0 && { reasoning_details }),
    };
    const parts = messageParts(message, this.#context, { ...this.#writing, thoughts: false });
    const groundingMetadata = encodeCitations(this.#cites, this.#text);
    return this.#candidate(parts, {
      finishReason: encodeFinish(finish_reason ?? "stop", native_finish_reason),
      ...(groundingMetadata && { groundingMetadata }),
    });
  }
}

/** Whether a delta brings a text and nothing else. */
function isText(delta: ChatDelta): boolean {
  for (const name in delta) if (name !== "content" && name !== "role") return false;
  return !!delta.content;
}

function newCall(isCustom: boolean): ToolCall {
  if (isCustom) return { id: "", type: "custom", custom: { name: "", input: "" } };
  return { id: "", type: "function", function: { name: "", arguments: "" } };
}

/** What a delta adds but calls, as a message of its own. */
function asMessage(delta: ChatDelta): AssistantMessage {
  const { content, parts, refusal, images, audio, reasoning_content, reasoning_details } = delta;
  const all = parts ? [...partsOf(content), ...parts] : content;
  return {
    role: "assistant",
    content: all,
    ...(refusal && { refusal }),
    ...(images && { images }),
    ...(audio && { audio }),
    ...(reasoning_content && { reasoning_content }),
    ...(reasoning_details && { reasoning_details }),
  };
}
