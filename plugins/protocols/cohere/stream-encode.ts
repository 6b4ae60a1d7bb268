import { encodeCitations } from "./citations.ts";
import { encodeFinish, encodeLogprobs } from "./finish.ts";
import { encodeUsage } from "./usage.ts";
import type {
  AnswerContext,
  ChatChunk,
  ChatRequest,
  ChatUsage,
  ChunkChoice,
  GatewayError,
  StreamEncoder,
  ToolCallDelta,
} from "../../../core/index.ts";
import type { ChatEvent, LogprobBody } from "./wire.ts";

export function encodeStream(context: Pick<AnswerContext<ChatRequest>, "id">): StreamEncoder<ChatChunk> {
  return new Encoder(context.id);
}

function write(event: ChatEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

type BlockType = "text" | "thinking";

/** Writes the events of `/v2/chat`: one block of content, or one call, at a time. There is room for one choice. */
class Encoder implements StreamEncoder<ChatChunk> {
  readonly #fallbackId: string;
  #isStarted = false;
  #block: BlockType | undefined;
  #blocks = 0;
  #call: number | undefined;
  #citations = 0;
  #finish: ChunkChoice | undefined;
  #usage: ChatUsage | undefined;

  constructor(fallbackId: string) {
    this.#fallbackId = fallbackId;
  }

  chunk({ id, choices, usage }: ChatChunk): string {
    if (usage) this.#usage = usage;
    let text = this.#start(id);
    for (const choice of choices) if (choice.index === 0) text += this.#choice(choice);
    return text;
  }

  end(): string {
    const event: ChatEvent = {
      type: "message-end",
      delta: {
        finish_reason: encodeFinish(this.#finish ?? {}),
        ...(this.#usage && { usage: encodeUsage(this.#usage) }),
      },
    };
    return this.#start(this.#fallbackId) + this.#close() + write(event);
  }

  error({ message }: GatewayError): string {
    return write({ type: "message-end", delta: { error: message, finish_reason: "ERROR" } });
  }

  #start(id: string): string {
    if (this.#isStarted) return "";
    this.#isStarted = true;
    return write({ type: "message-start", id, delta: { message: { role: "assistant" } } });
  }

  #choice(choice: ChunkChoice): string {
    const { delta, logprobs } = choice;
    let text = "";
    if (delta.reasoning_content) text += this.#content("thinking", delta.reasoning_content);
    const said = delta.content || delta.refusal;
    if (said || logprobs) text += this.#content("text", said ?? "", logprobs);
    if (delta.annotations) text += this.#cite(delta.annotations);
    for (const call of delta.tool_calls ?? []) text += this.#toolCall(call);
    if (choice.finish_reason) this.#finish = choice;
    return text;
  }

  #content(type: BlockType, piece: string, logprobs?: unknown): string {
    const opened = this.#open(type);
    const index = this.#blocks - 1;
    const content = type === "text" ? { text: piece } : { thinking: piece };
    const items = logprobs ? joined(encodeLogprobs(logprobs)) : undefined;
    const event: ChatEvent = { type: "content-delta", index, delta: { message: { content } } };
    return opened + write(items ? { ...event, logprobs: items } : event);
  }

  #open(type: BlockType): string {
    if (this.#block === type) return "";
    const closed = this.#close();
    this.#block = type;
    const content = type === "text" ? { type, text: "" } : { type, thinking: "" };
    return closed + write({ type: "content-start", index: this.#blocks++, delta: { message: { content } } });
  }

  /** Ends the block or the call that is open. */
  #close(): string {
    let text = "";
    if (this.#block) text = write({ type: "content-end", index: this.#blocks - 1 });
    if (this.#call !== undefined) text = write({ type: "tool-call-end", index: this.#call });
    this.#block = undefined;
    this.#call = undefined;
    return text;
  }

  #toolCall({ index, id, function: given, custom }: ToolCallDelta): string {
    const input = given?.arguments ?? custom?.input ?? "";
    let text = "";
    if (id !== undefined) {
      const name = given?.name ?? custom?.name ?? "";
      const tool_calls = { id, type: "function" as const, function: { name, arguments: "" } };
      text = this.#close() + write({ type: "tool-call-start", index, delta: { message: { tool_calls } } });
      this.#call = index;
    }
    if (input === "") return text;
    const tool_calls = { function: { arguments: input } };
    return text + write({ type: "tool-call-delta", index, delta: { message: { tool_calls } } });
  }

  #cite(annotations: Parameters<typeof encodeCitations>[0]): string {
    let text = "";
    for (const citations of encodeCitations(annotations, "")) {
      const index = this.#citations++;
      text += write({ type: "citation-start", index, delta: { message: { citations } } });
      text += write({ type: "citation-end", index });
    }
    return text;
  }
}

/** An event has room for one item: several become one. */
function joined(items: readonly LogprobBody[]): LogprobBody | undefined {
  if (items.length < 2) return items[0];
  return {
    text: items.map(({ text }) => text ?? "").join(""),
    token_ids: items.flatMap(({ token_ids }) => token_ids),
    logprobs: items.flatMap(({ logprobs }) => logprobs ?? []),
  };
}
