import { dropUnsaid } from "../../../core/index.ts";
import type { ChatRequest, CodecContext, WrittenMembers } from "../../../core/index.ts";

/** The members of a request: how they are written, or that they cannot be. */
const members: WrittenMembers = {
  model: "model",
  messages: "system, messages",
  stream: "stream",
  stream_options: "usage is always told",
  max_completion_tokens: "max_tokens",
  max_tokens: "max_tokens",
  temperature: "temperature, where the model takes one",
  top_p: "top_p, where the model takes one",
  top_k: "top_k, where the model takes one",
  frequency_penalty: "dropped",
  presence_penalty: "dropped",
  seed: "dropped",
  n: "dropped",
  stop: "stop_sequences",
  logprobs: "dropped",
  top_logprobs: "dropped",
  logit_bias: "dropped",
  response_format: "output_config.format, a tool, or an instruction",
  tools: "tools",
  tool_choice: "tool_choice",
  parallel_tool_calls: "tool_choice.disable_parallel_tool_use",
  reasoning_effort: "thinking, output_config.effort",
  reasoning: "thinking",
  verbosity: "dropped",
  modalities: "dropped",
  audio: "dropped",
  prediction: "dropped",
  web_search_options: "tools",
  user: "metadata.user_id",
  safety_identifier: "metadata.user_id",
  prompt_cache_key: "dropped",
  metadata: "dropped",
  service_tier: "service_tier",
  store: "dropped",
  cache_control: "cache_control",
  extensions: "the members of this protocol's own",
};

/** Values that ask for nothing. */
const defaults: Readonly<Record<string, unknown>> = {
  n: 1,
  frequency_penalty: 0,
  presence_penalty: 0,
  logprobs: false,
  store: false,
  verbosity: "medium",
};

function asksNothing(name: string, value: unknown): boolean {
  if (value === defaults[name]) return true;
  if (name === "modalities") return Array.isArray(value) && value.every((one) => one === "text");
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Notes what of a request this protocol has no words for; a vendor's own members are among it. */
export function noteUnsaid(request: ChatRequest, { drop }: CodecContext): void {
  dropUnsaid(request, members, asksNothing, drop);
}
