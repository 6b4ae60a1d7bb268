import { badRequest, isFields, parseFields, StreamReaderBase } from "../../../core/index.ts";
import type { Fields, RequestFacts, Usage } from "../../../core/index.ts";
import { readChatUsage } from "./answer.ts";

/** What the pipeline must know of a request. */
export function readRequest(body: unknown): RequestFacts {
  if (!isFields(body)) throw badRequest("The request body must be a JSON object.");
  const { model, stream, max_tokens: maxTokens, prompt } = body;
  if (typeof model !== "string") throw badRequest("You must provide a model parameter.", "model");
  if (stream !== undefined && stream !== null && typeof stream !== "boolean") {
    throw badRequest("stream must be a boolean.", "stream");
  }
  // Tokens are no text.
  const text = [prompt]
    .flat()
    .filter((one) => typeof one === "string")
    .join("\n");
  return {
    model,
    stream: stream === true,
    ...(typeof maxTokens === "number" && { maxTokens }),
    messages: () => (text ? [{ role: "user", text }] : []),
  };
}

export function readUsage(answer: unknown): Usage | undefined {
  const usage = isFields(answer) ? readChatUsage(answer["usage"]) : undefined;
  if (!usage) return undefined;
  const cachedTokens = usage.prompt_tokens_details?.cached_tokens;
  return {
    inputTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens,
    ...(cachedTokens !== undefined && { cachedTokens }),
  };
}

/** The text of a whole answer. */
export function readText(answer: unknown): string {
  return isFields(answer) ? textsOf(answer).join("\n") : "";
}

function textsOf({ choices }: Fields): string[] {
  const list = Array.isArray(choices) ? choices.filter(isFields) : [];
  return list.map(({ text }) => (typeof text === "string" ? text : ""));
}

const output = /"text":\s*"(?!")/;

/** Reads text_completion events. Without `collect` an event is only parsed when it holds usage. */
export class CompletionReader extends StreamReaderBase {
  event(data: string): void {
    if (data === "[DONE]") {
      this.sawEnd = true;
      return;
    }
    if (output.test(data)) this.outputCount++;
    if (!this.collect && !data.includes('"usage":')) return;
    const chunk = parseFields(data);
    if (!chunk) return;
    this.toldUsage = readUsage(chunk) ?? this.toldUsage;
    if (this.collect) this.collectedText += textsOf(chunk).join("");
  }
}
