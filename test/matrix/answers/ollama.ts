import type { Answered, Asked } from "../cell.ts";
import { pieces } from "./events.ts";

/** An answer as Ollama's API reference has it: one JSON object, or one a line. */
export function answerAsOllama({ reply, stream, seen }: Asked): Answered {
  const { error, reasoning, content = "", toolCalls = [], usage } = reply;
  if (error) return { status: error.status, body: JSON.stringify({ error: error.message }) };
  const head = { model: seen.body["model"], created_at: "2026-11-01T12:00:00.000000Z" };
  const end = {
    done: true,
    done_reason: "stop",
    total_duration: 5_000_000,
    load_duration: 1_000_000,
    prompt_eval_count: usage.input,
    prompt_eval_duration: 1_000_000,
    eval_count: usage.output,
    eval_duration: 3_000_000,
  };
  const tool_calls = toolCalls.map(({ id, name, arguments: args }) => ({
    id,
    function: { name, arguments: JSON.parse(args) as unknown },
  }));
  const called = tool_calls.length > 0 && { tool_calls };
  const said = (parts: object): object => ({ message: { role: "assistant", content: "", ...parts } });
  if (!stream) {
    const message = said({ content, ...(reasoning && { thinking: reasoning }), ...called });
    return { body: JSON.stringify({ ...head, ...message, ...end }) };
  }
  const lines = [
    ...pieces(reasoning ?? "").map((thinking) => said({ thinking })),
    ...pieces(content).map((piece) => said({ content: piece })),
    ...(called ? [said(called)] : []),
  ].map((line) => ({ ...head, ...line, done: false }));
  const body = [...lines, { ...head, ...said({}), ...end }]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("");
  return { headers: { "content-type": "application/x-ndjson" }, body };
}
