import * as runtime from "#runtime";
import { GatewayError } from "../errors.ts";
import { leaveGates } from "../gates.ts";
import { TranslatedBody } from "./body.ts";
import { ContinuedBody } from "./continued-body.ts";
import { requestForRest } from "./prefill.ts";
import { SplicedChunks } from "./spliced-chunks.ts";
import { chatTranslator } from "./stream.ts";
import type { BrokenStream } from "../call.ts";
import type { CallState } from "../call-state.ts";
import type { ChatChunk, ChatRequest } from "../chat.ts";
import type { StreamDecoder, StreamEncoder } from "../codec.ts";
import type { Next } from "../plugin.ts";
import type { TransportAnswer, WireBody } from "../transport/types.ts";
import type { Target } from "../upstream.ts";
import type { Translation } from "./contexts.ts";
import type { ChunkReadAlong } from "./stream.ts";

/** What writes and reads a client's stream, whoever it comes from. */
interface ClientSide {
  encode: StreamEncoder<ChatChunk>;
  along: ChunkReadAlong;
  toBytes: (text: string) => Uint8Array;
}

/** A client's stream that may come from several upstreams, one after the other: each goes on where the last one broke. */
export class Splice {
  readonly #call: CallState;
  readonly #client: ClientSide;
  readonly #request: ChatRequest;
  readonly #chunks: SplicedChunks;
  /** Of the upstream whose turn it is. */
  #translation: Translation;
  /** What an attempt brought for the client. */
  #rest: WireBody | undefined;
  #continued = 0;
  /** The attempt whose first piece is awaited. */
  #asking: CallState | undefined;
  /** Nobody waits for the rest any more. */
  #isOver = false;

  constructor(call: CallState, translation: Translation, client: ClientSide) {
    this.#call = call;
    this.#client = client;
    this.#translation = translation;
    this.#request = translation.request as ChatRequest;
    this.#chunks = new SplicedChunks(() => call.estimateInput());
  }

  /** The first upstream's chunks, which are noted as they pass. */
  watch(decoder: StreamDecoder<ChatChunk>): StreamDecoder<ChatChunk> {
    return this.#chunks.wrap(decoder);
  }

  body(first: WireBody): WireBody {
    const rest = (error: unknown) => this.#afterBreak(error);
    return new ContinuedBody(first, rest, () => {
      this.#isOver = true;
      this.#asking?.canceller.cancel(failedToContinue());
    });
  }

  /** An attempt's answer: its chunks go on in the client's stream. The response tells only that they came. */
  async join(
    fork: CallState,
    translation: Translation,
    answer: TransportAnswer,
    decoder: StreamDecoder<ChatChunk>,
  ): Promise<Response> {
    const { encode, along, toBytes } = this.#client;
    const chunks = this.#chunks.wrap(decoder);
    const translator = chatTranslator(chunks, encode, translation.upstream.frames, along);
    const body = new TranslatedBody(answer.body, translator, toBytes);
    await body.ready();
    this.#rest = body;
    this.#translation = translation;
    const { answer: facts, renderBreak } = this.#call;
    Object.assign(fork, { answer: facts, along, renderBreak });
    return runtime.respond(200, "", [], null);
  }

  /** Never rejects. */
  async #afterBreak(error: unknown): Promise<WireBody | undefined> {
    const call = this.#call;
    const failure = GatewayError.from(error);
    const { onBreak, model } = call;
    const isOver = this.#isOver || call.clientLeft || call.canceller.cancelled;
    if (!onBreak || isOver || !failure.retryable || !this.#chunks.mayGoOn) return undefined;
    const { attempt } = this.#translation;
    if (attempt) leaveGates(call.gateway.gates, attempt, call, "broken");
    this.#chunks.broke();
    this.#rest = undefined;
    const broken: BrokenStream = {
      error: failure,
      text: this.#chunks.text,
      continued: this.#continued,
      continueOn: (target, next) => this.#continueOn(target, next),
    };
    const went = await onBreak(broken).catch((cause: unknown) => {
      call.gateway.log.error(`Call ${call.id} could not go on.`, cause);
      return false;
    });
    // Looking for targets may have gone on to other models.
    for (let view: CallState | undefined = call; view; view = view.adoptedBy) view.model = model;
    return went ? this.#rest : undefined;
  }

  async #continueOn(target: Target, next: Next): Promise<boolean> {
    const call = this.#call;
    const request = requestForRest(call, target, this.#request, this.#chunks.text.trimEnd());
    if (!request || this.#isOver || call.canceller.cancelled) return false;
    const fork = call.fork(target) as CallState;
    fork.neutral = Promise.resolve(request);
    fork.continues = this;
    const answering = next(fork);
    this.#asking = fork;
    await answering.catch(() => undefined);
    this.#asking = undefined;
    if (!this.#rest) {
      call.abandon(fork, answering, failedToContinue());
      return false;
    }
    call.adopt(fork);
    this.#continued++;
    return true;
  }
}

function failedToContinue(): GatewayError {
  return new GatewayError("The answer could not be continued.", { status: 502, code: "not_continued" });
}
