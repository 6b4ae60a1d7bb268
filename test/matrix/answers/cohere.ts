import type { Answered, Asked } from "../cell.ts";
import { eventStream, pieces, sse } from "./events.ts";

/** A text, with reasoning, as Cohere's API reference has it (version 2, chat). */
export function answerAsCohere({ reply, stream }: Asked): Answered {
  const { error, reasoning = "", content = "" } = reply;
  if (error) return { status: error.status, body: JSON.stringify({ id: "e1", message: error.message }) };
  const tokens = { input_tokens: reply.usage.input, output_tokens: reply.usage.output };
  const usage = { billed_units: tokens, tokens };
  const parts = [
    { type: "thinking", thinking: reasoning },
    { type: "text", text: content },
  ];
  if (!stream) {
    const message = { role: "assistant", content: parts };
    return { body: JSON.stringify({ id: "c1", finish_reason: "COMPLETE", message, usage }) };
  }
  const events = [
    { type: "message-start", id: "c1", delta: { message: { role: "assistant", content: [] } } },
    ...eventsOf("thinking", reasoning, 0),
    ...eventsOf("text", content, 1),
    { type: "message-end", delta: { finish_reason: "COMPLETE", usage } },
  ];
  return { headers: eventStream, body: sse(events) };
}

function eventsOf(kind: "thinking" | "text", said: string, index: number): { type: string }[] {
  const event = (type: string, content: object) => ({ type, index, delta: { message: { content } } });
  const end = { type: "content-end", index };
  return [
    event("content-start", { type: kind, [kind]: "" }),
    ...pieces(said).map((piece) => event("content-delta", { [kind]: piece })),
    end,
  ];
}
