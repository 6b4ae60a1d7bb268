import { allowedNames, dropUnsaid, maxTokensOf, reasoningOf, stopOf } from "../../../core/index.ts";
import { ownOf } from "./fields.ts";
import { encodeMessages } from "./messages-encode.ts";
import type {
  ChatRequest,
  ChatTool,
  CodecContext,
  Fields,
  FunctionTool,
  WrittenMembers,
} from "../../../core/index.ts";
import type { ChatBody, ToolBody } from "./wire.ts";

/** Cohere takes no more. Source: API reference, chat. */
const stopLimit = 5;

/**
 * How each member of a neutral request is written: under which name, or not at all. A request that is written and
 * read again differs in this: a default (`tool_choice: "auto"`) is left out; a schema's name, description and
 * strictness are Cohere's to choose; an effort comes back as its budget; a function has parameters.
 */
const members: WrittenMembers = {
  model: "model",
  messages: "messages",
  stream: "stream",
  stream_options: "for the client's side",
  max_completion_tokens: "max_tokens",
  max_tokens: "max_tokens",
  temperature: "temperature",
  top_p: "p, within 0.01 and 0.99",
  top_k: "k, within 0 and 500",
  frequency_penalty: "frequency_penalty, within 0 and 1",
  presence_penalty: "presence_penalty, within 0 and 1",
  seed: "seed",
  n: "dropped",
  stop: "stop_sequences, the first five",
  logprobs: "logprobs",
  top_logprobs: "dropped",
  logit_bias: "dropped",
  response_format: "response_format",
  tools: "tools, strict_tools",
  tool_choice: "tool_choice; a choice of some tools leaves the others out",
  parallel_tool_calls: "dropped",
  reasoning_effort: "thinking",
  reasoning: "thinking",
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

/** Values that say what Cohere does anyway. */
const defaults: Readonly<Record<string, unknown>> = {
  n: 1,
  top_logprobs: 0,
  parallel_tool_calls: true,
  verbosity: "medium",
  service_tier: "auto",
  store: false,
};

/** Writes the body for `/v2/chat`. */
export function encodeRequest(request: ChatRequest, context: CodecContext): Fields {
  dropUnsaid(request, members, asksNothing, context.drop);
  const { messages, documents } = encodeMessages(request.messages, context);
  const kept = ownOf(request) ?? {};
  const given = Array.isArray(kept["documents"]) ? kept["documents"] : [];
  const all = [...given, ...documents] as ChatBody["documents"] & object;
  const stream = request.stream !== undefined && request.stream !== null;
  const body: ChatBody = {
    model: context.model,
    messages,
    ...((stream || context.stream) && { stream: context.stream }),
    ...encodeSampling(request, context),
    ...encodeTools(request, context),
    ...encodeFormat(request),
    ...encodeThinking(request, context),
    ...kept,
    ...(all.length > 0 && { documents: all }),
  };
  return body as unknown as Fields;
}

function asksNothing(name: string, value: unknown): boolean {
  return value === defaults[name] || (name === "modalities" && String(value) === "text");
}

function encodeSampling(request: ChatRequest, { drop }: CodecContext): Partial<ChatBody> {
  const { temperature, seed, top_p, top_k, frequency_penalty, presence_penalty, logprobs } = request;
  const maxTokens = maxTokensOf(request);
  const stop = stopOf(request);
  if (stop.length > stopLimit) drop("stop");
  const penalty = (name: "frequency_penalty" | "presence_penalty", value: number): Partial<ChatBody> => {
    if (value < 0 || value > 1) drop(name);
    return { [name]: within(value, 0, 1) };
  };
  return {
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    ...(stop.length > 0 && { stop_sequences: stop.slice(0, stopLimit) }),
    ...(isNumber(temperature) && { temperature }),
    ...(isNumber(seed) && { seed }),
    ...(isNumber(top_p) && { p: within(top_p, 0.01, 0.99) }),
    ...(isNumber(top_k) && { k: within(top_k, 0, 500) }),
    ...(isNumber(frequency_penalty) && penalty("frequency_penalty", frequency_penalty)),
    ...(isNumber(presence_penalty) && penalty("presence_penalty", presence_penalty)),
    ...(typeof logprobs === "boolean" && { logprobs }),
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function within(value: number, from: number, to: number): number {
  return Math.min(Math.max(value, from), to);
}

/** A choice of one function, or of some, is a choice among those alone. */
function encodeTools(request: ChatRequest, { drop }: CodecContext): Partial<ChatBody> {
  const { tools = [], tool_choice: choice } = request;
  const functions = tools.filter((tool): tool is FunctionTool => {
    if (tool.type !== "function") drop(`tools.${tool.type}`);
    return tool.type === "function";
  });
  const allowed = allowedNames(choice);
  const chosen = allowed ? functions.filter((tool) => allowed.has(tool.function.name)) : functions;
  if (chosen.length === 0) return tools.length === 0 && request.tools ? { tools: [] } : {};
  const strict = chosen.every((tool) => tool.function.strict === true);
  return {
    tools: chosen.map(encodeTool),
    ...(strict && { strict_tools: true }),
    ...encodeChoice(choice),
  };
}

function encodeChoice(choice: ChatRequest["tool_choice"]): Partial<ChatBody> {
  if (choice === "none") return { tool_choice: "NONE" };
  if (choice === undefined || choice === "auto") return {};
  const isFree = typeof choice === "object" && choice.type === "allowed_tools";
  return isFree && choice.allowed_tools.mode === "auto" ? {} : { tool_choice: "REQUIRED" };
}

function encodeTool({ function: { name, description, parameters } }: ChatTool & FunctionTool): ToolBody {
  return {
    type: "function",
    function: {
      name,
      ...(description !== undefined && { description }),
      parameters: parameters ?? { type: "object", properties: {} },
    },
  };
}

function encodeFormat({ response_format: format }: ChatRequest): Partial<ChatBody> {
  if (!format) return {};
  if (format.type !== "json_schema") return { response_format: { type: format.type } };
  const { schema } = format.json_schema;
  return { response_format: { type: "json_object", ...(schema && { json_schema: schema }) } };
}

/** A budget goes only where the request gives one, or an effort that stands for one. */
function encodeThinking(request: ChatRequest, { drop }: CodecContext): Partial<ChatBody> {
  const wish = reasoningOf(request);
  if (request.reasoning?.exclude) drop("reasoning.exclude");
  if (!wish) return {};
  if (!wish.enabled) return { thinking: { type: "disabled" } };
  const bounded = request.reasoning?.max_tokens !== undefined || Boolean(request.reasoning_effort);
  return { thinking: { type: "enabled", ...(bounded && { token_budget: wish.budget }) } };
}
