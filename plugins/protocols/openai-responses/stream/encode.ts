import { newToolId } from "../../../../core/index.ts";
import type {
  AnswerContext,
  ChatChunk,
  ChatDelta,
  ChatRequest,
  ChatUsage,
  ChunkChoice,
  Fields,
  GatewayError,
  ReasoningDetail,
  StreamEncoder,
  ToolCallDelta,
} from "../../../../core/index.ts";
import { responseOf } from "../answer-encode.ts";
import { errorObject, failureCode } from "../errors.ts";
import { encodeEnding } from "../finish.ts";
import { isItem } from "../layout.ts";
import { imageItem, itemId, logprobsOf } from "../output-encode.ts";
import type { ItemStatus } from "../output-encode.ts";
import { ownOf } from "../own.ts";
import { carryReasoning, isOurs } from "../reasoning.ts";
import { echo, responseId } from "../response.ts";
import { encodeUsage } from "../usage.ts";
import { placesOf } from "../namespaces.ts";
import type { Place } from "../namespaces.ts";
import { CallItem } from "./call-item.ts";
import { EventWriter } from "./events.ts";
import { MessageItem } from "./message-item.ts";
import { ReasoningItem } from "./reasoning-item.ts";

/**
 * Writes a client's stream.
 * @param onWhole Is given the response when it is whole.
 */
export function encodeStream(
  context: AnswerContext<ChatRequest>,
  onWhole?: (response: Fields) => void,
): StreamEncoder<ChatChunk> {
  return new ResponseEncoder(context, onWhole);
}

class ResponseEncoder implements StreamEncoder<ChatChunk> {
  readonly #context: AnswerContext<ChatRequest>;
  readonly #onWhole: ((response: Fields) => void) | undefined;
  readonly #writer = new EventWriter();
  /** Items by their place; those that are open have none yet. */
  readonly #output: (Fields | undefined)[] = [];
  readonly #calls = new Map<number, CallItem>();
  readonly #places: ReadonlyMap<string, Place>;
  /** Citations that came before there was a text. */
  #citations: NonNullable<ChatDelta["annotations"]> = [];
  #open: MessageItem | ReasoningItem | undefined;
  #about: { id: string; created: number; model: string; rest: Fields } | undefined;
  #ending: Pick<ChunkChoice, "finish_reason" | "native_finish_reason"> = {};
  #usage: ChatUsage | undefined;
  #serviceTier: string | null | undefined;
  #own: Fields | undefined;

  constructor(context: AnswerContext<ChatRequest>, onWhole: ((response: Fields) => void) | undefined) {
    this.#context = context;
    this.#places = placesOf(context.request);
    this.#onWhole = onWhole;
  }

  chunk(chunk: ChatChunk): string {
    let text = this.#about ? "" : this.#begin(chunk);
    if (chunk.usage) this.#usage = chunk.usage;
    if (chunk.service_tier !== undefined) this.#serviceTier = chunk.service_tier;
    this.#own = ownOf(chunk) ?? this.#own;
    // Another choice cannot be said.
    for (const choice of chunk.choices) if (choice.index === 0) text += this.#choice(choice);
    return text;
  }

  #begin(chunk: ChatChunk | undefined): string {
    const context = this.#context;
    const id = responseId(chunk ?? { id: "" }, context.id);
    const created = chunk?.created ?? context.created;
    this.#about = { id, created, model: context.model || (chunk?.model ?? ""), rest: echo(context) };
    const response = this.#response("in_progress", null);
    return (
      this.#writer.write("response.created", { response }) +
      this.#writer.write("response.in_progress", { response })
    );
  }

  #response(
    status: "in_progress" | "completed" | "incomplete" | "failed",
    incomplete_details: Fields | null,
  ): Fields {
    const { rest, ...about } = this.#about ?? { id: "", created: 0, model: "", rest: {} };
    return responseOf({
      ...about,
      status,
      incomplete_details,
      output: this.#output.filter((item) => item !== undefined),
      usage: this.#usage ? encodeUsage(this.#usage) : null,
      service_tier: this.#serviceTier,
      rest: this.#own ?? rest,
    });
  }

  #choice({ delta, logprobs, finish_reason, native_finish_reason }: ChunkChoice): string {
    const text = this.#delta(delta, logprobs);
    const late = delta.content ? undefined : logprobsOf(logprobs);
    if (late && this.#open instanceof MessageItem) this.#open.likely(late);
    if (finish_reason)
      this.#ending = { finish_reason, ...(native_finish_reason != null && { native_finish_reason }) };
    return text;
  }

  #delta(delta: ChatDelta, logprobs: unknown): string {
    const { content, refusal, reasoning_content, reasoning_details, tool_calls, annotations, parts, images } =
      delta;
    let text = "";
    if (reasoning_details || reasoning_content)
      text += this.#reason(reasoning_details ?? [], reasoning_content ?? "");
    if (content) {
      const [message, opened] = this.#message();
      text += opened + message.text(content, logprobsOf(logprobs));
    }
    if (refusal) {
      const [message, opened] = this.#message();
      text += opened + message.refusal(refusal);
    }
    if (annotations) text += this.#cite(annotations);
    const items = parts?.filter(isItem) ?? [];
    for (const part of items) text += this.#whole(() => part.value);
    // An item of ours that made an image holds it already.
    if (images && items.length === 0)
      for (const image of images) text += this.#whole((id) => imageItem(image, id("ig")));
    if (tool_calls) for (const call of tool_calls) text += this.#call(call);
    return text;
  }

  #cite(annotations: NonNullable<ChatDelta["annotations"]>): string {
    if (this.#open instanceof MessageItem) return this.#open.cite(annotations);
    this.#citations.push(...annotations);
    return "";
  }

  #place(prefix: string): [number, string] {
    const index = this.#output.push(undefined) - 1;
    return [index, itemId(prefix, this.#context.id, index)];
  }

  #message(): [MessageItem, string] {
    if (this.#open instanceof MessageItem) return [this.#open, ""];
    const closed = this.#close("completed");
    const message = new MessageItem(this.#writer, ...this.#place("msg"));
    this.#open = message;
    const text = closed + message.begin() + message.cite(this.#citations);
    this.#citations = [];
    return [message, text];
  }

  /** Details repeat the text that stands beside them, or hold only what is signed or encrypted. */
  #reason(details: readonly ReasoningDetail[], content: string): string {
    let text = "";
    let isTold = false;
    for (const detail of details) {
      const [item, opened] = this.#reasoning(detail);
      const written = item.detail(detail);
      isTold ||= written !== "";
      text += opened + written;
    }
    if (isTold || content === "") return text;
    const [item, opened] = this.#reasoning(undefined);
    return text + opened + item.text(content);
  }

  #reasoning(detail: ReasoningDetail | undefined): [ReasoningItem, string] {
    const open = this.#open;
    if (open instanceof ReasoningItem && (!detail || open.takes(detail))) return [open, ""];
    const closed = this.#close("completed");
    const isOwn = detail !== undefined && isOurs(detail);
    const [index, made] = this.#place("rs");
    const item = new ReasoningItem(this.#writer, index, (isOwn && detail.id) || made, isOwn);
    this.#open = item;
    return [item, closed + item.begin()];
  }

  /** An item that comes whole. */
  #whole(make: (id: (prefix: string) => string) => Fields | undefined): string {
    const output_index = this.#output.length;
    const item = make((prefix) => itemId(prefix, this.#context.id, output_index));
    if (!item) return "";
    const closed = this.#close("completed");
    this.#output.push(item);
    return (
      closed +
      this.#writer.write("response.output_item.added", { output_index, item }) +
      this.#writer.write("response.output_item.done", { output_index, item })
    );
  }

  #call(delta: ToolCallDelta): string {
    const known = this.#calls.get(delta.index);
    const input = delta.function?.arguments ?? delta.custom?.input ?? "";
    if (known) return known.isOpen ? known.input(input) : "";
    const id = delta.id || newToolId(this.#context.id, delta.index);
    let text = this.#close("completed");
    // One that is not whole may go on: some upstreams mix the pieces of parallel calls.
    for (const call of this.#calls.values())
      if (call.isOpen && call.isWhole()) text += this.#end(call, "completed");
    const extra = delta.extra_content;
    if (extra)
      text += this.#whole((made) => carryReasoning(made("rs"), [], { details: [], calls: { [id]: extra } }));
    const [index, made] = this.#place(delta.type === "custom" ? "ctc" : "fc");
    const call = new CallItem(this.#writer, index, made, { ...delta, id }, this.#places);
    this.#calls.set(delta.index, call);
    return text + call.begin() + call.input(input);
  }

  /** Ends the message or reasoning that is open. */
  #close(status: ItemStatus): string {
    const open = this.#open;
    if (!open) return "";
    this.#open = undefined;
    return this.#end(open, status);
  }

  #end(open: MessageItem | ReasoningItem | CallItem, status: ItemStatus): string {
    const { text, item } = open.end(status);
    this.#output[open.index] = item;
    return text;
  }

  end(): string {
    let text = this.#about ? "" : this.#begin(undefined);
    const { status, incomplete_details } = encodeEnding(this.#ending, this.#own !== undefined);
    // What was cut off is the last item.
    const last = this.#output.length - 1;
    const statusOf = (index: number): ItemStatus => (index === last ? status : "completed");
    for (const call of this.#calls.values()) if (call.isOpen) text += this.#end(call, statusOf(call.index));
    if (this.#open) text += this.#close(statusOf(this.#open.index));
    const response = this.#response(status, incomplete_details);
    this.#onWhole?.(response);
    return text + this.#writer.write(`response.${status}`, { response });
  }

  error(error: GatewayError): string {
    const text = this.#about ? "" : this.#begin(undefined);
    const { code, message, param = null } = error;
    const response = { ...this.#response("failed", null), error: { code: failureCode(error), message } };
    return (
      text +
      this.#writer.write("response.failed", { response }) +
      this.#writer.write("error", { code, message, param, error: errorObject(error) })
    );
  }
}
