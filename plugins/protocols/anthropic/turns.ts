import { partsOf, textOfContent, toolId } from "../../../core/index.ts";
import { assistantBlocks, toolIdLimit, upstream } from "./assistant-encode.ts";
import { blocksOf, cacheMarkOf, plainText } from "./blocks-encode.ts";
import { ownOf, textIn, wire } from "./fields.ts";
import type {
  BetaMessageParam,
  BetaToolResultBlockParam,
  BetaUserMessageParam,
} from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type {
  AssistantMessage,
  ChatMessage,
  CodecContext,
  ContentPart,
  Fields,
  InstructionMessage,
  ToolMessage,
} from "../../../core/index.ts";
import type { ModelFacts } from "./models.ts";

/** One turn on its way to Anthropic's shape: results stand before all else in it. */
interface Turn {
  role: "user" | "assistant" | "system";
  results: Fields[];
  blocks: Fields[];
  /** The content, where it is one text and was given as such. */
  sole?: string | undefined;
  /** Ids of calls without a result yet: as the client has them, and as they are sent. */
  pending: Map<string, string>;
  extra: Fields;
}

/** Stands where the protocol wants a turn of the user and the conversation has none. */
const filler = "Continue.";

/**
 * Messages as turns: neighbours of one role are one turn, the first is the user's, every call has its result in the
 * turn behind it, before any text; nothing is empty.
 */
export function turnsOf(
  messages: readonly ChatMessage[],
  facts: ModelFacts,
  context: CodecContext,
): Fields[] {
  const turns = new Turns(facts, context);
  for (const message of messages) turns.add(message);
  return turns.finish();
}

class Turns {
  readonly #turns: Turn[] = [];
  readonly #facts: ModelFacts;
  readonly #context: CodecContext;
  /** Ids of calls so far: they have to be unique over the conversation, and some vendors count from 1 in each answer. */
  readonly #ids = new Set<string>();

  constructor(facts: ModelFacts, context: CodecContext) {
    this.#facts = facts;
    this.#context = context;
  }

  add(message: ChatMessage): void {
    if ("name" in message && message.name) this.#context.drop("messages.name");
    if (message.role === "assistant") this.#addAssistant(message);
    else if (message.role === "tool") this.#addResult(message);
    else if (message.role === "user") this.#addUser(message.content);
    else this.#addInstruction(message);
  }

  #push(role: Turn["role"]): Turn {
    const turn: Turn = { role, results: [], blocks: [], pending: new Map(), extra: {} };
    this.#turns.push(turn);
    return turn;
  }

  #last(): Turn | undefined {
    return this.#turns.at(-1);
  }

  /** The user's turn that is going on: a system message within it stays behind it. */
  #userTurn(): Turn {
    const last = this.#last();
    const turn = last?.role === "system" ? this.#turns.at(-2) : last;
    return turn?.role === "user" ? turn : this.#push("user");
  }

  #addUser(content: string | ContentPart[]): void {
    const text = typeof content === "string" ? content : undefined;
    const blocks = blocksOf(content, this.#context);
    if (blocks.length > 0) append(this.#userTurn(), blocks, text);
  }

  #addAssistant(message: AssistantMessage): void {
    if (message.images?.length) this.#context.drop("messages.images");
    const blocks = assistantBlocks(message, this.#context, upstream(this.#facts.unsigned));
    if (blocks.length === 0) return;
    const last = this.#last();
    const turn = last?.role === "assistant" ? last : this.#push("assistant");
    const renamed = blocks.map((block) => this.#register(block, turn));
    // The calls' ids as the client has them are those that its results name.
    for (const { id } of message.tool_calls ?? []) {
      const sent = turn.pending.get(toolId(id, toolIdLimit));
      if (sent === undefined) continue;
      turn.pending.delete(toolId(id, toolIdLimit));
      turn.pending.set(id, sent);
    }
    const { content } = message;
    append(turn, renamed, typeof content === "string" && blocks.length === 1 ? content : undefined);
  }

  /** Notes a call, under an id that no earlier call has. */
  #register(block: Fields, turn: Turn): Fields {
    if (block["type"] !== "tool_use") return block;
    const id = textIn(block, "id");
    let sent = id;
    for (let n = 2; this.#ids.has(sent); n++) sent = toolId(`${id}_${n}`, toolIdLimit);
    this.#ids.add(sent);
    turn.pending.set(id, sent);
    return sent === id ? block : { ...block, id: sent };
  }

  #addResult(message: ToolMessage): void {
    const { tool_call_id: id } = message;
    const at = this.#turns.findLastIndex(({ pending }) => pending.has(id));
    const asked = this.#turns[at];
    const sent = asked?.pending.get(id);
    if (!asked || sent === undefined) {
      // A result of no call is refused; what it says is kept.
      this.#addUser([{ type: "text", text: `Result of the tool call ${id}:` }, ...partsOf(message.content)]);
      return;
    }
    asked.pending.delete(id);
    const turn = this.#turns[at + 1] ?? this.#push("user");
    turn.results.push(this.#result(message, sent));
    separate(turn);
  }

  #result(message: ToolMessage, id: string): Fields {
    const { content, is_error } = message;
    const blocks = typeof content === "string" ? content : blocksOf(content, this.#context);
    const result = wire<BetaToolResultBlockParam>({
      type: "tool_result",
      tool_use_id: id,
      ...(blocks.length > 0 && { content: blocks as BetaToolResultBlockParam["content"] }),
      ...(is_error !== undefined && { is_error }),
      ...cacheMarkOf(message),
    });
    return { ...result, ...ownOf(message) };
  }

  /**
   * An instruction in mid-conversation: a system message where the model takes one and it stands behind the user's
   * turn, as it has to; else a marked text of the user's turn, which keeps its place.
   */
  #addInstruction(message: InstructionMessage): void {
    const { content } = message;
    const last = this.#last();
    if (!this.#facts.midSystem || !last || last.role === "assistant") {
      const text = textOfContent(content).trim();
      if (text) this.#addUser(`<system-reminder>\n${text}\n</system-reminder>`);
      return;
    }
    const blocks = blocksOf(content, this.#context);
    if (blocks.length === 0) return;
    const turn = last.role === "system" ? last : this.#push("system");
    append(turn, blocks, typeof content === "string" ? content : undefined);
    Object.assign(turn.extra, ownOf(message));
  }

  finish(): Fields[] {
    for (let i = 0; i < this.#turns.length; i++) this.#answerAll(i);
    if (this.#turns[0]?.role !== "user") this.#turns.unshift(fillerTurn());
    this.#endRightly();
    return this.#turns.map(write);
  }

  /** Calls that the client left without a result. */
  #answerAll(at: number): void {
    const { pending } = this.#turns[at] as Turn;
    if (pending.size === 0) return;
    const turn = this.#turns[at + 1] ?? this.#push("user");
    for (const id of pending.values()) {
      const content = "The tool gave no result.";
      turn.results.push(
        wire<BetaToolResultBlockParam>({ type: "tool_result", tool_use_id: id, content, is_error: true }),
      );
    }
    separate(turn);
  }

  /** The assistant's last words may not end in white space, and have to be followed where they cannot be continued. */
  #endRightly(): void {
    const last = this.#last();
    if (last?.role !== "assistant") return;
    const block = last.blocks.at(-1);
    if (block?.["type"] !== "text") return;
    last.blocks[last.blocks.length - 1] = { ...block, text: textIn(block, "text").trimEnd() };
    last.sole = last.sole?.trimEnd();
    if (!this.#facts.prefill) this.#turns.push(fillerTurn());
  }
}

function fillerTurn(): Turn {
  const blocks = [plainText(filler) as Fields];
  return { role: "user", results: [], blocks, sole: filler, pending: new Map(), extra: {} };
}

function append(turn: Turn, blocks: readonly Fields[], sole: string | undefined): void {
  const fresh = turn.blocks.length === 0 && turn.results.length === 0;
  turn.sole = fresh ? sole : undefined;
  turn.blocks.push(...blocks);
}

function separate(turn: Turn): void {
  turn.sole = undefined;
}

function write({ role, results, blocks, sole, extra }: Turn): Fields {
  const content = sole ?? ([...results, ...blocks] as object as BetaUserMessageParam["content"]);
  // The roles are three types of one shape; which blocks a role takes is seen to where they are made.
  const message = { role, content } as BetaUserMessageParam;
  return { ...wire<BetaMessageParam>(message), ...extra };
}
