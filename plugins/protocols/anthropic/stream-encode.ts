import { toolId } from "../../../core/index.ts";
import { callSignatureBlock, detailBlock, toolIdLimit } from "./assistant-encode.ts";
import { BlockWriter } from "./block-writer.ts";
import { CallWriter } from "./call-writer.ts";
import { citationFrom } from "./citations.ts";
import { renderStreamError } from "./errors.ts";
import { ownOf, protocolName } from "./fields.ts";
import { signatureFor } from "./signatures.ts";
import { stopReasonOf } from "./stop.ts";
import { answerTier } from "./tiers.ts";
import { encodeUsage } from "./usage.ts";
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
} from "../../../core/index.ts";

/** Members of an answer's own that belong to the end of its stream; the others to its begin. */
const endMembers = new Set(["container", "stop_details"]);

/** Writes one message as events: blocks one after the other, each opened and closed. */
export class StreamWriter implements StreamEncoder<ChatChunk> {
  readonly #context: AnswerContext<ChatRequest>;
  readonly #blocks = new BlockWriter();
  readonly #calls = new CallWriter(this.#blocks);
  #started = false;
  #usage: ChatUsage | undefined;
  #ended: ChunkChoice | undefined;
  #own: Fields = {};
  /** The detail that the open thinking block is of, and the signature that it closes with. */
  #thinking: ReasoningDetail | undefined;

  constructor(context: AnswerContext<ChatRequest>) {
    this.#context = context;
  }

  chunk(chunk: ChatChunk): string {
    if (chunk.usage) this.#usage = chunk.usage;
    let text = this.#started ? "" : this.#start(chunk);
    if (chunk.extensions) this.#own = { ...this.#own, ...ownOf(chunk) };
    for (const choice of chunk.choices) {
      // The protocol has no second choice.
      if (choice.index !== 0) continue;
      text += this.#delta(choice.delta);
      if (choice.finish_reason) this.#ended = choice;
    }
    return text;
  }

  ping(): string {
    return 'event: ping\ndata: {"type":"ping"}\n\n';
  }

  #start(chunk: ChatChunk): string {
    this.#started = true;
    const tier = answerTier(chunk);
    const usage = { ...(tier && { service_tier: tier }), ...encodeUsage(chunk.usage) };
    const own = Object.entries(ownOf(chunk) ?? {}).filter(([name]) => !endMembers.has(name));
    const message = {
      id: chunk.id,
      type: "message",
      role: "assistant",
      model: this.#context.model || chunk.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage,
      ...Object.fromEntries(own),
    };
    return this.#blocks.event("message_start", { message });
  }

  #delta(delta: ChatDelta): string {
    let text = "";
    const { reasoning_details: details, reasoning_content: thought, content, refusal } = delta;
    for (const detail of details ?? []) text += this.#detail(detail);
    const repeated = details?.some(({ type }) => type !== "reasoning.encrypted");
    if (thought && !repeated) text += this.#detail({ type: "reasoning.text", text: thought });
    if (content) text += this.#say(content);
    if (refusal) text += this.#say(refusal);
    for (const annotation of delta.annotations ?? []) {
      const citation = citationFrom(annotation, "");
      if (citation && this.#blocks.open === "text")
        text += this.#blocks.delta("citations_delta", { citation });
    }
    for (const part of delta.parts ?? []) {
      if (part.protocol === protocolName) text += this.#whole(part.value);
    }
    for (const call of delta.tool_calls ?? []) {
      const signature = call.extra_content?.google?.thought_signature;
      const id = call.id === undefined ? undefined : toolId(call.id, toolIdLimit);
      if (signature !== undefined && id !== undefined) {
        text += this.#whole(callSignatureBlock(id, signature));
      }
      text += this.#closeThinking() + this.#calls.add({ ...call, ...(id !== undefined && { id }) });
    }
    return text;
  }

  #whole(block: Fields): string {
    return this.#closeThinking() + this.#calls.settle() + this.#blocks.whole(block);
  }

  #say(text: string): string {
    const before = this.#closeThinking() + this.#calls.settle();
    const opened = this.#blocks.open === "text" ? "" : this.#blocks.start("text", { type: "text", text: "" });
    return before + opened + this.#blocks.delta("text_delta", { text });
  }

  #detail(detail: ReasoningDetail): string {
    if (detail.type === "reasoning.encrypted") {
      return this.#whole(detailBlock(detail));
    }
    let text = "";
    const open = this.#thinking;
    if (!open || isOther(detail, open)) {
      text += this.#closeThinking() + this.#calls.settle();
      text += this.#blocks.start("thinking", { type: "thinking", thinking: "", signature: "" });
      this.#thinking = { ...detail };
    } else {
      const signature = signatureOf(open) + signatureOf(detail);
      this.#thinking = {
        ...open,
        ...(detail.format && { format: detail.format }),
        ...(signature && { signature }),
      };
    }
    const thinking = detail.type === "reasoning.text" ? detail.text : detail.summary;
    return thinking ? text + this.#blocks.delta("thinking_delta", { thinking }) : text;
  }

  /** A block's signature comes last in it. */
  #closeThinking(): string {
    const detail = this.#thinking;
    if (!detail) return "";
    this.#thinking = undefined;
    const signature = signatureFor(detail);
    const signed = signature ? this.#blocks.delta("signature_delta", { signature }) : "";
    return signed + this.#blocks.stop();
  }

  end(): string {
    const { id, created, model } = this.#context;
    const empty: ChatChunk = { id, object: "chat.completion.chunk", created, model, choices: [] };
    const started = this.#started ? "" : this.#start(empty);
    const calls = this.#calls.finish();
    const closed = this.#closeThinking() + this.#blocks.stop();
    return started + calls + closed + this.#stopEvents();
  }

  #stopEvents(): string {
    const ended = this.#ended;
    const finish = { ...ended, finish_reason: ended?.finish_reason ?? "stop" };
    const { container, stop_details, ...own } = this.#own;
    const delta = {
      stop_reason: stopReasonOf(finish, this.#calls.count > 0),
      stop_sequence: ended?.stop_sequence ?? null,
      ...(container !== undefined && { container }),
      ...(stop_details !== undefined && { stop_details }),
    };
    const { context_management } = own;
    const last = this.#blocks.event("message_delta", {
      delta,
      usage: encodeUsage(this.#usage),
      ...(context_management !== undefined && { context_management }),
    });
    return last + this.#blocks.event("message_stop", {});
  }

  error(error: GatewayError): string {
    return renderStreamError(error);
  }
}

function isOther(detail: ReasoningDetail, open: ReasoningDetail): boolean {
  const apart = detail.index !== undefined && open.index !== undefined && detail.index !== open.index;
  return apart || detail.type !== open.type;
}

function signatureOf(detail: ReasoningDetail): string {
  return detail.type === "reasoning.text" ? (detail.signature ?? "") : "";
}
