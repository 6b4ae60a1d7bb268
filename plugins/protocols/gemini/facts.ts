import { isFields, parseFields, StreamReaderBase } from "../../../core/index.ts";
import type { Fields, PromptMessage, Usage } from "../../../core/index.ts";

/** The texts of a request, also of one for embeddings or a count of tokens. */
export function promptOf(body: Fields): PromptMessage[] {
  const whole = body["generateContentRequest"] ?? body["generate_content_request"];
  if (isFields(whole)) return promptOf(whole);
  const { requests } = body;
  if (Array.isArray(requests)) return requests.filter(isFields).flatMap(promptOf);
  const system = body["systemInstruction"] ?? body["system_instruction"];
  const contents = [body["contents"] ?? body["content"] ?? []].flat().filter(isFields);
  const turns = contents.map((content) => ({
    role: content["role"] === "model" ? "assistant" : "user",
    text: partsText(content),
  }));
  return isFields(system) ? [{ role: "system", text: partsText(system) }, ...turns] : turns;
}

function partsText(content: Fields): string {
  const parts = [content["parts"] ?? []].flat().filter(isFields);
  return parts
    .map((part) => (typeof part["text"] === "string" && part["thought"] !== true ? part["text"] : ""))
    .join("");
}

/** The most tokens that the answer may have, where the request says so. */
export function maxTokensOf(body: Fields): number | undefined {
  const config = body["generationConfig"] ?? body["generation_config"];
  const max = isFields(config) ? (config["maxOutputTokens"] ?? config["max_output_tokens"]) : undefined;
  return typeof max === "number" ? max : undefined;
}

/** The pieces of a whole answer: itself, or those of a stream that came as a list. */
function pieces(answer: unknown): Fields[] {
  return [answer].flat().filter(isFields);
}

/** The text of a whole answer, or of a stream that came as a list. */
export function readText(answer: unknown): string {
  return pieces(answer).map(textOf).join("");
}

function textOf(answer: Fields): string {
  const candidates = Array.isArray(answer["candidates"]) ? answer["candidates"].filter(isFields) : [];
  return candidates.map(({ content }) => (isFields(content) ? partsText(content) : "")).join("\n");
}

/** The usage of a whole answer; in a stream that came as a list the last one counts. */
export function readUsage(answer: unknown): Usage | undefined {
  return pieces(answer)
    .map(({ usageMetadata }) => usageFrom(usageMetadata))
    .findLast(Boolean);
}

/** Gemini counts thoughts apart from the output, and what its own tools read apart from the prompt. */
function usageFrom(usage: unknown): Usage | undefined {
  if (!isFields(usage) || typeof usage["promptTokenCount"] !== "number") return undefined;
  const thoughts = usage["thoughtsTokenCount"];
  const output = usage["candidatesTokenCount"];
  const cached = usage["cachedContentTokenCount"];
  const read = usage["toolUsePromptTokenCount"];
  return {
    inputTokens: usage["promptTokenCount"] + (typeof read === "number" ? read : 0),
    outputTokens: (typeof output === "number" ? output : 0) + (typeof thoughts === "number" ? thoughts : 0),
    ...(typeof cached === "number" && { cachedTokens: cached }),
    ...(typeof thoughts === "number" && { reasoningTokens: thoughts }),
  };
}

/** Reads whole response objects: text adds up, usage is cumulative. */
export class ChunkReader extends StreamReaderBase {
  event(data: string): void {
    this.outputCount++;
    const chunk = parseFields(data);
    if (!chunk) return;
    this.toldUsage = usageFrom(chunk["usageMetadata"]) ?? this.toldUsage;
    if (data.includes('"finishReason"') || data.includes('"blockReason"')) this.sawEnd = true;
    if (this.collect) this.collectedText += textOf(chunk);
  }
}
