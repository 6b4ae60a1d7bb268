import { badRequest, isFields, parseFields, StreamReaderBase } from "../../../core/index.ts";
import { decodeUsage } from "./answer.ts";
import type { Endpoint, Fields, PromptMessage, RequestFacts, Usage } from "../../../core/index.ts";

/** What the pipeline must know of a request, whichever endpoint it is for. Chats are streams unless they say otherwise. */
export function readRequest(body: unknown, { method, operation }: Endpoint): RequestFacts {
  if (method !== "POST") return { stream: false, messages: () => [] };
  if (!isFields(body)) throw badRequest("The request body must be a JSON object.");
  // Older clients ask for what a model is by `name`.
  const model = body["model"] ?? (operation === "show" ? body["name"] : undefined);
  if (typeof model !== "string" || model === "") throw badRequest("model is required.", "model");
  const options = isFields(body["options"]) ? body["options"] : {};
  const maxTokens = options["num_predict"];
  return {
    model,
    stream: operation === "chat" && body["stream"] !== false,
    ...(typeof maxTokens === "number" && maxTokens > 0 && { maxTokens }),
    messages: () => promptOf(body),
  };
}

function promptOf({ messages, system, prompt, suffix, input }: Fields): PromptMessage[] {
  const turns = (Array.isArray(messages) ? messages.filter(isFields) : []).map(({ role, content }) => ({
    role: typeof role === "string" ? role : "user",
    text: typeof content === "string" ? content : "",
  }));
  const before = typeof system === "string" && system ? [{ role: "system", text: system }] : [];
  const texts = [prompt, suffix, input].flat().filter((text) => typeof text === "string" && text !== "");
  const asked = texts.length > 0 ? [{ role: "user", text: texts.join("\n") }] : [];
  return [...before, ...turns, ...asked];
}

export function readUsage(answer: unknown): Usage | undefined {
  const found = isFields(answer) ? decodeUsage(answer) : undefined;
  return found && { inputTokens: found.prompt_tokens, outputTokens: found.completion_tokens };
}

export function readText(answer: unknown): string {
  if (!isFields(answer)) return "";
  const { message, response } = answer;
  const text = isFields(message) ? message["content"] : response;
  return typeof text === "string" ? text : "";
}

const output = /"(?:content|response|thinking)":\s*"(?!")|"tool_calls":\s*\[\s*\{/;
const lastLine = /"done":\s*true/;

/** Reads a stream along. Without `collect` only its last line is parsed. */
export class LineReader extends StreamReaderBase {
  event(data: string): void {
    if (output.test(data)) this.outputCount++;
    const isLast = lastLine.test(data);
    if (!isLast && !this.collect) return;
    const line = parseFields(data);
    if (!line) return;
    if (this.collect) this.collectedText += readText(line);
    if (line["done"] !== true) return;
    this.sawEnd = true;
    this.toldUsage = readUsage(line) ?? this.toldUsage;
  }
}
