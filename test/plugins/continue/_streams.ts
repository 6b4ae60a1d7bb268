import type { ServerResponse } from "node:http";
import { startUpstream } from "../../_gateway.ts";
import type { TestUpstream } from "../../_gateway.ts";
import type { Defer } from "../../_defer.ts";

/** What an upstream says: a text, or how its stream ends. */
export type Said = string | { tool: string } | { thought: string } | "END";

const usage = { input_tokens: 10, output_tokens: 1 };
const event = (type: string, more: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;

/** Anthropic's events for pieces of text; a tool's call, or a thought, is a block of its own. */
export function anthropicEvents(pieces: readonly Said[], id = "msg_1"): string {
  const message = { id, type: "message", role: "assistant", model: "claude-sonnet-4-5", content: [], usage };
  let text = event("message_start", { message });
  let open = -1;
  const start = (content_block: object): string =>
    event("content_block_start", { index: ++open, content_block });
  for (const piece of pieces) {
    if (piece === "END") continue;
    if (typeof piece !== "string") {
      text +=
        "tool" in piece
          ? start({ type: "tool_use", id: "toolu_1", name: piece.tool, input: {} })
          : start({ type: "thinking", thinking: "", signature: "" }) +
            event("content_block_delta", {
              index: open,
              delta: { type: "thinking_delta", thinking: piece.thought },
            });
      continue;
    }
    if (open < 0) text += start({ type: "text", text: "" });
    text += event("content_block_delta", { index: open, delta: { type: "text_delta", text: piece } });
  }
  if (pieces.at(-1) !== "END") return text;
  const delta = { stop_reason: "end_turn", stop_sequence: null };
  text += event("content_block_stop", { index: open });
  return text + event("message_delta", { delta, usage: { output_tokens: 7 } }) + event("message_stop", {});
}

export const overloaded = event("error", { error: { type: "overloaded_error", message: "Overloaded" } });

/** OpenAI's events for pieces of text. */
export function openaiEvents(pieces: readonly string[], id = "chatcmpl-1"): string {
  const chunk = { id, object: "chat.completion.chunk", created: 1, model: "m" };
  const data = (choices: object[], more: object = {}): string =>
    `data: ${JSON.stringify({ ...chunk, choices, ...more })}\n\n`;
  const said = pieces.filter((piece) => piece !== "END");
  const text =
    data([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]) +
    said.map((content) => data([{ index: 0, delta: { content }, finish_reason: null }])).join("");
  if (pieces.at(-1) !== "END") return text;
  const tokens = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 };
  return (
    text +
    data([{ index: 0, delta: {}, finish_reason: "stop" }]) +
    data([], { usage: tokens }) +
    "data: [DONE]\n\n"
  );
}

/** Sends a text, and ends or cuts the stream once it is on its way. */
export function stream(res: ServerResponse, text: string, end: "end" | "cut" = "end"): void {
  res.writeHead(200, { "content-type": "text/event-stream" });
  res.write(text, () => (end === "end" ? res.end() : setImmediate(() => res.destroy())));
}

/** An upstream whose answers are given. */
export async function streaming(
  defer: Defer,
  answer: (res: ServerResponse, count: number) => void,
): Promise<TestUpstream> {
  let count = 0;
  const upstream = await startUpstream((_req, res) => answer(res, ++count));
  defer(upstream.close);
  return upstream;
}
