import { dropUnsaid } from "../../../core/index.ts";
import type { ChatRequest, CodecContext, WrittenMembers } from "../../../core/index.ts";

/** How each member of a neutral request is written, or that it cannot be. What is not listed, a vendor's own, cannot be either. */
const members: WrittenMembers = {
  model: "in the path",
  stream: "in the path",
  stream_options: "usage always comes",
  messages: "contents, systemInstruction",
  tools: "tools",
  tool_choice: "toolConfig.functionCallingConfig",
  parallel_tool_calls: "dropped",
  max_completion_tokens: "generationConfig.maxOutputTokens",
  max_tokens: "generationConfig.maxOutputTokens",
  temperature: "generationConfig.temperature",
  top_p: "generationConfig.topP",
  top_k: "generationConfig.topK",
  frequency_penalty: "generationConfig.frequencyPenalty",
  presence_penalty: "generationConfig.presencePenalty",
  seed: "generationConfig.seed",
  n: "generationConfig.candidateCount",
  stop: "generationConfig.stopSequences",
  logprobs: "generationConfig.responseLogprobs",
  top_logprobs: "generationConfig.logprobs",
  logit_bias: "dropped",
  response_format: "generationConfig.responseMimeType, responseSchema, responseJsonSchema",
  reasoning_effort: "generationConfig.thinkingConfig",
  reasoning: "generationConfig.thinkingConfig",
  verbosity: "dropped",
  modalities: "generationConfig.responseModalities",
  audio: "generationConfig.speechConfig",
  prediction: "dropped",
  web_search_options: "tools[].googleSearch",
  user: "dropped",
  safety_identifier: "dropped",
  prompt_cache_key: "dropped",
  metadata: "dropped",
  service_tier: "serviceTier",
  store: "dropped",
  cache_control: "dropped",
  extensions: "its own",
};

/** Values that say no more than their absence. */
const defaults: Readonly<Record<string, unknown>> = {
  parallel_tool_calls: true,
  store: false,
  verbosity: "medium",
};

/** Notes the members that cannot be said. */
export function noteDropped(request: ChatRequest, context: CodecContext): void {
  dropUnsaid(request, members, (name, value) => value === defaults[name], context.drop);
  if (request.messages.some(hasMark)) context.drop("messages.cache_control");
  if (request.tools?.some((tool) => "cache_control" in tool && tool.cache_control)) {
    context.drop("tools.cache_control");
  }
}

function hasMark(message: ChatRequest["messages"][number]): boolean {
  if ("cache_control" in message && message.cache_control) return true;
  const { content } = message;
  return Array.isArray(content) && content.some((part) => "cache_control" in part && part.cache_control);
}
