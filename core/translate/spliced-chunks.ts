import { estimateTokens } from "../estimate.ts";
import { isFields } from "../fields.ts";
import type { ChatChunk, ChatDelta, ChatUsage, ChunkChoice } from "../chat.ts";
import type { StreamDecoder } from "../codec.ts";

/** What a continued answer can be made of; of anything else, the beginning cannot be given to another upstream. */
const plainMembers = new Set(["role", "content", "reasoning_content", "reasoning_details", "annotations"]);

/** The chunks of one answer that comes in several parts, as one stream: one begin, one id, all tokens added up. */
export class SplicedChunks {
  readonly #estimateInput: () => number;
  #head: Pick<ChatChunk, "id" | "created" | "model"> | undefined;
  /** What the client has. */
  text = "";
  /** Where the part that goes on began in it. */
  #partAt = 0;
  #isPlain = true;
  #reasoned = false;
  #finished = false;
  /** Of the parts that broke, and of the one that goes on. */
  #before: ChatUsage | undefined;
  #usage: ChatUsage | undefined;
  /** White space that the client has and that the upstream was not given: it may say it again. */
  #owed = "";

  /** @param estimateInput Tokens of the request, for a part that told none. */
  constructor(estimateInput: () => number) {
    this.#estimateInput = estimateInput;
  }

  /** Whether another upstream can go on from here. */
  get mayGoOn(): boolean {
    // What the model thought cannot be given on, and would be thought again.
    const onlyThought = this.#reasoned && this.text === "";
    return this.#isPlain && !this.#finished && !onlyThought;
  }

  /** The part that came broke; the next one begins. */
  broke(): void {
    const said = this.text.slice(this.#partAt);
    this.#before = sum(this.#before, this.#usage ?? this.#estimate(said)) as ChatUsage;
    this.#usage = undefined;
    this.#partAt = this.text.length;
    this.#owed = this.text.slice(this.text.trimEnd().length);
  }

  wrap(decoder: StreamDecoder<ChatChunk>): StreamDecoder<ChatChunk> {
    return {
      event: (event) => this.#all(decoder.event(event)),
      end: () => {
        const { chunks, complete } = decoder.end();
        return { chunks: this.#all(chunks), complete };
      },
    };
  }

  #all(chunks: ChatChunk[]): ChatChunk[] {
    // The first part passes as it is.
    if (this.#before === undefined) {
      for (const chunk of chunks) this.#note(chunk);
      return chunks;
    }
    return chunks.flatMap((chunk) => {
      const fitted = this.#fit(chunk);
      this.#note(fitted);
      return fitted.choices.length > 0 || fitted.usage ? [fitted] : [];
    });
  }

  #note(chunk: ChatChunk): void {
    const { id, created, model, usage, choices } = chunk;
    this.#head ??= { id, created, model };
    if (usage && !this.#before) this.#usage = usage;
    for (const { index, delta, finish_reason, logprobs } of choices) {
      if (index !== 0 || logprobs) this.#isPlain = false;
      if (finish_reason) this.#finished = true;
      this.#noteDelta(delta);
    }
  }

  #noteDelta(delta: ChatDelta): void {
    for (const [name, value] of Object.entries(delta)) {
      if (value === null || value === undefined || value === "") continue;
      if (!plainMembers.has(name)) this.#isPlain = false;
      if (name.startsWith("reasoning")) this.#reasoned = true;
    }
    if (delta.content) this.text += delta.content;
  }

  /** A chunk of a later part. */
  #fit(chunk: ChatChunk): ChatChunk {
    const choices = chunk.choices.flatMap((choice) => this.#choice(choice));
    const { usage, ...rest } = chunk;
    if (usage) this.#usage = usage;
    const told = usage && this.#before ? (sum(this.#before, usage) as ChatUsage) : undefined;
    return { ...rest, ...this.#head, choices, ...(told && { usage: told }) };
  }

  #choice(choice: ChunkChoice): ChunkChoice[] {
    const { role: _role, content, ...others } = choice.delta;
    const said = content ? this.#unsaid(content) : "";
    const delta: ChatDelta = { ...others, ...(said && { content: said }) };
    const isEmpty = Object.keys(delta).length === 0 && !choice.finish_reason;
    return isEmpty ? [] : [{ ...choice, delta }];
  }

  /** Without white space that the client has already. */
  #unsaid(content: string): string {
    let at = 0;
    while (at < content.length && at < this.#owed.length && content[at] === this.#owed[at]) at++;
    this.#owed = at === content.length ? this.#owed.slice(at) : "";
    return content.slice(at);
  }

  #estimate(said: string): ChatUsage {
    const input = this.#estimateInput();
    const output = estimateTokens(said);
    return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  }
}

/** Two objects of numbers, added member by member. */
function sum(a: unknown, b: unknown): unknown {
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (!isFields(a) || !isFields(b)) return b ?? a;
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return Object.fromEntries(names.map((name) => [name, sum(a[name], b[name])]));
}
