import { isFields, maxTokensOf, reasoningOf } from "../../../core/index.ts";
import type { ChatRequest, CodecContext, Fields } from "../../../core/index.ts";
import { familyOf } from "./families.ts";
import type { ClaudeThinking, Family } from "./families.ts";

/** The least that Claude may be given to think. Source: Anthropic API reference, extended thinking. */
const leastBudget = 1024;

/** What a request wants that Converse has no field of its own for. */
export interface ModelFields {
  /** `additionalModelRequestFields`. */
  fields: Fields;
  /** `outputConfig.effort`. */
  effort?: string;
  thinking: boolean;
  /** The tool choice is among the fields. */
  choice: boolean;
  /** Members of `inferenceConfig` that the model does not take beside these. */
  without: ReadonlySet<string>;
}

/** Writes what hangs on the model's family. */
export function modelFields(request: ChatRequest, model: string, context: CodecContext): ModelFields {
  const family = familyOf(model);
  const made: ModelFields = { fields: {}, thinking: false, choice: false, without: new Set() };
  if (family.claude) Object.assign(made, claudeThinking(request, family.claude, context));
  else Object.assign(made, otherReasoning(request, family, context));
  const without = samplingWithout(request, family, made.thinking, context);
  made.without = new Set([...made.without, ...without]);
  for (const member of ["top_k", "frequency_penalty", "presence_penalty", "seed"] as const) {
    const value = request[member];
    if (value === undefined || value === null || made.without.has(member)) continue;
    const path = family.fields?.[member];
    if (path !== undefined) put(made.fields, path, value);
    // A penalty of 0 is none.
    else if (value !== 0 || member === "seed") context.drop(member);
  }
  if (request.parallel_tool_calls === false) oneCallAtATime(request, family, made, context);
  return made;
}

function put(fields: Fields, path: string, value: unknown): void {
  const [first = "", second] = path.split(".");
  if (second === undefined) fields[first] = value;
  else fields[first] = { ...(isFields(fields[first]) && fields[first]), [second]: value };
}

/** Claude's thinking: a budget, or on newer models an effort. */
function claudeThinking(
  request: ChatRequest,
  way: ClaudeThinking,
  context: CodecContext,
): Partial<ModelFields> {
  const wish = reasoningOf(request);
  if (!wish) return {};
  if (way === "none") {
    if (wish.enabled) context.drop("reasoning_effort");
    return {};
  }
  if (!wish.enabled) return { fields: { thinking: { type: "disabled" } } };
  const byBudget =
    way === "both" && request.reasoning?.max_tokens !== undefined && !request.reasoning.adaptive;
  if (way === "budget" || byBudget) {
    // The budget is part of what the whole answer may have.
    const room = (maxTokensOf(request) ?? Number.POSITIVE_INFINITY) - 1;
    if (room < leastBudget) {
      context.drop("reasoning_effort");
      return {};
    }
    const budget_tokens = Math.max(leastBudget, Math.min(wish.budget, room));
    return { fields: { thinking: { type: "enabled", budget_tokens } }, thinking: true };
  }
  // The newest say nothing of their thoughts unless they are asked to.
  const shown = way === "adaptive" && !request.reasoning?.exclude;
  const asked = request.reasoning_effort != null || request.reasoning?.max_tokens !== undefined;
  return {
    fields: { thinking: { type: "adaptive", ...(shown && { display: "summarized" }) } },
    thinking: true,
    ...(asked && { effort: claudeEffort(wish.effort, way) }),
  };
}

function claudeEffort(effort: string, way: ClaudeThinking): string {
  if (effort === "minimal") return "low";
  return effort === "xhigh" && way === "both" ? "high" : effort;
}

function otherReasoning(
  request: ChatRequest,
  { reasoning }: Family,
  context: CodecContext,
): Partial<ModelFields> {
  const wish = reasoningOf(request);
  if (!wish) return {};
  const { enabled, effort } = wish;
  const three = effort === "minimal" ? "low" : effort === "xhigh" || effort === "max" ? "high" : effort;
  if (reasoning === "reasoning") return { fields: { reasoning: { effort } } };
  if (reasoning === "reasoningConfig") {
    if (!enabled) return { fields: { reasoningConfig: { type: "disabled" } } };
    // At its highest effort Nova decides on these itself.
    const without = new Set(three === "high" ? ["temperature", "top_p", "max_tokens", "top_k"] : []);
    for (const member of without) if (request[member as "top_p"] != null) context.drop(member);
    return { fields: { reasoningConfig: { type: "enabled", maxReasoningEffort: three } }, without };
  }
  if (reasoning === "reasoning_effort" && enabled) return { fields: { reasoning_effort: three } };
  context.drop("reasoning_effort");
  return {};
}

/** Sampling that Claude refuses: most of it while it thinks, and all of it on the newest models. */
function samplingWithout(
  { temperature, top_p, top_k }: ChatRequest,
  { claude, oneSampling }: Family,
  thinking: boolean,
  context: CodecContext,
): Set<string> {
  const without = new Set<string>();
  const leaveOut = (member: string): void => {
    without.add(member);
    context.drop(member);
  };
  if (!claude) return without;
  const strictly = claude === "adaptive";
  if (temperature != null && temperature !== 1 && (thinking || strictly)) leaveOut("temperature");
  if (top_p != null && (strictly ? top_p !== 1 : thinking && top_p < 0.95)) leaveOut("top_p");
  if (top_k != null && (thinking || strictly)) leaveOut("top_k");
  const both = temperature != null && top_p != null && without.size === 0;
  if (both && oneSampling) leaveOut("top_p");
  return without;
}

/** Only Claude can be told to make one call at a time, in its own field of the choice. */
function oneCallAtATime(
  request: ChatRequest,
  { claude }: Family,
  made: ModelFields,
  context: CodecContext,
): void {
  if (!request.tools?.length || request.tool_choice === "none") return;
  if (!claude || claude === "none") {
    context.drop("parallel_tool_calls");
    return;
  }
  const choice = request.tool_choice;
  const named = typeof choice === "object" && choice.type === "function" ? choice.function.name : undefined;
  const forced = !made.thinking && (named !== undefined || choice === "required");
  const type = !forced ? "auto" : named === undefined ? "any" : "tool";
  if (!forced && (named !== undefined || choice === "required")) context.drop("tool_choice");
  made.fields["tool_choice"] = {
    type,
    ...(forced && named !== undefined && { name: named }),
    disable_parallel_tool_use: true,
  };
  made.choice = true;
}

/** What of a client's `additionalModelRequestFields` other protocols can say; whichever family it was written for. */
export function readModelFields(fields: unknown, outputConfig: unknown): Partial<ChatRequest> {
  const own = isFields(fields) ? fields : {};
  const inference = isFields(own["inferenceConfig"]) ? own["inferenceConfig"] : {};
  const choice = own["tool_choice"];
  const read: Partial<ChatRequest> = { ...readThinking(own["thinking"]) };
  const effort = effortIn(own, outputConfig);
  if (effort !== undefined) read.reasoning_effort = effort;
  const topK = own["top_k"] ?? inference["topK"] ?? own["k"];
  if (typeof topK === "number") read.top_k = topK;
  for (const member of ["frequency_penalty", "presence_penalty", "seed"] as const) {
    if (typeof own[member] === "number") read[member] = own[member];
  }
  if (isFields(choice) && choice["disable_parallel_tool_use"] === true) read.parallel_tool_calls = false;
  return read;
}

function readThinking(thinking: unknown): Partial<ChatRequest> {
  if (!isFields(thinking)) return {};
  const { type, budget_tokens: budget } = thinking;
  if (type === "disabled") return { reasoning: { enabled: false } };
  if (type === "adaptive") return { reasoning: { enabled: true, adaptive: true } };
  return { reasoning: { enabled: true, ...(typeof budget === "number" && { max_tokens: budget }) } };
}

function effortIn(own: Fields, outputConfig: unknown): string | undefined {
  const nova = own["reasoningConfig"];
  if (isFields(nova) && nova["type"] === "disabled") return "none";
  const places: [unknown, string][] = [
    [outputConfig, "effort"],
    [own["output_config"], "effort"],
    [own["reasoning"], "effort"],
    [nova, "maxReasoningEffort"],
    [own, "reasoning_effort"],
  ];
  for (const [place, name] of places) {
    const effort = isFields(place) ? place[name] : undefined;
    if (typeof effort === "string") return effort;
  }
  return undefined;
}
