import { allowedNames, dropUnsaid, reasoningOf } from "../../../core/index.ts";
import { ownOf } from "./fields.ts";
import { encodeMessages } from "./messages-encode.ts";
import { encodeOptions } from "./options.ts";
import type { ChatRequest, CodecContext, Fields, FunctionTool, WrittenMembers } from "../../../core/index.ts";
import type { ChatBody, ToolBody } from "./wire.ts";

/**
 * How each member of a neutral request is written: under which name, or not at all. A request that is written and
 * read again differs in this: `tool_choice` is gone; a schema's name, description and strictness are; a stop sequence
 * is a list; a function has parameters; a budget of reasoning is only that there is some.
 */
const members: WrittenMembers = {
  model: "model",
  messages: "messages",
  stream: "stream, always",
  stream_options: "for the client's side",
  max_completion_tokens: "options.num_predict",
  max_tokens: "options.num_predict",
  temperature: "options.temperature",
  top_p: "options.top_p",
  top_k: "options.top_k",
  frequency_penalty: "options.frequency_penalty",
  presence_penalty: "options.presence_penalty",
  seed: "options.seed",
  n: "dropped",
  stop: "options.stop",
  logprobs: "logprobs",
  top_logprobs: "top_logprobs",
  logit_bias: "dropped",
  response_format: "format",
  tools: "tools",
  tool_choice: "none, or a choice of some tools, leaves the others out; what requires a call is dropped",
  parallel_tool_calls: "dropped",
  reasoning_effort: "think",
  reasoning: "think",
  verbosity: "dropped",
  modalities: "dropped",
  audio: "dropped",
  prediction: "dropped",
  web_search_options: "dropped",
  user: "dropped",
  safety_identifier: "dropped",
  prompt_cache_key: "dropped",
  metadata: "dropped",
  service_tier: "dropped",
  store: "dropped",
  cache_control: "dropped",
  extensions: "their members",
};

/** Values that say what Ollama does anyway. */
const defaults: Readonly<Record<string, unknown>> = {
  n: 1,
  parallel_tool_calls: true,
  verbosity: "medium",
  service_tier: "auto",
  store: false,
};

/** Writes the body for `/api/chat`. */
export function encodeRequest(request: ChatRequest, context: CodecContext): Fields {
  dropUnsaid(request, members, asksNothing, context.drop);
  const { options: keptOptions, think: keptThink, ...kept } = ownOf(request) ?? {};
  const { logprobs, top_logprobs } = request;
  const tools = encodeTools(request, context);
  const format = encodeFormat(request);
  const think = (keptThink as ChatBody["think"]) ?? encodeThink(request, context);
  const options = encodeOptions(request, keptOptions);
  const body: ChatBody = {
    model: context.model,
    messages: encodeMessages(request.messages, context),
    // Without it there is a stream.
    stream: context.stream,
    ...(tools.length > 0 && { tools }),
    ...(format !== undefined && { format }),
    ...(think !== undefined && { think }),
    ...(typeof logprobs === "boolean" && { logprobs }),
    ...(typeof top_logprobs === "number" && { top_logprobs }),
    ...(options && { options }),
    ...kept,
  };
  return body as unknown as Fields;
}

function asksNothing(name: string, value: unknown): boolean {
  return value === defaults[name] || (name === "modalities" && String(value) === "text");
}

function encodeTools(request: ChatRequest, { drop }: CodecContext): ToolBody[] {
  const { tools = [], tool_choice: choice } = request;
  const mode =
    typeof choice === "object" && choice.type === "allowed_tools" ? choice.allowed_tools.mode : choice;
  if (mode !== undefined && mode !== "auto" && mode !== "none") drop("tool_choice");
  if (mode === "none") return [];
  const allowed = allowedNames(choice);
  return tools.flatMap((tool) => {
    if (tool.type !== "function") {
      drop(`tools.${tool.type}`);
      return [];
    }
    if (tool.function.strict) drop("tools.function.strict");
    return !allowed || allowed.has(tool.function.name) ? [encodeTool(tool)] : [];
  });
}

function encodeTool({ function: { name, description, parameters } }: FunctionTool): ToolBody {
  return {
    type: "function",
    function: {
      name,
      ...(description !== undefined && { description }),
      parameters: parameters ?? { type: "object", properties: {} },
    },
  };
}

function encodeFormat({ response_format: format }: ChatRequest): ChatBody["format"] {
  if (!format || format.type === "text") return undefined;
  return format.type === "json_schema" ? (format.json_schema.schema ?? "json") : "json";
}

/** The models that know levels; all others that think refuse them. Source: Ollama documentation, thinking. */
const knowsLevels = /gpt-oss/;

const levels: Readonly<Record<string, "low" | "medium" | "high">> = {
  minimal: "low",
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "high",
  max: "high",
};

function encodeThink(request: ChatRequest, { model, drop }: CodecContext): ChatBody["think"] {
  if (request.reasoning?.exclude) drop("reasoning.exclude");
  const wish = reasoningOf(request);
  if (!wish) return undefined;
  return wish.enabled && knowsLevels.test(model) ? (levels[wish.effort] ?? true) : wish.enabled;
}
