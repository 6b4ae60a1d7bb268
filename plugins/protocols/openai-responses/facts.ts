import { badRequest, isFields } from "../../../core/index.ts";
import type { Endpoint, Fields, PromptMessage, RequestFacts } from "../../../core/index.ts";

/** What the pipeline must know of a request. */
export function readRequest(body: unknown, endpoint: Endpoint): RequestFacts {
  if (endpoint.modelless) return { stream: false, messages: () => [] };
  if (!isFields(body)) throw badRequest("The request body must be a JSON object.");
  const { model, stream, max_output_tokens } = body;
  // A prompt template may name the model; the gateway has to know it.
  if (typeof model !== "string") throw badRequest("You must provide a model parameter.", "model");
  if (stream !== undefined && stream !== null && typeof stream !== "boolean") {
    throw badRequest("stream must be a boolean.", "stream");
  }
  return {
    model,
    stream: stream === true,
    ...(typeof max_output_tokens === "number" && { maxTokens: max_output_tokens }),
    messages: () => promptOf(body),
  };
}

/** Instructions, messages, and what tools gave back. */
function promptOf({ instructions, input }: Fields): PromptMessage[] {
  const messages: PromptMessage[] =
    typeof instructions === "string" ? [{ role: "system", text: instructions }] : [];
  if (typeof input === "string") return [...messages, { role: "user", text: input }];
  if (!Array.isArray(input)) return messages;
  for (const item of input.filter(isFields)) {
    const { role, content, output } = item;
    if (typeof role === "string") messages.push({ role, text: partsText(content) });
    else if (output !== undefined) messages.push({ role: "tool", text: partsText(output) });
  }
  return messages;
}

/** Text of a string or of content parts. */
function partsText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  const texts = content.filter(isFields).map(({ text }) => (typeof text === "string" ? text : ""));
  return texts.filter(Boolean).join("\n");
}

/** Text of a whole answer. */
export function readText(answer: unknown): string {
  const output = isFields(answer) && Array.isArray(answer["output"]) ? answer["output"].filter(isFields) : [];
  return output
    .filter(({ type }) => type === "message")
    .map(({ content }) => partsText(content))
    .join("\n");
}
