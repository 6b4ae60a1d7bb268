import type { ResponseStreamEvent } from "openai/resources/responses/responses";

type Unnumbered<E> = E extends unknown ? Omit<E, "sequence_number"> : never;

/** Events as a stream's text, numbered. */
export function streamOf(
  events: readonly (Unnumbered<ResponseStreamEvent> | Record<string, unknown>)[],
): string {
  return events
    .map(
      (event, at) =>
        `event: ${String(event["type" as never])}\ndata: ${JSON.stringify({ ...event, sequence_number: at })}\n\n`,
    )
    .join("");
}

const response = {
  id: "resp_1",
  object: "response",
  created_at: 1_741_476_542,
  model: "gpt-5",
  status: "in_progress",
  output: [],
};

export const usage = {
  input_tokens: 328,
  input_tokens_details: { cached_tokens: 100, cache_write_tokens: 20 },
  output_tokens: 52,
  output_tokens_details: { reasoning_tokens: 12 },
  total_tokens: 380,
};

export const began = [
  { type: "response.created", response },
  { type: "response.in_progress", response },
];

export const completed = {
  type: "response.completed",
  response: { ...response, status: "completed", usage, service_tier: "default", metadata: {} },
};

const rs = { item_id: "rs_1", output_index: 0 };
const msg = { item_id: "msg_1", output_index: 2, content_index: 0 };
const message = { id: "msg_1", type: "message", role: "assistant" };
const call = { type: "function_call", status: "completed" };
const text = "See [1] — 漢字 🌍";
const annotation = {
  type: "url_citation",
  start_index: 4,
  end_index: 7,
  url: "https://a.example",
  title: "A",
};

/** What a reasoning model that searches, speaks and calls in parallel says, as OpenAI's service says it. */
export const recorded: (Unnumbered<ResponseStreamEvent> | Record<string, unknown>)[] = [
  ...began,
  {
    type: "response.output_item.added",
    output_index: 0,
    item: { id: "rs_1", type: "reasoning", summary: [] },
  },
  {
    type: "response.reasoning_summary_part.added",
    ...rs,
    summary_index: 0,
    part: { type: "summary_text", text: "" },
  },
  {
    type: "response.reasoning_summary_text.delta",
    ...rs,
    summary_index: 0,
    delta: "**Look",
    obfuscation: "Xy",
  },
  { type: "response.reasoning_summary_text.delta", ...rs, summary_index: 0, delta: "ing** — ä" },
  { type: "response.reasoning_summary_text.done", ...rs, summary_index: 0, text: "**Looking** — ä" },
  {
    type: "response.reasoning_summary_part.done",
    ...rs,
    summary_index: 0,
    part: { type: "summary_text", text: "**Looking** — ä" },
  },
  {
    type: "response.reasoning_summary_part.added",
    ...rs,
    summary_index: 1,
    part: { type: "summary_text", text: "" },
  },
  { type: "response.reasoning_summary_text.delta", ...rs, summary_index: 1, delta: "**Found**" },
  { type: "response.reasoning_summary_text.done", ...rs, summary_index: 1, text: "**Found**" },
  {
    type: "response.reasoning_summary_part.done",
    ...rs,
    summary_index: 1,
    part: { type: "summary_text", text: "**Found**" },
  },
  {
    type: "response.output_item.done",
    output_index: 0,
    item: {
      id: "rs_1",
      type: "reasoning",
      summary: [
        { type: "summary_text", text: "**Looking** — ä" },
        { type: "summary_text", text: "**Found**" },
      ],
      encrypted_content: "gAAAAABo",
    },
  },
  {
    type: "response.output_item.added",
    output_index: 1,
    item: { type: "web_search_call", id: "ws_1", status: "in_progress" },
  },
  { type: "response.web_search_call.in_progress", item_id: "ws_1", output_index: 1 },
  { type: "response.web_search_call.searching", item_id: "ws_1", output_index: 1 },
  { type: "response.web_search_call.completed", item_id: "ws_1", output_index: 1 },
  {
    type: "response.output_item.done",
    output_index: 1,
    item: {
      type: "web_search_call",
      id: "ws_1",
      status: "completed",
      action: { type: "search", query: "x" },
    },
  },
  {
    type: "response.output_item.added",
    output_index: 2,
    item: { ...message, status: "in_progress", content: [] },
  },
  { type: "response.content_part.added", ...msg, part: { type: "output_text", text: "", annotations: [] } },
  { type: "response.output_text.delta", ...msg, delta: "See [1] — 漢", logprobs: [] },
  { type: "response.output_text.delta", ...msg, delta: "字 🌍", logprobs: [] },
  { type: "response.output_text.annotation.added", ...msg, annotation_index: 0, annotation },
  { type: "response.output_text.done", ...msg, text, logprobs: [] },
  {
    type: "response.content_part.done",
    ...msg,
    part: { type: "output_text", text, annotations: [annotation] },
  },
  {
    type: "response.output_item.done",
    output_index: 2,
    item: {
      ...message,
      status: "completed",
      content: [{ type: "output_text", text, annotations: [annotation] }],
    },
  },
  {
    type: "response.output_item.added",
    output_index: 3,
    item: { ...call, id: "fc_1", call_id: "call_1", name: "a", arguments: "" },
  },
  { type: "response.function_call_arguments.delta", item_id: "fc_1", output_index: 3, delta: '{"x"' },
  {
    type: "response.output_item.added",
    output_index: 4,
    item: { ...call, id: "fc_2", call_id: "call_2", name: "b", arguments: "" },
  },
  { type: "response.function_call_arguments.delta", item_id: "fc_1", output_index: 3, delta: ':"ü"}' },
  {
    type: "response.function_call_arguments.done",
    item_id: "fc_1",
    output_index: 3,
    arguments: '{"x":"ü"}',
    name: "a",
  },
  {
    type: "response.output_item.done",
    output_index: 3,
    item: { ...call, id: "fc_1", call_id: "call_1", name: "a", arguments: '{"x":"ü"}' },
  },
  {
    type: "response.function_call_arguments.done",
    item_id: "fc_2",
    output_index: 4,
    arguments: "",
    name: "b",
  },
  {
    type: "response.output_item.done",
    output_index: 4,
    item: { ...call, id: "fc_2", call_id: "call_2", name: "b", arguments: "" },
  },
  {
    type: "response.output_item.added",
    output_index: 5,
    item: { type: "custom_tool_call", id: "ctc_1", call_id: "call_3", name: "c", input: "" },
  },
  { type: "response.custom_tool_call_input.delta", item_id: "ctc_1", output_index: 5, delta: "print(1)" },
  { type: "response.custom_tool_call_input.done", item_id: "ctc_1", output_index: 5, input: "print(1)" },
  {
    type: "response.output_item.done",
    output_index: 5,
    item: { type: "custom_tool_call", id: "ctc_1", call_id: "call_3", name: "c", input: "print(1)" },
  },
  { type: "response.of_tomorrow", output_index: 6 },
  completed,
];
