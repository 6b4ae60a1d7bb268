import type { CompletionCreateParams } from "openai/resources/completions";
import { badRequest, isFields, maxTokensOf, textOfContent } from "../../../core/index.ts";
import type { ChatMessage, ChatRequest, CodecContext, Fields } from "../../../core/index.ts";

/** The name under which this protocol's extensions stand. */
export const protocolName = "openai-completions";

/** What only a completion can say, and the value with which it says nothing. */
const own: Readonly<Record<string, unknown>> = { suffix: "", echo: false, best_of: 1 };

/** A client's request: the prompt becomes the one message of a chat. */
export function decodeRequest(body: Fields): ChatRequest {
  const { model, prompt, max_tokens, logprobs, suffix: _, echo: _echo, best_of: _best, ...rest } = body;
  if (typeof model !== "string") throw badRequest("You must provide a model parameter.", "model");
  const request: ChatRequest = { ...rest, model, messages: [{ role: "user", content: readPrompt(prompt) }] };
  if (max_tokens !== undefined && max_tokens !== null) {
    request.max_completion_tokens = numberOf(max_tokens, "max_tokens");
  }
  if (logprobs !== undefined && logprobs !== null) {
    request.logprobs = true;
    request.top_logprobs = numberOf(logprobs, "logprobs");
  }
  const said = Object.keys(own).filter((name) => ![undefined, null, own[name]].includes(body[name] as null));
  if (said.length > 0) {
    request.extensions = { [protocolName]: Object.fromEntries(said.map((name) => [name, body[name]])) };
  }
  return request;
}

function numberOf(value: unknown, name: string): number {
  if (typeof value !== "number") throw badRequest(`${name} must be a number.`, name);
  return value;
}

/** One text. Tokens mean nothing to another model, and a list of prompts would be a list of calls. */
function readPrompt(prompt: unknown): string {
  if (typeof prompt === "string") return prompt;
  const [only, ...more] = Array.isArray(prompt) ? (prompt as unknown[]) : [];
  if (typeof only === "string" && more.length === 0) return only;
  const wish = Array.isArray(prompt)
    ? "one text: the model behind takes neither tokens nor several prompts"
    : "a text";
  throw badRequest(`prompt must be ${wish}.`, "prompt");
}

/** `same`: as it is. `written`: in the completion's own form. `hint`: left out, and nothing changes by it. `dropped`: it cannot be said. */
type How<Name> = Name extends keyof CompletionCreateParams
  ? "same" | "written"
  : "written" | "hint" | "dropped";

const members: { readonly [Name in keyof Required<ChatRequest>]: How<Name> } = {
  model: "written",
  messages: "written",
  max_completion_tokens: "written",
  max_tokens: "written",
  logprobs: "written",
  top_logprobs: "written",
  stream: "written",
  stream_options: "written",
  extensions: "written",
  temperature: "same",
  top_p: "same",
  frequency_penalty: "same",
  presence_penalty: "same",
  seed: "same",
  n: "same",
  stop: "same",
  logit_bias: "same",
  user: "same",
  cache_control: "hint",
  prompt_cache_key: "hint",
  store: "hint",
  metadata: "hint",
  parallel_tool_calls: "hint",
  safety_identifier: "hint",
  top_k: "dropped",
  response_format: "dropped",
  tools: "dropped",
  tool_choice: "dropped",
  reasoning_effort: "dropped",
  reasoning: "dropped",
  verbosity: "dropped",
  modalities: "dropped",
  audio: "dropped",
  prediction: "dropped",
  web_search_options: "dropped",
  service_tier: "dropped",
};

/** Values with which a member says nothing. */
const nothing: readonly unknown[] = [undefined, null, "auto", "none"];

/** The body for an upstream that completes texts. */
export function encodeRequest(request: ChatRequest, context: CodecContext): Fields {
  const { messages, extensions, logprobs, top_logprobs } = request;
  const body: Fields & Pick<CompletionCreateParams, "model" | "prompt"> = {
    model: context.model,
    prompt: writePrompt(messages, context),
  };
  for (const [name, value] of Object.entries(request)) {
    const how = Object.hasOwn(members, name) ? members[name as keyof ChatRequest] : "same";
    if (how === "same") body[name] = value;
    else if (how === "dropped" && !nothing.includes(value) && !isPlainText(value)) context.drop(name);
  }
  const maxTokens = maxTokensOf(request);
  if (maxTokens !== undefined) body["max_tokens"] = maxTokens;
  if (logprobs) body["logprobs"] = top_logprobs ?? 0;
  if (context.stream) {
    body["stream"] = true;
    body["stream_options"] = { ...request.stream_options, include_usage: true };
  } else if (request.stream !== undefined) body["stream"] = request.stream;
  for (const [protocol, values] of Object.entries(extensions ?? {})) {
    if (protocol === protocolName) Object.assign(body, values);
    else for (const name of Object.keys(values)) context.drop(name);
  }
  return body;
}

/** `response_format: { type: "text" }` asks for nothing more. */
function isPlainText(value: unknown): boolean {
  return isFields(value) && value["type"] === "text";
}

const speakers: Readonly<Record<string, string>> = {
  system: "System",
  developer: "System",
  user: "User",
  assistant: "Assistant",
  tool: "Tool",
};

/** A single message of the user is the prompt; a conversation is written down, and left for the assistant to go on. */
function writePrompt(messages: readonly ChatMessage[], context: CodecContext): string {
  for (const { content } of messages) {
    if (!Array.isArray(content)) continue;
    for (const { type } of content) if (type !== "text") context.drop(`messages.content.${type}`);
  }
  if (messages.some((message) => "tool_calls" in message)) context.drop("messages.tool_calls");
  const [only] = messages;
  if (messages.length === 1 && only?.role === "user") return textOfContent(only.content);
  const turns = messages.map(({ role, content }) => `${speakers[role]}: ${textOfContent(content)}`);
  const goesOn = messages.at(-1)?.role === "assistant";
  return goesOn ? turns.join("\n\n") : `${turns.join("\n\n")}\n\nAssistant:`;
}
