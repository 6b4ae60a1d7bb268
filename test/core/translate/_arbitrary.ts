import * as fc from "fast-check";
import type {
  AssistantMessage,
  ChatAnswer,
  ChatMessage,
  ChatRequest,
  ChatTool,
  FunctionCall,
  ReasoningDetail,
} from "../../../core/index.ts";
import { usage } from "./_wire.ts";

/** Text with something to see in it; other white space at its ends is for each protocol's own tests. */
export const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }).map((one) => `«${one}»`);

const id = fc.oneof(
  fc.stringMatching(/^call_[a-zA-Z0-9]{1,20}$/),
  fc.stringMatching(/^toolu_[a-zA-Z0-9]{1,60}$/),
  fc.string({ minLength: 1, maxLength: 80 }),
);
const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,30}$/);
/** Members that look like JavaScript's own are for the JSON tests. */
const member = fc.stringMatching(/^[a-z]{1,8}$/);
const args = fc
  .dictionary(
    member,
    fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.integer())),
  )
  .map((value) => JSON.stringify(value));

const call = fc
  .record({ id, name, arguments: args })
  .map(({ id: callId, ...fn }): FunctionCall => ({ id: callId, type: "function", function: fn }));
const calls = fc.uniqueArray(call, { minLength: 1, maxLength: 3, selector: (one) => one.id });

const detail: fc.Arbitrary<ReasoningDetail> = fc.oneof(
  fc
    .record({ text, signature: fc.base64String({ minLength: 4 }) })
    .map(({ text: thought, signature }): ReasoningDetail => ({
      type: "reasoning.text",
      text: thought,
      signature,
      format: "anthropic-claude-v1",
    })),
  fc
    .base64String({ minLength: 4 })
    .map((data): ReasoningDetail => ({ type: "reasoning.encrypted", data, format: "openai-responses-v1" })),
);

const said = (
  content: string | null,
  thought: string | undefined,
  more: Partial<AssistantMessage>,
): AssistantMessage => ({
  role: "assistant",
  content,
  ...(thought !== undefined && { reasoning_content: thought }),
  ...more,
});

/** A message that says, thinks, calls, or all of it. */
export const assistant: fc.Arbitrary<AssistantMessage> = fc
  .record({
    content: fc.option(text),
    thought: fc.option(text, { nil: undefined }),
    details: fc.option(fc.array(detail, { minLength: 1, maxLength: 2 }), { nil: undefined }),
    calls: fc.option(calls, { nil: undefined }),
  })
  .map(({ content, thought, details, calls: made }) =>
    said(made ? content : (content ?? "«nothing»"), thought, {
      ...(details && { reasoning_details: details }),
      ...(made && { tool_calls: made }),
    }),
  );

const user = text.map((content): ChatMessage => ({ role: "user", content }));

/** A turn with its results: calls are answered in their order. */
const turn = fc.tuple(user, assistant, text).map(([asked, message, result]): ChatMessage[] => [
  asked,
  message,
  ...(message.tool_calls ?? []).map((one): ChatMessage => ({
    role: "tool",
    tool_call_id: one.id,
    content: result,
  })),
]);

const tool = fc.record({ name, property: member }).map(({ name: toolName, property }): ChatTool => ({
  type: "function",
  function: {
    name: toolName,
    description: "Does it.",
    parameters: { type: "object", properties: { [property]: { type: "string" } }, required: [property] },
  },
}));

export const request: fc.Arbitrary<ChatRequest> = fc
  .record({
    system: fc.option(text, { nil: undefined }),
    turns: fc.array(turn, { maxLength: 3 }),
    last: user,
    tools: fc.uniqueArray(tool, { maxLength: 3, selector: (one) => JSON.stringify(one) }),
    temperature: fc.option(fc.constantFrom(0, 0.5, 1), { nil: undefined }),
    top_p: fc.option(fc.constantFrom(0.1, 0.9), { nil: undefined }),
    seed: fc.option(fc.nat(), { nil: undefined }),
    stop: fc.option(fc.array(text, { minLength: 1, maxLength: 3 }), { nil: undefined }),
    effort: fc.option(fc.constantFrom("none", "low", "medium", "high"), { nil: undefined }),
  })
  .map(({ system, turns, last, tools, effort, temperature, top_p, seed, stop }): ChatRequest => ({
    model: "model-1",
    messages: [
      ...(system === undefined ? [] : [{ role: "system" as const, content: system }]),
      ...turns.flat(),
      last,
    ],
    max_completion_tokens: 4096,
    ...(tools.length > 0 && { tools }),
    ...(temperature !== undefined && { temperature }),
    ...(top_p !== undefined && { top_p }),
    ...(seed !== undefined && { seed }),
    ...(stop && { stop }),
    ...(effort !== undefined && { reasoning_effort: effort }),
  }));

export const answer: fc.Arbitrary<ChatAnswer> = assistant.map((message) => ({
  id: "answer-1",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "model-1",
  choices: [{ index: 0, message, finish_reason: message.tool_calls ? "tool_calls" : "stop" }],
  usage,
}));
