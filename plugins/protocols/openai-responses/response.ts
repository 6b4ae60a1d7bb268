import type { Response } from "openai/resources/responses/responses";
import type { AnswerContext, ChatAnswer, ChatRequest, Fields } from "../../../core/index.ts";
import { ours, ownOf } from "./own.ts";
import { encodeSettings } from "./request-encode.ts";

/** The call's id as it stands in the ids that are made for its response and items. */
export function idCore(callId: string): string {
  return callId.replace(/[^A-Za-z0-9]/g, "");
}

/** A response's id: the upstream's own where it speaks this protocol, else made from the call's. */
export function responseId(answer: Pick<ChatAnswer, "id" | "extensions">, callId: string): string {
  return answer.extensions?.[ours] && answer.id ? answer.id : `resp_${idCore(callId)}`;
}

/** What a response says of its request where nothing was asked for. */
const defaults = {
  background: false,
  instructions: null,
  max_output_tokens: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  store: true,
  temperature: 1,
  text: { format: { type: "text" } },
  tool_choice: "auto",
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: "disabled",
} satisfies Partial<Response> & Fields;

/** Members of a request that its response tells again. */
const told = [
  ...Object.keys(defaults),
  "conversation",
  "max_tool_calls",
  "prompt",
  "prompt_cache_retention",
  "user",
];

/** What a response tells again of its request. */
export function echo(context: AnswerContext<ChatRequest>): Fields {
  const { request } = context;
  const asked = encodeSettings(request, { ...context, drop: () => {} });
  const [first] = request.messages;
  const isGiven = first?.role === "system" && typeof first.content === "string" && !ownOf(first);
  const said: Fields = { ...defaults };
  for (const name of told) {
    const value = asked[name];
    if (value !== undefined && value !== null) said[name] = value;
  }
  if (isGiven) said["instructions"] = first.content;
  // Every call runs while its client waits.
  said["background"] = false;
  return {
    ...said,
    reasoning: { ...defaults.reasoning, ...(said["reasoning"] as Fields) },
    text: { ...defaults.text, ...(said["text"] as Fields) },
  };
}
