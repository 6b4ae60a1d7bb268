import type { ResponseCreateParamsBase } from "openai/resources/responses/responses";
import { dropUnsaid, isFields, maxTokensOf, reasoningOf, wantsReasoningText } from "../../../core/index.ts";
import type {
  ChatMessage,
  ChatRequest,
  CodecContext,
  Fields,
  ResponseFormat,
  WrittenMembers,
} from "../../../core/index.ts";
import { encodeInput } from "./input-encode.ts";
import { ours, ownOf } from "./own.ts";
import { logprobsIncluded, shared } from "./request-decode.ts";
import { encodeToolChoice, encodeTools } from "./tools.ts";

/** OpenAI's API refuses fewer. Source: its error `integer_below_min_value`, as users report it. */
const leastOutput = 16;

/**
 * What becomes of each neutral member: `as is` under its own name, the member that it becomes, or `dropped`, since
 * nothing here says it. What stands neither here nor under `extensions` is a vendor's own, and dropped too.
 */
const members: WrittenMembers = {
  model: "as is",
  messages: "input",
  stream: "as is",
  stream_options: "stream_options",
  max_completion_tokens: "max_output_tokens",
  max_tokens: "max_output_tokens",
  temperature: "as is",
  top_p: "as is",
  top_k: "dropped",
  frequency_penalty: "dropped",
  presence_penalty: "dropped",
  seed: "dropped",
  n: "dropped",
  stop: "dropped",
  logprobs: "include",
  top_logprobs: "top_logprobs",
  logit_bias: "dropped",
  response_format: "text.format",
  tools: "tools",
  tool_choice: "tool_choice",
  parallel_tool_calls: "as is",
  reasoning_effort: "reasoning.effort",
  reasoning: "reasoning",
  verbosity: "text.verbosity",
  modalities: "dropped",
  audio: "dropped",
  prediction: "dropped",
  web_search_options: "tools",
  user: "as is",
  safety_identifier: "as is",
  prompt_cache_key: "as is",
  metadata: "as is",
  service_tier: "as is",
  store: "as is",
  // OpenAI caches prefixes by itself.
  cache_control: "not needed",
  extensions: "extensions",
};

type Settings = Partial<
  Omit<ResponseCreateParamsBase, "input" | "tools" | "tool_choice" | "text" | "reasoning" | "stream_options">
>;

/** The body for an upstream. */
export function encodeRequest(request: ChatRequest, context: CodecContext): Fields {
  dropUnsaid(request, members, asksNothing, context.drop);
  dropForeign(request, context);
  const own = ownOf(request);
  const { instructions, rest } = cutInstructions(request.messages, own);
  const body: Settings & Fields = {
    model: context.model,
    ...(instructions !== undefined && { instructions }),
    ...encodeSettings(request, context),
  };
  const written = own?.["input"] === "none" ? undefined : encodeInput(rest, context);
  const [only] = rest;
  const isText = own?.["input"] === "string" && rest.length === 1 && typeof only?.content === "string";
  const input = isText ? only.content : written;
  return { ...body, ...(own?.["input"] === null ? { input: null } : input !== undefined && { input }) };
}

/** What only another protocol says. */
function dropForeign({ extensions = {} }: ChatRequest, context: CodecContext): void {
  for (const [protocol, values] of Object.entries(extensions)) {
    if (protocol !== ours) for (const name of Object.keys(values)) context.drop(name);
  }
}

/** A first system message is what this protocol calls instructions. */
function cutInstructions(messages: readonly ChatMessage[], own: Fields | undefined) {
  const [first, ...rest] = messages;
  const isPlain = first?.role === "system" && typeof first.content === "string" && !first.name;
  if (!isPlain || ownOf(first) || first.content === "") {
    return { instructions: own?.["instructions"] as null | "" | undefined, rest: messages };
  }
  return { instructions: first.content as string, rest };
}

/** All but the model, the instructions and the input: what an answer tells again. */
export function encodeSettings(request: ChatRequest, context: CodecContext): Fields {
  const own = ownOf(request);
  const { input: _input, instructions: _instructions, text, reasoning, ...kept } = own ?? {};
  const settings: Settings & Fields = {};
  for (const name of Object.keys(shared) as (keyof typeof shared)[]) {
    const value = request[name];
    if (value !== undefined && value !== null && name !== "stream_options")
      (settings as Fields)[name] = value;
  }
  if (context.stream) settings["stream"] = true;
  const maximum = maxTokensOf(request);
  if (maximum !== undefined) settings.max_output_tokens = own ? maximum : Math.max(leastOutput, maximum);
  const tools = encodeTools(request, context);
  if (tools) settings["tools"] = tools;
  if (request.tool_choice !== undefined) settings["tool_choice"] = encodeToolChoice(request.tool_choice);
  if (request.logprobs && request.top_logprobs != null) settings.top_logprobs = request.top_logprobs;
  const { include_usage: _usage, ...stream } = request.stream_options ?? {};
  if (Object.keys(stream).length > 0 || (own && request.stream_options)) settings["stream_options"] = stream;
  const asked = { ...encodeText(request), ...(text as Fields | undefined) };
  if (text || Object.keys(asked).length > 0) settings["text"] = asked;
  const thought = { ...encodeReasoningWish(request), ...(reasoning as Fields | undefined) };
  if (reasoning || Object.keys(thought).length > 0) settings["reasoning"] = thought;
  return own ? { ...settings, ...kept } : { ...settings, ...foreignDefaults(request) };
}

/** What the API would do unasked, and other protocols' clients do not expect of it. */
function foreignDefaults(request: ChatRequest): Settings {
  const include: Settings["include"] = [];
  // Nothing is kept there: only so does the reasoning come back in the next turn. Other models refuse to be asked.
  if (reasoningOf(request)?.enabled || wantsReasoningText(request))
    include.push("reasoning.encrypted_content");
  if (request.logprobs) include.push(logprobsIncluded);
  return { store: request.store ?? false, ...(include.length > 0 && { include }) };
}

function encodeText({ response_format, verbosity }: ChatRequest): Fields {
  return {
    ...(response_format && { format: encodeFormat(response_format) }),
    ...(verbosity != null && { verbosity }),
  };
}

function encodeFormat(format: ResponseFormat): Fields {
  if (format.type !== "json_schema") return { ...format };
  const { schema = {}, ...rest } = format.json_schema;
  return { type: "json_schema", ...rest, schema };
}

/**
 * How the model shall reason. To turn reasoning off is only said where the client named that effort: many models
 * have no such effort, and refuse the call. A text of the reasoning is asked for where the client asked for one.
 */
function encodeReasoningWish(request: ChatRequest): Fields {
  const { reasoning_effort, reasoning } = request;
  const wish = reasoningOf(request);
  const effort = reasoning_effort ?? (wish?.enabled ? wish.effort : undefined);
  const isOwn = ownOf(request) !== undefined;
  const isAsked = !isOwn && wantsReasoningText(request);
  const older = (ownOf(request)?.["reasoning"] as Fields | undefined)?.["generate_summary"];
  const isUnwanted = reasoning?.exclude || older !== undefined;
  const summary = isUnwanted ? undefined : (reasoning?.summary ?? (isAsked ? "auto" : undefined));
  return { ...(effort != null && { effort }), ...(summary !== undefined && { summary }) };
}

/** Values that ask for nothing. */
const defaults: Readonly<Record<string, unknown>> = { n: 1, frequency_penalty: 0, presence_penalty: 0 };

function asksNothing(name: string, value: unknown): boolean {
  if (value === defaults[name]) return true;
  if (name === "stop") return Array.isArray(value) && value.length === 0;
  if (name === "modalities") return Array.isArray(value) && value.every((one) => one === "text");
  return name === "logit_bias" && isFields(value) && Object.keys(value).length === 0;
}
