import { badAnswer, GatewayError, isFields, parseFields, reasoningFormats } from "../../../core/index.ts";
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
import { CallIds, decodeCall } from "./calls.ts";
import { decodeCitations, placesIn } from "./citations.ts";
import { readError } from "./errors.ts";
import { camel, isPlace, isText, ofAnswer, ownOf } from "./fields.ts";
import { blockedText, decodeFinish } from "./finish.ts";
import { decodeLogprobs } from "./logprobs.ts";
import { decodeMedia, isMedia } from "./media.ts";
import { decodeUsage } from "./usage.ts";

const format = reasoningFormats.gemini;

/** How much text is kept for citations, which come last and tell their places in bytes. Characters. */
const keptText = 1_000_000;

/** Reads the stream of streamGenerateContent: each event is an answer with what is new. */
export class GeminiStreamDecoder implements StreamDecoder<ChatChunk> {
  readonly #context: AnswerContext<ChatRequest>;
  readonly #candidates = new Map<number, CandidateDecoder>();
  readonly #ids: CallIds;
  #id: string | undefined;
  #usage: unknown;
  #blocked = false;

  constructor(context: AnswerContext<ChatRequest>) {
    this.#context = context;
    this.#ids = new CallIds(context.id);
  }

  event({ data }: StreamEvent): ChatChunk[] {
    const given = parseFields(data);
    if (!given) throw badAnswer("an event of its stream is no JSON object");
    const failure = readError(given, 200);
    if (failure) {
      const { message, code = "upstream_error", status = 502 } = failure;
      throw new GatewayError(message, { status, code, retryable: true });
    }
    const { candidates, usageMetadata, responseId, promptFeedback } = camel(given);
    this.#id ??= isText(responseId) ? responseId : undefined;
    // Cumulative, in each event: only the last one counts.
    this.#usage = usageMetadata ?? this.#usage;
    const list = Array.isArray(candidates) ? candidates.filter(isFields) : [];
    if (list.length === 0) return isFields(promptFeedback) ? this.#block(promptFeedback) : [];
    return ofAnswer(() => list.flatMap((candidate, place) => this.#candidate(camel(candidate), place)));
  }

  #candidate(candidate: Fields, place: number): ChatChunk[] {
    const index = isPlace(candidate["index"]) ? candidate["index"] : place;
    let reader = this.#candidates.get(index);
    if (!reader)
      this.#candidates.set(index, (reader = new CandidateDecoder(index, this.#ids, keeps(this.#context))));
    return reader.read(candidate).map((choice) => this.#chunk([choice]));
  }

  #block({ blockReason, blockReasonMessage }: Fields): ChatChunk[] {
    if (!isText(blockReason) || this.#blocked) return [];
    this.#blocked = true;
    const refusal = blockedText(blockReason, blockReasonMessage);
    const finish = { finish_reason: "content_filter", native_finish_reason: blockReason };
    return [this.#chunk([{ index: 0, delta: { role: "assistant", refusal }, ...finish }])];
  }

  #chunk(choices: ChunkChoice[]): ChatChunk {
    const { id, created, model } = this.#context;
    return { id: this.#id ?? id, object: "chat.completion.chunk", created, model, choices };
  }

  end(): { chunks: ChatChunk[]; complete: boolean } {
    const usage = decodeUsage(this.#usage);
    const chunks = usage ? [{ ...this.#chunk([]), usage }] : [];
    const all = [...this.#candidates.values()];
    const complete = this.#blocked || (all.length > 0 && all.every(({ finished }) => finished));
    return { chunks, complete };
  }
}

/** Whether citations may come, which need the text that they are of. */
function keeps({ request }: AnswerContext<ChatRequest>): boolean {
  const searching = request.tools?.some((tool) => tool.type === "extension") ?? false;
  return searching || request.web_search_options !== undefined;
}

/** One candidate of a stream. */
class CandidateDecoder {
  finished = false;
  readonly #index: number;
  readonly #ids: CallIds;
  readonly #keeps: boolean;
  #text = "";
  #started = false;
  #calls = 0;
  #detail = 0;
  /** The last part was a thought: the next one goes on with it. */
  #thinking = false;
  #kind: string | undefined;
  #deltas: ChatDelta[] = [];

  constructor(index: number, ids: CallIds, keeps: boolean) {
    this.#index = index;
    this.#ids = ids;
    this.#keeps = keeps;
  }

  read(candidate: Fields): ChunkChoice[] {
    this.#deltas = [];
    this.#kind = undefined;
    const { content, finishReason } = candidate;
    const { parts } = isFields(content) ? content : {};
    if (Array.isArray(parts)) for (const part of parts) if (isFields(part)) this.#part(camel(part));
    this.#cite(candidate);
    const logprobs = decodeLogprobs(candidate["logprobsResult"]);
    if (this.#deltas.length === 0 && (isText(finishReason) || logprobs)) this.#deltas.push({});
    const [first] = this.#deltas;
    if (first && !this.#started) {
      this.#started = true;
      this.#deltas[0] = { role: "assistant", ...first };
    }
    const choices = this.#deltas.map((delta): ChunkChoice => ({
      index: this.#index,
      delta,
      finish_reason: null,
    }));
    const last = choices.at(-1);
    if (last && logprobs) last.logprobs = logprobs;
    if (last && isText(finishReason)) {
      this.finished = true;
      last.finish_reason = decodeFinish(finishReason, this.#calls > 0);
      last.native_finish_reason = finishReason;
    }
    return choices;
  }

  /** The delta for a piece of a kind: pieces of one kind that come together stay together. */
  #delta(kind: string): ChatDelta {
    const last = this.#kind === kind ? this.#deltas.at(-1) : undefined;
    if (last) return last;
    this.#kind = kind;
    const delta: ChatDelta = {};
    this.#deltas.push(delta);
    return delta;
  }

  #part(part: Fields): void {
    const { functionCall, text, thought, thoughtSignature, ...rest } = part;
    if (isText(text) && thought === true) {
      this.#thought(text, thoughtSignature);
      return;
    }
    if (this.#thinking) this.#detail++;
    this.#thinking = false;
    if (isFields(functionCall)) this.#call(camel(functionCall), { thoughtSignature, ...rest });
    else if (isText(text)) this.#say(text, thoughtSignature);
    else if (isMedia(part) && thought !== true) this.#media(part);
    else (this.#delta("parts").parts ??= []).push({ type: "extension", protocol: "gemini", value: part });
  }

  #thought(text: string, signature: unknown): void {
    const delta = this.#delta("thought");
    if (text !== "") delta.reasoning_content = (delta.reasoning_content ?? "") + text;
    const signed = isText(signature) && { signature };
    const detail = { type: "reasoning.text" as const, text, ...signed, format, index: this.#detail };
    (delta.reasoning_details ??= []).push(detail);
    // What is signed is whole.
    if (signed) this.#detail++;
    this.#thinking = !signed;
  }

  #say(text: string, signature: unknown): void {
    const delta = this.#delta("text");
    if (isText(signature)) {
      const detail = { type: "reasoning.encrypted" as const, data: signature, format, index: this.#detail++ };
      (delta.reasoning_details ??= []).push(detail);
    }
    if (text === "") return;
    delta.content = (delta.content ?? "") + text;
    if (this.#keeps && this.#text.length < keptText) this.#text += text;
  }

  #call(call: Fields, rest: Fields): void {
    const { id, type, function: named, extra_content } = decodeCall(call, rest, this.#ids);
    const delta = {
      index: this.#calls++,
      id,
      type,
      function: named,
      ...(extra_content && { extra_content }),
    };
    (this.#delta("call").tool_calls ??= []).push(delta);
  }

  #media(part: Fields): void {
    const media = decodeMedia(part);
    if (media.type === "image_url") (this.#delta("image").images ??= []).push(media);
    else if (media.type === "input_audio") {
      const type = ownOf(media)?.["mimeType"] ?? `audio/${media.input_audio.format}`;
      this.#kind = undefined;
      this.#delta("audio").audio = { data: media.input_audio.data, mime_type: type };
    } else (this.#delta("parts").parts ??= []).push({ type: "extension", protocol: "gemini", value: part });
  }

  #cite(candidate: Fields): void {
    if (!candidate["groundingMetadata"] && !candidate["citationMetadata"]) return;
    const annotations = decodeCitations(candidate, placesIn([this.#text]));
    if (annotations.length > 0) (this.#delta("cite").annotations ??= []).push(...annotations);
  }
}
