import type {
  AssistantMessage,
  ChatAnswer,
  ChatChoice,
  ChatChunk,
  ChatDelta,
  ChunkChoice,
  ContentPart,
  ReasoningDetail,
  ToolCall,
  ToolCallDelta,
} from "../chat.ts";

/** The whole answer that a stream's chunks add up to. */
export class ChunkJoiner {
  #answer: ChatAnswer | undefined;
  readonly #choices = new Map<number, ChoiceJoiner>();

  add(chunk: ChatChunk): void {
    const { id, created, model } = chunk;
    const answer = (this.#answer ??= { id, object: "chat.completion", created, model, choices: [] });
    if (chunk.usage) answer.usage = chunk.usage;
    if (chunk.service_tier !== undefined) answer.service_tier = chunk.service_tier;
    if (chunk.system_fingerprint !== undefined) answer.system_fingerprint = chunk.system_fingerprint;
    if (chunk.extensions) answer.extensions = { ...answer.extensions, ...chunk.extensions };
    for (const choice of chunk.choices) {
      const known = this.#choices.get(choice.index) ?? new ChoiceJoiner(choice.index);
      this.#choices.set(choice.index, known);
      known.add(choice);
    }
  }

  /** Undefined before the first chunk. */
  answer(): ChatAnswer | undefined {
    if (!this.#answer) return undefined;
    const choices = [...this.#choices.values()].map((choice) => choice.choice());
    return { ...this.#answer, choices: choices.sort((a, b) => a.index - b.index) };
  }
}

class ChoiceJoiner {
  readonly #choice: ChatChoice;
  #content: string | undefined;
  readonly #parts: ContentPart[] = [];
  readonly #details = new Map<number, ReasoningDetail>();
  readonly #calls = new Map<number, ToolCall>();
  #logprobs: Record<string, unknown[]> | undefined;

  constructor(index: number) {
    this.#choice = { index, message: { role: "assistant", content: null }, finish_reason: "stop" };
  }

  add(choice: ChunkChoice): void {
    const joined = this.#choice;
    if (choice.finish_reason) joined.finish_reason = choice.finish_reason;
    if (choice.native_finish_reason != null) joined.native_finish_reason = choice.native_finish_reason;
    if (choice.stop_sequence != null) joined.stop_sequence = choice.stop_sequence;
    if (choice.logprobs) this.#addLogprobs(choice.logprobs as Record<string, unknown>);
    this.#addDelta(choice.delta);
  }

  #addDelta(delta: ChatDelta): void {
    const { message } = this.#choice;
    if (typeof delta.content === "string") this.#content = (this.#content ?? "") + delta.content;
    if (typeof delta.refusal === "string") message.refusal = (message.refusal ?? "") + delta.refusal;
    if (typeof delta.reasoning_content === "string") {
      message.reasoning_content = (message.reasoning_content ?? "") + delta.reasoning_content;
    }
    for (const detail of delta.reasoning_details ?? []) this.#addDetail(detail);
    for (const call of delta.tool_calls ?? []) this.#addCall(call);
    if (delta.images) (message.images ??= []).push(...delta.images);
    if (delta.annotations) (message.annotations ??= []).push(...delta.annotations);
    for (const part of delta.parts ?? []) this.#addPart(part);
    if (delta.audio) message.audio = joinAudio(message.audio, delta.audio);
  }

  /** Text before a part that is none stays before it. */
  #addPart(part: ContentPart): void {
    if (this.#content) this.#parts.push({ type: "text", text: this.#content });
    this.#content = undefined;
    this.#parts.push(part);
  }

  #addDetail(detail: ReasoningDetail): void {
    const index = detail.index ?? this.#details.size;
    const before = this.#details.get(index);
    this.#details.set(index, before ? joinDetail(before, detail) : { ...detail });
  }

  #addCall(delta: ToolCallDelta): void {
    const before = this.#calls.get(delta.index);
    this.#calls.set(delta.index, joinCall(before, delta));
  }

  #addLogprobs(logprobs: Record<string, unknown>): void {
    this.#logprobs ??= {};
    for (const [name, list] of Object.entries(logprobs)) {
      if (Array.isArray(list)) (this.#logprobs[name] ??= []).push(...(list as unknown[]));
    }
  }

  choice(): ChatChoice {
    const message: AssistantMessage = { ...this.#choice.message };
    if (this.#parts.length > 0) {
      const last: ContentPart[] = this.#content ? [{ type: "text", text: this.#content }] : [];
      message.content = [...this.#parts, ...last];
    } else if (this.#content !== undefined) message.content = this.#content;
    if (this.#details.size > 0) message.reasoning_details = byIndex(this.#details);
    if (this.#calls.size > 0) message.tool_calls = byIndex(this.#calls);
    return { ...this.#choice, message, ...(this.#logprobs && { logprobs: this.#logprobs }) };
  }
}

function byIndex<T>(map: ReadonlyMap<number, T>): T[] {
  return [...map].sort(([a], [b]) => a - b).map(([, value]) => value);
}

function joinDetail(before: ReasoningDetail, next: ReasoningDetail): ReasoningDetail {
  const joined = { ...before, ...withoutEmpty(next) } as ReasoningDetail;
  if (
    joined.type === "reasoning.text" &&
    before.type === "reasoning.text" &&
    next.type === "reasoning.text"
  ) {
    joined.text = before.text + (next.text ?? "");
    if (before.signature || next.signature)
      joined.signature = (before.signature ?? "") + (next.signature ?? "");
  } else if (joined.type === "reasoning.summary" && before.type === "reasoning.summary") {
    joined.summary = before.summary + ((next as typeof before).summary ?? "");
  } else if (joined.type === "reasoning.encrypted" && before.type === "reasoning.encrypted") {
    joined.data = before.data + ((next as typeof before).data ?? "");
  }
  return joined;
}

function withoutEmpty<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one != null)) as Partial<T>;
}

function joinCall(before: ToolCall | undefined, delta: ToolCallDelta): ToolCall {
  if (before?.type === "custom" || (!before && delta.type === "custom")) {
    const custom = before?.type === "custom" ? before.custom : { name: "", input: "" };
    const name = delta.custom?.name ?? custom.name;
    const input = custom.input + (delta.custom?.input ?? "");
    return { id: delta.id ?? before?.id ?? "", type: "custom", custom: { name, input } };
  }
  const known = before?.type === "function" ? before : undefined;
  const extra = delta.extra_content ?? known?.extra_content;
  return {
    id: delta.id ?? known?.id ?? "",
    type: "function",
    function: {
      name: delta.function?.name || (known?.function.name ?? ""),
      arguments: (known?.function.arguments ?? "") + (delta.function?.arguments ?? ""),
    },
    ...(extra && { extra_content: extra }),
  };
}

/** OpenAI's audio comes as id, base64 data and transcript in pieces. */
function joinAudio(before: Record<string, unknown> | null | undefined, next: Record<string, unknown>) {
  const joined = { ...before, ...next };
  for (const name of ["data", "transcript"]) {
    const pieces = [before?.[name], next[name]].filter((piece) => typeof piece === "string");
    if (pieces.length > 0) joined[name] = pieces.join("");
  }
  return joined;
}

/** A whole answer as the chunks of a stream, for an upstream that does not stream. */
export function chunksOf(answer: ChatAnswer): ChatChunk[] {
  const { id, created, model } = answer;
  const base = { id, object: "chat.completion.chunk" as const, created, model };
  const more = {
    ...(answer.service_tier !== undefined && { service_tier: answer.service_tier }),
    ...(answer.system_fingerprint !== undefined && { system_fingerprint: answer.system_fingerprint }),
    ...(answer.extensions && { extensions: answer.extensions }),
  };
  const chunks: ChatChunk[] = answer.choices.flatMap((choice) => {
    const { index, message, finish_reason, ...rest } = choice;
    return [
      { ...base, ...more, choices: [{ index, delta: deltaOf(message), finish_reason: null }] },
      { ...base, choices: [{ index, delta: {}, finish_reason, ...rest }] },
    ];
  });
  if (answer.usage) chunks.push({ ...base, choices: [], usage: answer.usage });
  return chunks;
}

function deltaOf(message: AssistantMessage): ChatDelta {
  const { content, tool_calls, reasoning_content, reasoning_details, refusal, images, annotations, audio } =
    message;
  const parts = Array.isArray(content) ? content : undefined;
  const text = parts ? parts.map((part) => (part.type === "text" ? part.text : "")).join("") : content;
  const others = parts?.filter((part) => part.type === "extension") ?? [];
  return {
    role: "assistant",
    ...(reasoning_content && { reasoning_content }),
    ...(reasoning_details && {
      reasoning_details: reasoning_details.map((detail, index) => ({
        ...detail,
        index: detail.index ?? index,
      })),
    }),
    ...(text && { content: text as string }),
    ...(refusal && { refusal }),
    ...(tool_calls && { tool_calls: tool_calls.map((call, index) => ({ ...call, index })) }),
    ...(images && { images }),
    ...(annotations && { annotations }),
    ...(audio && { audio }),
    ...(others.length > 0 && { parts: others }),
  };
}
