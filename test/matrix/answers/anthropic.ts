import type Anthropic from "@anthropic-ai/sdk";
import type { Answered, Asked, Reply } from "../cell.ts";
import { eventStream, pieces, sse } from "./events.ts";

type Event = Anthropic.RawMessageStreamEvent;

/** An answer as Anthropic's API reference has it. */
export function answerAsAnthropic({ reply, stream }: Asked): Answered {
  if (reply.error) {
    const { status, message } = reply.error;
    const error = { type: status === 429 ? "rate_limit_error" : "invalid_request_error", message };
    return { status, body: JSON.stringify({ type: "error", error, request_id: "req_1" }) };
  }
  const content = blocksOf(reply);
  const head = { id: "msg_matrix1", type: "message", role: "assistant", model: "claude-sonnet-4-5-20250929" };
  const usage = { input_tokens: reply.usage.input, output_tokens: reply.usage.output };
  const stop_reason = reply.toolCalls ? ("tool_use" as const) : ("end_turn" as const);
  if (!stream) return { body: JSON.stringify({ ...head, content, stop_reason, stop_sequence: null, usage }) };
  const started = { ...head, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } };
  const events = [
    { type: "message_start", message: started },
    { type: "ping" },
    ...content.flatMap(eventsOf),
    { type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage },
    { type: "message_stop" },
  ];
  return { headers: eventStream, body: sse(events) };
}

type Block = Anthropic.TextBlockParam | Anthropic.ThinkingBlockParam | Anthropic.ToolUseBlockParam;

function blocksOf({ reasoning, content, toolCalls = [] }: Reply): Block[] {
  return [
    ...(reasoning ? [{ type: "thinking" as const, thinking: reasoning, signature: "c2lnbmVk" }] : []),
    ...(content ? [{ type: "text" as const, text: content }] : []),
    ...toolCalls.map(({ id, name, arguments: args }) => ({
      type: "tool_use" as const,
      id,
      name,
      input: JSON.parse(args) as unknown,
    })),
  ];
}

function eventsOf(block: Block, index: number): { type: string }[] {
  const delta = (value: object): object => ({ type: "content_block_delta", index, delta: value });
  const parts = {
    text: () =>
      pieces((block as Anthropic.TextBlockParam).text).map((text) => delta({ type: "text_delta", text })),
    thinking: () => {
      const { thinking: whole, signature } = block as Anthropic.ThinkingBlockParam;
      const told = pieces(whole).map((thinking) => delta({ type: "thinking_delta", thinking }));
      return [...told, delta({ type: "signature_delta", signature })];
    },
    tool_use: () =>
      pieces(JSON.stringify((block as Anthropic.ToolUseBlockParam).input)).map((partial_json) =>
        delta({ type: "input_json_delta", partial_json }),
      ),
  };
  const empty = { text: { text: "" }, thinking: { thinking: "", signature: "" }, tool_use: { input: {} } };
  return [
    { type: "content_block_start", index, content_block: { ...block, ...empty[block.type] } },
    ...parts[block.type](),
    { type: "content_block_stop", index },
  ] as Event[];
}
