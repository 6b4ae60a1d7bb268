import type { ChatCompletionCreateParams, ChatCompletionTool } from "openai/resources/chat/completions";
import { reasoningOf } from "../../../core/index.ts";
import type { ChatRequest, ChatTool, CodecContext, Fields } from "../../../core/index.ts";
import { protocolName } from "./functions.ts";
import { writeMessages } from "./messages-encode.ts";
import { takesExtension } from "./takes.ts";

/**
 * How the neutral members are written. `same`: as they are. `written`: in OpenAI's own form. `hint`: left out, and
 * nothing of the answer changes by it. `extension`: only for a service that takes it, else it cannot be said.
 */
type How<Name> = Name extends keyof ChatCompletionCreateParams
  ? "same" | "written"
  : "written" | "hint" | "extension";

const members: { readonly [Name in keyof Required<ChatRequest>]: How<Name> } = {
  model: "written",
  messages: "written",
  stream: "written",
  stream_options: "written",
  tools: "written",
  reasoning_effort: "written",
  reasoning: "written",
  extensions: "written",
  cache_control: "hint",
  top_k: "extension",
  max_completion_tokens: "same",
  max_tokens: "same",
  temperature: "same",
  top_p: "same",
  frequency_penalty: "same",
  presence_penalty: "same",
  seed: "same",
  n: "same",
  stop: "same",
  logprobs: "same",
  top_logprobs: "same",
  logit_bias: "same",
  response_format: "same",
  tool_choice: "same",
  parallel_tool_calls: "same",
  verbosity: "same",
  modalities: "same",
  audio: "same",
  prediction: "same",
  web_search_options: "same",
  user: "same",
  safety_identifier: "same",
  prompt_cache_key: "same",
  metadata: "same",
  service_tier: "same",
  store: "same",
};

/** The body for OpenAI, or one who speaks its API. Usage is always asked for in streams. */
export function encodeRequest(request: ChatRequest, context: CodecContext): Fields {
  const body: Fields & Pick<ChatCompletionCreateParams, "model"> = {
    model: context.model,
    messages: writeMessages(request.messages, context),
  };
  for (const [name, value] of Object.entries(request)) {
    const how = Object.hasOwn(members, name) ? members[name as keyof ChatRequest] : "same";
    if (how === "same") body[name] = value;
    else if (how === "extension" && value !== null && value !== undefined) {
      if (takesExtension(context, name)) body[name] = value;
      else context.drop(name);
    }
  }
  writeReasoning(request, context, body);
  if (request.tools) body["tools"] = writeTools(request.tools, context);
  if (context.stream) {
    body["stream"] = true;
    body["stream_options"] = { ...request.stream_options, include_usage: true };
  } else if (request.stream !== undefined) body["stream"] = request.stream;
  writeExtensions(request, context, body);
  return body;
}

/** OpenAI knows the effort alone: a number of tokens becomes the effort that comes nearest. */
function writeReasoning(request: ChatRequest, context: CodecContext, body: Fields): void {
  const { reasoning_effort, reasoning } = request;
  if (takesExtension(context, "reasoning")) {
    if (reasoning_effort !== undefined) body["reasoning_effort"] = reasoning_effort;
    if (reasoning) body["reasoning"] = reasoning;
    return;
  }
  const effort = reasoning_effort === null ? null : reasoningOf(request)?.effort;
  if (effort !== undefined) body["reasoning_effort"] = effort;
}

function writeTools(tools: readonly ChatTool[], context: CodecContext): ChatCompletionTool[] {
  return tools.flatMap((tool) => {
    if (tool.type === "extension") {
      // A vendor's own tool; what it is only the vendor knows.
      if (tool.protocol === protocolName) return [tool.value as unknown as ChatCompletionTool];
      context.drop(`tools.${String(tool.value["type"] ?? tool.value["name"] ?? tool.protocol)}`);
      return [];
    }
    const { cache_control, extensions: _, ...rest } = tool;
    const marked =
      cache_control && takesExtension(context, "cache_control") ? { ...rest, cache_control } : rest;
    return [marked as ChatCompletionTool];
  });
}

function writeExtensions({ extensions }: ChatRequest, context: CodecContext, body: Fields): void {
  for (const [protocol, values] of Object.entries(extensions ?? {})) {
    if (protocol === protocolName) Object.assign(body, values);
    else for (const name of Object.keys(values)) context.drop(name);
  }
}
