import { badAnswer } from "../../../core/index.ts";
import type { FinishReason } from "../../../core/index.ts";

/** Words that OpenAI has, and those that its imitators have for the same. */
const finishReasons: ReadonlyMap<string, FinishReason> = new Map(
  Object.entries({
    stop: "stop",
    length: "length",
    tool_calls: "tool_calls",
    content_filter: "content_filter",
    function_call: "tool_calls",
    eos: "stop",
    eos_token: "stop",
    end_turn: "stop",
    stop_sequence: "stop",
    stop_token: "stop",
    complete: "stop",
    max_tokens: "length",
    max_length: "length",
    model_length: "length",
    tool_use: "tool_calls",
    tool_call: "tool_calls",
    sensitive: "content_filter",
    safety: "content_filter",
  }),
);

/** The upstream's own word for an answer that it could not finish: DeepSeek, z.ai, OpenRouter. */
const failures = new Set(["error", "network_error", "insufficient_system_resource"]);

export interface Finish {
  finish_reason: FinishReason;
  native_finish_reason?: string;
}

/**
 * Reads a finish reason; its own word is kept where it is another. A forced call ends with `stop`, at some vendors any
 * call does: with calls it is `tool_calls`. Throws where it says that the answer failed.
 */
export function readFinish(word: unknown, hasCalls: boolean): Finish {
  const native = typeof word === "string" && word ? word : undefined;
  if (native !== undefined && failures.has(native)) throw badAnswer(`it ended with ${native}`);
  const known = native === undefined ? "stop" : (finishReasons.get(native.toLowerCase()) ?? "stop");
  const finish_reason = known === "stop" && hasCalls ? "tool_calls" : known;
  return {
    finish_reason,
    ...(native !== undefined && native !== finish_reason && { native_finish_reason: native }),
  };
}

const spoken = new Set<string>(["stop", "length", "tool_calls", "content_filter"]);

/** A word that OpenAI's clients know. */
export function writeFinish(reason: FinishReason): "stop" | "length" | "tool_calls" | "content_filter" {
  if (reason === "function_call") return "tool_calls";
  return spoken.has(reason) ? (reason as ReturnType<typeof writeFinish>) : "stop";
}
