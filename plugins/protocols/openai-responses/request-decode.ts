import { badRequest, fieldsAt, isFields, textAt } from "../../../core/index.ts";
import type { ChatMessage, ChatRequest, CodecContext, Fields, ResponseFormat } from "../../../core/index.ts";
import { decodeInput } from "./input-decode.ts";
import { asOwn, ours, ownOf } from "./own.ts";
import { decodeToolChoice, decodeTools } from "./tools.ts";

/** Members that both sides call the same, and the types that they must have. */
export const shared = {
  metadata: "object",
  parallel_tool_calls: "boolean",
  prompt_cache_key: "string",
  safety_identifier: "string",
  service_tier: "string",
  store: "boolean",
  stream: "boolean",
  stream_options: "object",
  temperature: "number",
  top_p: "number",
  user: "string",
} as const;

/** What is asked for where the answer shall tell of tokens' probabilities. */
export const logprobsIncluded = "message.output_text.logprobs";

/** A client's request in the neutral shape. What only this protocol says, and every null, stays under its name. */
export function decodeRequest(body: Fields, context: Pick<CodecContext, "model">): ChatRequest {
  const { model, input, instructions, ...rest } = body;
  const own: Fields = {};
  const request: ChatRequest = {
    model: typeof model === "string" ? model : context.model,
    messages: decodeMessages(input, instructions, own),
  };
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined) continue;
    const decode = Object.hasOwn(decoders, name) ? decoders[name] : undefined;
    const type = Object.hasOwn(shared, name) ? shared[name as keyof typeof shared] : undefined;
    if (value === null) own[name] = null;
    else if (decode) decode(value, request, own);
    else if (type) (request as unknown as Fields)[name] = checked(value, type, name);
    else own[name] = value;
  }
  decodeLogprobs(request, own);
  request.extensions = { [ours]: own };
  return request;
}

function checked(value: unknown, type: string, name: string): unknown {
  const isRight = type === "object" ? isFields(value) : typeof value === type;
  if (!isRight) throw badRequest(`${name} must be ${type === "object" ? "an object" : `a ${type}`}.`, name);
  return value;
}

/** Instructions stand before all messages. How the input was given is kept in `own`. */
function decodeMessages(input: unknown, instructions: unknown, own: Fields): ChatMessage[] {
  if (typeof input === "string") own["input"] = "string";
  // A prompt template may be all of it.
  if (input === undefined || input === null) own["input"] = input === null ? null : "none";
  const messages = input === undefined || input === null ? [] : decodeInput(input);
  if (typeof instructions === "string" && instructions !== "") {
    return [{ role: "system", content: instructions }, ...messages];
  }
  if (instructions === "" || instructions === null) own["instructions"] = instructions;
  else if (instructions !== undefined) throw badRequest("instructions must be a string.", "instructions");
  // Or it would be taken for the instructions when it is written again.
  const [first, ...others] = messages;
  return first?.role === "system"
    ? [{ ...first, ...asOwn({ ...ownOf(first), instructions: false }) }, ...others]
    : messages;
}

type Decoder = (value: unknown, request: ChatRequest, own: Fields) => void;

/** Members that the neutral shape says otherwise. */
const decoders: Record<string, Decoder> = {
  max_output_tokens(value, request) {
    request.max_completion_tokens = checked(value, "number", "max_output_tokens") as number;
  },
  tools(value, request) {
    request.tools = decodeTools(value);
  },
  tool_choice(value, request, own) {
    const choice = decodeToolChoice(value);
    if (choice === undefined) own["tool_choice"] = value;
    else request.tool_choice = choice;
  },
  text(value, request, own) {
    const { format, verbosity, ...rest } = fieldsAt(value, "text");
    const read = isFields(format) ? decodeFormat(format) : undefined;
    if (read) request.response_format = read;
    else if (format !== undefined) rest["format"] = format;
    if (typeof verbosity === "string") request.verbosity = verbosity;
    else if (verbosity !== undefined) rest["verbosity"] = verbosity;
    if (Object.keys(rest).length > 0 || (!read && request.verbosity === undefined)) own["text"] = rest;
  },
  reasoning(value, request, own) {
    const { effort, summary, ...rest } = fieldsAt(value, "reasoning");
    if (typeof effort === "string") request.reasoning_effort = effort;
    else if (effort !== undefined) rest["effort"] = effort;
    const older = rest["generate_summary"];
    const asked = summary ?? older;
    if (typeof asked === "string") request.reasoning = { summary: asked };
    // Under its older name it is written again from here.
    if (summary !== undefined && (typeof summary !== "string" || older !== undefined))
      rest["summary"] = summary;
    const isEmpty = effort === undefined && summary === undefined;
    if (Object.keys(rest).length > 0 || isEmpty) own["reasoning"] = rest;
  },
};

/** The answer's format; undefined for one that is not known here. */
function decodeFormat(format: Fields): ResponseFormat | undefined {
  const { type, ...members } = format;
  if (type === "text" || type === "json_object")
    return Object.keys(members).length === 0 ? { type } : undefined;
  if (type !== "json_schema") return undefined;
  const { name, schema } = members;
  const json_schema = { ...members, name: textAt(name, "text.format.name") };
  return { type, json_schema: { ...json_schema, schema: fieldsAt(schema, "text.format.schema") } };
}

/** Chat Completions asks for probabilities with a member of its own. */
function decodeLogprobs(request: ChatRequest, own: Fields): void {
  const { include, top_logprobs } = own;
  if (!Array.isArray(include) || !include.includes(logprobsIncluded)) return;
  request.logprobs = true;
  if (typeof top_logprobs !== "number") return;
  request.top_logprobs = top_logprobs;
  delete own["top_logprobs"];
}
