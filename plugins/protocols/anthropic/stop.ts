import type { ChatChoice, FinishReason } from "../../../core/index.ts";

/** Anthropic's stop reasons as finish reasons. Source: Anthropic API reference, stop reasons. */
const finishReasons: ReadonlyMap<string, FinishReason> = new Map(
  Object.entries({
    end_turn: "stop",
    stop_sequence: "stop",
    pause_turn: "stop",
    compaction: "stop",
    max_tokens: "length",
    model_context_window_exceeded: "length",
    tool_use: "tool_calls",
    refusal: "content_filter",
  }),
);

const stopReasons: Readonly<Record<string, string>> = {
  stop: "end_turn",
  length: "max_tokens",
  tool_calls: "tool_use",
  function_call: "tool_use",
  content_filter: "refusal",
};

export function finishReasonOf(stopReason: unknown): FinishReason {
  return (typeof stopReason === "string" && finishReasons.get(stopReason)) || "stop";
}

type Ended = Pick<ChatChoice, "finish_reason" | "native_finish_reason" | "stop_sequence">;

/** The stop reason of an answer: the upstream's own word where it is one of these, and says the same. */
export function stopReasonOf(ended: Ended, hasCalls: boolean): string {
  const { finish_reason, native_finish_reason: native, stop_sequence } = ended;
  if (native && finishReasons.get(native) === finish_reason) return native;
  // Some vendors say `stop` though they call a tool; a client runs tools by this word.
  if (hasCalls && finish_reason === "stop") return "tool_use";
  if (finish_reason === "stop" && stop_sequence) return "stop_sequence";
  return stopReasons[finish_reason] ?? "end_turn";
}
