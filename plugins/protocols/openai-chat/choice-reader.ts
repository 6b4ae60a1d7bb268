import { isFields } from "../../../core/index.ts";
import type { ChatDelta, ChunkChoice, Fields } from "../../../core/index.ts";
import { readFinish } from "./finish.ts";
import { readParts, readReasoning } from "./reasoning.ts";
import { ThinkSplitter } from "./think.ts";
import { ToolCallReader } from "./tool-calls.ts";

/** Reads what a stream says of one choice. */
export class ChoiceReader {
  readonly #index: number;
  readonly #calls: ToolCallReader;
  /** Gone once the vendor tells reasoning by itself, or the text has begun without it. */
  #splitter: ThinkSplitter | undefined = new ThinkSplitter();
  #begun = false;
  finished = false;

  /** @param name Tells ids apart that are made here. */
  constructor(index: number, name: string) {
    this.#index = index;
    this.#calls = new ToolCallReader(name);
  }

  /** One choice of a chunk; nothing where it says nothing. A vendor may send the message where the delta should be. */
  read(choice: Fields): ChunkChoice[] {
    const { delta: given, message, finish_reason: word, logprobs, stop_reason } = choice;
    const delta = isFields(given) ? this.#delta(given) : isFields(message) ? this.#delta(message) : {};
    const ends = typeof word === "string" && word !== "" && !this.finished;
    const read: ChunkChoice = { index: this.#index, delta, finish_reason: null };
    if (ends) {
      this.#flush(delta);
      Object.assign(read, readFinish(word, this.#calls.any));
      if (typeof stop_reason === "string") read.stop_sequence = stop_reason;
      this.finished = true;
    }
    if (logprobs) read.logprobs = logprobs;
    // A vendor's own members of a choice stay, as they do in whole answers.
    if (ends && typeof choice["native_finish_reason"] === "string") {
      read.native_finish_reason = choice["native_finish_reason"];
    }
    return ends || logprobs || Object.keys(delta).length > 0 ? [read] : [];
  }

  /** The end of a choice that was not told. */
  end(): ChunkChoice[] {
    if (this.finished) return [];
    this.finished = true;
    const delta: ChatDelta = {};
    this.#flush(delta);
    return [{ index: this.#index, delta, ...readFinish(undefined, this.#calls.any) }];
  }

  #delta(given: Fields): ChatDelta {
    const delta: ChatDelta = {};
    if (!this.#begun) {
      this.#begun = true;
      delta.role = "assistant";
    }
    for (const name in given) {
      const value = given[name];
      if (value === null || value === undefined) continue;
      if (name === "content") this.#content(value, delta);
      else if (name !== "role") this.#member(name, value, given, delta);
    }
    return delta;
  }

  #member(name: string, value: unknown, given: Fields, delta: ChatDelta): void {
    switch (name) {
      case "reasoning_content":
      case "reasoning":
      case "reasoning_details":
        if (delta.reasoning_content === undefined) this.#reasoning(given, delta);
        return;
      case "tool_calls":
        this.#add(delta, this.#calls.read(value));
        return;
      case "function_call":
        if (isFields(value)) this.#add(delta, [this.#calls.readSingle(value)]);
        return;
      default:
        (delta as Fields)[name] = value;
    }
  }

  #content(value: unknown, delta: ChatDelta): void {
    if (Array.isArray(value)) {
      const { reasoning, content } = readParts(value);
      if (reasoning) this.#addReasoning(delta, reasoning);
      if (content) this.#text(content, delta);
    } else if (typeof value === "string") this.#text(value, delta);
  }

  #text(text: string, delta: ChatDelta): void {
    if (!this.#splitter || text === "") {
      delta.content = (delta.content ?? "") + text;
      return;
    }
    const { reasoning, content } = this.#splitter.push(text);
    if (reasoning) delta.reasoning_content = (delta.reasoning_content ?? "") + reasoning;
    if (content) {
      delta.content = (delta.content ?? "") + content;
      this.#splitter = undefined;
    }
  }

  #reasoning(given: Fields, delta: ChatDelta): void {
    const { text, details } = readReasoning(given);
    if (text) this.#addReasoning(delta, text);
    if (details) delta.reasoning_details = details;
  }

  #addReasoning(delta: ChatDelta, text: string): void {
    delta.reasoning_content = (delta.reasoning_content ?? "") + text;
    if (!this.#splitter) return;
    const { content } = this.#splitter.end();
    if (content) delta.content = content + (delta.content ?? "");
    this.#splitter = undefined;
  }

  #add(delta: ChatDelta, calls: ChatDelta["tool_calls"] = []): void {
    if (calls.length > 0) delta.tool_calls = [...(delta.tool_calls ?? []), ...calls];
  }

  /** Gives out what was held back. */
  #flush(delta: ChatDelta): void {
    const held = this.#splitter?.end();
    this.#splitter = undefined;
    if (held?.reasoning) delta.reasoning_content = (delta.reasoning_content ?? "") + held.reasoning;
    if (held?.content) delta.content = (delta.content ?? "") + held.content;
    this.#add(delta, this.#calls.finish());
  }
}
