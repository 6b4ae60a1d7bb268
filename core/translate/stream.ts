import { BrokenBehind } from "./body.ts";
import { sseFrames } from "./frames.ts";
import { usageFromChat } from "./usage.ts";
import { ChunkJoiner } from "./join.ts";
import type { AssistantMessage, ChatChunk } from "../chat.ts";
import type { FrameReader, StreamDecoder, StreamEncoder, StreamEvent } from "../codec.ts";
import type { ReadAlong } from "../read-along.ts";
import type { Usage } from "../usage.ts";
import type { StreamTranslator } from "./body.ts";

/** What passes between the two protocols, for the log, the limits and the turns that come after. */
export class ChunkReadAlong implements ReadAlong {
  readonly #collect: boolean;
  /** Signed reasoning and tool calls, joined. */
  #turn: ChunkJoiner | undefined;
  #usage: Usage | undefined;
  #text = "";
  #outputEvents = 0;

  constructor(collect: boolean) {
    this.#collect = collect;
  }

  note(chunk: ChatChunk): void {
    const { choices, usage } = chunk;
    if (usage) this.#usage = usageFromChat(usage);
    for (const { delta } of choices) {
      const { content, tool_calls, reasoning_content } = delta;
      if (content || tool_calls || reasoning_content) this.#outputEvents++;
      if (this.#collect && content) this.#text += content;
    }
    this.#noteTurn(chunk);
  }

  #noteTurn(chunk: ChatChunk): void {
    // Most chunks bring text alone.
    if (!chunk.choices.some(({ delta }) => delta.tool_calls || delta.reasoning_details)) return;
    const choices = chunk.choices.flatMap(({ index, delta: { tool_calls, reasoning_details } }) =>
      tool_calls || reasoning_details
        ? [
            {
              index,
              delta: { ...(tool_calls && { tool_calls }), ...(reasoning_details && { reasoning_details }) },
            },
          ]
        : [],
    );
    (this.#turn ??= new ChunkJoiner()).add({ ...chunk, choices });
  }

  /** The messages so far, of which only reasoning and tool calls are kept. */
  turns(): AssistantMessage[] {
    return this.#turn?.answer()?.choices.map(({ message }) => message) ?? [];
  }

  chunk(): void {}
  end(): void {}

  usage(): Usage | undefined {
    return this.#usage;
  }

  text(): string {
    return this.#text;
  }

  outputEvents(): number {
    return this.#outputEvents;
  }
}

/** ms without a byte for the client after which an upstream's sign of life (a ping, a comment) becomes one for it. */
const pingAfter = 5000;

/** One chat stream on its way from the upstream's protocol to the client's. */
export function chatTranslator(
  decoder: StreamDecoder<ChatChunk>,
  encoder: StreamEncoder<ChatChunk>,
  makeFrames: (() => FrameReader) | undefined,
  along: ChunkReadAlong,
  now: () => number = () => performance.now(),
): StreamTranslator {
  const frames = (makeFrames ?? sseFrames)();
  /** When the client last got something; undefined before the first time, when another upstream can still be tried. */
  let given: number | undefined;
  const alive = (): string => {
    if (given === undefined || now() - given < pingAfter) return "";
    const isEvents = (encoder.contentType ?? "text/event-stream") === "text/event-stream";
    return encoder.ping?.() ?? (isEvents ? ": ping\n\n" : "");
  };
  const write = (chunks: readonly ChatChunk[]): string => {
    let text = "";
    for (const chunk of chunks) {
      along.note(chunk);
      text += encoder.chunk(chunk);
    }
    return text;
  };
  const translate = (events: readonly StreamEvent[]): string => {
    let text = "";
    try {
      for (const event of events) text += write(decoder.event(event));
    } catch (error) {
      throw text === "" ? error : new BrokenBehind(text, error);
    }
    return text;
  };
  return {
    push(bytes) {
      const text = translate(frames.push(bytes)) || alive();
      if (text) given = now();
      return text;
    },
    end() {
      const before = translate(frames.end());
      const { chunks, complete } = decoder.end();
      return { text: before + write(chunks) + (complete ? encoder.end() : ""), complete };
    },
  };
}
