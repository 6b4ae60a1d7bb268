import { isFields, reasoningOf } from "../../../core/index.ts";
import type { ChatRequest, CodecContext, Fields, ReasoningOptions } from "../../../core/index.ts";
import { ownOf } from "./fields.ts";
import type { ThinkingConfig } from "./wire.ts";

type Level = "MINIMAL" | "LOW" | "MEDIUM" | "HIGH";

/** How a family of models is told how much to think. */
type Thinking =
  | { budget: readonly [min: number, max: number]; canStop: boolean }
  | { levels: readonly Level[] }
  | "none";

/**
 * Families of models by name, the first that fits. Newer generations than are listed take levels.
 * Source: Gemini API documentation, "Gemini thinking" and Gemini Enterprise Agent Platform, "Thinking"; November 2026.
 */
const families: readonly (readonly [pattern: RegExp, thinking: Thinking])[] = [
  [/-(?:tts|image|live|embedding|native-audio)\b/, "none"],
  [/^gemini-2\.5-pro/, { budget: [128, 32_768], canStop: false }],
  [/^gemini-2\.5-flash-lite/, { budget: [512, 24_576], canStop: true }],
  [/^gemini-2\.5/, { budget: [1, 24_576], canStop: true }],
  [/^gemini-(?:1|2)[.-]/, "none"],
  [/^gemini-3-pro/, { levels: ["LOW", "HIGH"] }],
  [/^gemini-3(?:\.[1-7])?-flash/, { levels: ["MINIMAL", "LOW", "MEDIUM", "HIGH"] }],
  [/^gemini-/, { levels: ["LOW", "MEDIUM", "HIGH"] }],
];

const order: readonly Level[] = ["MINIMAL", "LOW", "MEDIUM", "HIGH"];

/** A model's bare name: without `models/` or a publisher. */
export function bareModel(model: string): string {
  return model.slice(model.lastIndexOf("/") + 1);
}

/** Models of Gemini's third generation and later: they want thought signatures back, and take media in results of functions. */
export function isThirdGeneration(model: string): boolean {
  return /^gemini-(?!1|2[.-])/.test(bareModel(model));
}

function thinkingOf(model: string): Thinking {
  const name = bareModel(model);
  return families.find(([pattern]) => pattern.test(name))?.[1] ?? "none";
}

/** What a client's `thinkingConfig` wishes. Without `includeThoughts` the thoughts' text is not wanted. */
export function decodeThinking(config: Fields): Pick<ChatRequest, "reasoning" | "reasoning_effort"> {
  const { thinkingBudget: budget, thinkingLevel: level, includeThoughts } = config;
  const reasoning: ReasoningOptions = { exclude: includeThoughts !== true };
  if (budget === 0) reasoning.enabled = false;
  else if (budget === -1) Object.assign(reasoning, { enabled: true, adaptive: true });
  else if (typeof budget === "number") reasoning.max_tokens = budget;
  const effort = typeof level === "string" && order.includes(level.toUpperCase() as Level);
  return { reasoning, ...(effort && { reasoning_effort: level.toLowerCase() }) };
}

/** The `thinkingConfig` that a request's wishes come to for a model; undefined where the model decides. */
export function encodeThinking(request: ChatRequest, context: CodecContext): ThinkingConfig | undefined {
  const config = ownOf(request)?.["generationConfig"];
  if (isFields(config) && isFields(config["thinkingConfig"])) return config["thinkingConfig"];
  const wish = reasoningOf(request);
  const thinking = thinkingOf(context.model);
  const shown = { includeThoughts: request.reasoning?.exclude !== true };
  if (thinking === "none") {
    if (wish?.enabled) context.drop("reasoning_effort");
    return undefined;
  }
  if (!wish) return request.reasoning?.exclude === false ? shown : undefined;
  const free = request.reasoning?.adaptive && !request.reasoning_effort;
  if ("levels" in thinking) {
    if (!wish.enabled) return { thinkingLevel: thinking.levels[0] };
    return free ? shown : { ...shown, thinkingLevel: nearest(thinking.levels, wish.effort) };
  }
  const [min, max] = thinking.budget;
  if (!wish.enabled) return { thinkingBudget: thinking.canStop ? 0 : min };
  if (free) return { ...shown, thinkingBudget: -1 };
  return { ...shown, thinkingBudget: Math.min(max, Math.max(min, wish.budget)) };
}

/** The level that says an effort, or the next higher one that the model has. */
function nearest(levels: readonly Level[], effort: string): Level {
  const wanted = order.indexOf(effort.toUpperCase() as Level);
  if (wanted < 0) return "HIGH";
  return levels.find((level) => order.indexOf(level) >= wanted) ?? "HIGH";
}

/** Whether the text of thoughts was asked for. */
export function wantsThoughts(request: ChatRequest): boolean {
  const { reasoning, reasoning_effort } = request;
  return (reasoning !== undefined || reasoning_effort != null) && reasoning?.exclude !== true;
}
