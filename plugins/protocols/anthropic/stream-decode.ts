import { badAnswer, isFields, parseFields } from "../../../core/index.ts";
import { endedBy } from "./answer.ts";
import { BlockReader } from "./block-reader.ts";
import { streamError } from "./errors.ts";
import { ownOf, protocolName, restOf, textIn } from "./fields.ts";
import { factsOf } from "./models.ts";
import { calledTools } from "./structured.ts";
import { tierOf } from "./tiers.ts";
import { decodeUsage } from "./usage.ts";
import type {
  AnswerContext,
  ChatChunk,
  ChatDelta,
  ChatRequest,
  ChunkChoice,
  Extensions,
  Fields,
  StreamDecoder,
  StreamEvent,
} from "../../../core/index.ts";
import type { CalledTools } from "./assistant-decode.ts";

const messageMembers = new Set([
  "id",
  "type",
  "role",
  "model",
  "content",
  "stop_reason",
  "stop_sequence",
  "usage",
]);
const endMembers = new Set(["stop_reason", "stop_sequence"]);
const eventMembers = new Set(["type", "delta", "usage"]);

/** Reads the events of one message. */
export class StreamReader implements StreamDecoder<ChatChunk> {
  readonly #tools: CalledTools;
  readonly #blocks: BlockReader;
  readonly #base: Pick<ChatChunk, "id" | "object" | "created" | "model">;
  /** All that was told of usage, the latest of each member. */
  #usage: Fields | undefined;
  #stopped = false;

  constructor(context: AnswerContext<ChatRequest>) {
    this.#tools = calledTools(context.request, factsOf(context.model));
    this.#blocks = new BlockReader(this.#tools);
    const { id, created, model } = context;
    this.#base = { id, object: "chat.completion.chunk", created, model };
  }

  event({ data }: StreamEvent): ChatChunk[] {
    const event = parseFields(data);
    if (!event) throw badAnswer("an event of its stream is no JSON object");
    switch (event["type"]) {
      case "content_block_delta":
        return this.#deltas(this.#blocks.delta(event));
      case "content_block_start":
        return this.#deltas(this.#blocks.start(event));
      case "content_block_stop":
        return this.#deltas(this.#blocks.stop(event));
      case "message_start":
        return [this.#begin(event["message"])];
      case "message_delta":
        return [this.#ended(event)];
      case "message_stop":
        return this.#stop();
      case "error":
        throw streamError(event);
      default:
        return [];
    }
  }

  end(): { chunks: ChatChunk[]; complete: boolean } {
    return { chunks: [], complete: this.#stopped };
  }

  #chunk(choice: Omit<ChunkChoice, "index">): ChatChunk {
    return { ...this.#base, choices: [{ index: 0, ...choice }] };
  }

  #deltas(delta: ChatDelta | undefined): ChatChunk[] {
    return delta ? [this.#chunk({ delta })] : [];
  }

  #begin(message: unknown): ChatChunk {
    if (!isFields(message)) throw badAnswer("its stream begins without a message");
    this.#base.id = textIn(message, "id") || this.#base.id;
    this.#base.model = textIn(message, "model") || this.#base.model;
    this.#noteUsage(message["usage"]);
    const chunk = this.#chunk({ delta: { role: "assistant" } });
    return { ...chunk, ...tierOf(message["usage"]), ...withoutNulls(restOf(message, messageMembers)) };
  }

  #noteUsage(usage: unknown): void {
    if (!isFields(usage)) return;
    this.#usage ??= {};
    // What a later event does not know, an earlier one may have told.
    for (const name in usage)
      if (usage[name] !== null || !(name in this.#usage)) this.#usage[name] = usage[name];
  }

  #ended(event: Fields): ChatChunk {
    this.#noteUsage(event["usage"]);
    const delta = isFields(event["delta"]) ? event["delta"] : {};
    const calls = { tool_calls: this.#blocks.calls > 0 ? [{} as never] : [] };
    const ended = endedBy(delta["stop_reason"], delta["stop_sequence"], calls, this.#tools);
    const own = {
      ...ownOf(withoutNulls(restOf(delta, endMembers))),
      ...ownOf(withoutNulls(restOf(event, eventMembers))),
    };
    const chunk = this.#chunk({ delta: {}, ...ended });
    return Object.keys(own).length > 0 ? { ...chunk, extensions: { [protocolName]: own } } : chunk;
  }

  #stop(): ChatChunk[] {
    this.#stopped = true;
    const usage = decodeUsage(this.#usage);
    return usage ? [{ ...this.#base, choices: [], usage }] : [];
  }
}

/** Events tell of what there is not, too: it says nothing. */
function withoutNulls({ extensions }: { extensions?: Extensions }): { extensions?: Extensions } {
  const own = Object.entries(extensions?.[protocolName] ?? {}).filter(([, value]) => value !== null);
  return own.length > 0 ? { extensions: { [protocolName]: Object.fromEntries(own) } } : {};
}
