import { isFields } from "../../../core/index.ts";
import type { ChatUsage, Fields, Usage } from "../../../core/index.ts";

/** Where vendors tell of tokens that came from the prompt cache: DeepSeek, Moonshot, and those that follow Anthropic. */
const cachedNames = ["prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens"];
const writtenNames = ["cache_creation_input_tokens"];
const reasoningNames = ["reasoning_tokens"];

const promptNames = ["prompt_tokens", "input_tokens"];
const completionNames = ["completion_tokens", "output_tokens"];
const inputDetails = ["prompt_tokens_details", "input_tokens_details"];
const outputDetails = ["completion_tokens_details", "output_tokens_details"];

/** What a usage counts, whatever its service names it. */
interface Counts {
  prompt: number;
  completion: number;
  cached: number | undefined;
  written: number | undefined;
  reasoning: number | undefined;
  /** The details as they came. */
  input: Fields | undefined;
  output: Fields | undefined;
}

function countsOf(usage: Fields): Counts | undefined {
  const prompt = first(usage, promptNames);
  if (prompt === undefined) return undefined;
  const told = first(usage, completionNames) ?? 0;
  const input = fieldsOf(usage, inputDetails);
  const output = fieldsOf(usage, outputDetails);
  const cached = first(input, ["cached_tokens"]) ?? first(usage, cachedNames);
  const written = first(input, ["cache_write_tokens"]) ?? first(usage, writtenNames);
  const reasoning = first(output, ["reasoning_tokens"]) ?? first(usage, reasoningNames);
  // xAI counts reasoning apart from the completion, and only its total tells so.
  const apart = reasoning !== undefined && usage["total_tokens"] === prompt + told + reasoning;
  return { prompt, completion: apart ? told + reasoning : told, cached, written, reasoning, input, output };
}

/**
 * A vendor's usage in OpenAI's shape; its further members stay. Images and transcriptions name the sums
 * `input_tokens` and `output_tokens`.
 */
export function readChatUsage(usage: unknown): ChatUsage | undefined {
  const counts = isFields(usage) ? countsOf(usage) : undefined;
  if (!isFields(usage) || !counts) return undefined;
  const { prompt, completion, cached, written, reasoning, input, output } = counts;
  return {
    ...usage,
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: first(usage, ["total_tokens"]) ?? prompt + completion,
    ...withDetails("prompt_tokens_details", input, { cached_tokens: cached, cache_write_tokens: written }),
    ...withDetails("completion_tokens_details", output, { reasoning_tokens: reasoning }),
  };
}

function first(fields: Fields | undefined, names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = fields?.[name];
    if (typeof value === "number") return value;
  }
  return undefined;
}

function fieldsOf(usage: Fields, names: readonly string[]): Fields | undefined {
  for (const name of names) {
    const value = usage[name];
    if (isFields(value)) return value;
  }
  return undefined;
}

function withDetails(
  name: string,
  before: Fields | undefined,
  found: Record<string, number | undefined>,
): Fields {
  const known = Object.entries(found).filter(([, value]) => value !== undefined);
  return known.length === 0 ? {} : { [name]: { ...before, ...Object.fromEntries(known) } };
}

/** Tokens of an answer that passes untouched. */
export function readUsage(usage: unknown): Usage | undefined {
  const counts = isFields(usage) ? countsOf(usage) : undefined;
  if (!counts) return undefined;
  const { cached, written, reasoning } = counts;
  const found: Usage = { inputTokens: counts.prompt, outputTokens: counts.completion };
  if (cached !== undefined) found.cachedTokens = cached;
  if (written !== undefined) found.cacheCreationTokens = written;
  if (reasoning !== undefined) found.reasoningTokens = reasoning;
  return found;
}

/** Usage for a client: without what only the gateway says. */
export function writeUsage(usage: ChatUsage): ChatUsage {
  if (!usage.extensions && usage.prompt_tokens_details?.cache_write_1h_tokens === undefined) return usage;
  const { extensions: _, prompt_tokens_details, ...rest } = usage;
  if (!prompt_tokens_details) return rest;
  const { cache_write_1h_tokens: _hour, ...details } = prompt_tokens_details;
  return { ...rest, prompt_tokens_details: details };
}

/** The usage that a stream's event holds: Groq's and Moonshot's stand elsewhere than OpenAI's. */
export function usageOfChunk(chunk: Fields): unknown {
  if (chunk["usage"]) return chunk["usage"];
  const groq = chunk["x_groq"];
  if (isFields(groq) && groq["usage"]) return groq["usage"];
  const choices = chunk["choices"];
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  return isFields(choice) ? choice["usage"] : undefined;
}
