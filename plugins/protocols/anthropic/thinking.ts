import { effortBudgets, effortOf, isFields, reasoningOf } from "../../../core/index.ts";
import { ownOf, wire } from "./fields.ts";
import type {
  BetaThinkingConfigAdaptive,
  BetaThinkingConfigEnabled,
  BetaThinkingConfigParam,
} from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type { ChatRequest, CodecContext, Fields, ReasoningOptions } from "../../../core/index.ts";
import type { ModelFacts } from "./models.ts";

/** Source: Anthropic API reference, thinking. */
const leastBudget = 1024;

interface Decoded {
  reasoning?: ReasoningOptions;
  reasoning_effort?: string;
  /** Members of `thinking` that only this protocol has. */
  thinking?: Fields;
  /** Members of `output_config` that only this protocol has; the effort, where it says nothing of thinking. */
  outputConfig?: Fields;
}

/** What a request says of thinking, in the neutral words and in this protocol's own. */
export function decodeThinking({ thinking, output_config: config }: Fields): Decoded {
  const decoded: Decoded = isFields(thinking) ? decodeConfig(thinking) : {};
  if (!isFields(config)) return decoded;
  const { effort, format, ...rest } = config;
  if (typeof effort === "string") decoded.reasoning_effort = effort;
  const own: Fields = { ...rest, ...(format === null && { format }) };
  if (effort === null || (effort !== undefined && !decoded.reasoning)) own["effort"] = effort;
  return Object.keys(own).length > 0 ? { ...decoded, outputConfig: own } : decoded;
}

function decodeConfig({ type, budget_tokens: budget, display, ...rest }: Fields): Decoded {
  const reasoning: ReasoningOptions = { enabled: type !== "disabled" && type !== "between_tools" };
  const own: Fields = { ...rest };
  if (type === "adaptive") reasoning.adaptive = true;
  if (type === "between_tools") own["type"] = type;
  if (typeof budget === "number") reasoning.max_tokens = budget;
  if (display === "omitted") reasoning.exclude = true;
  else if (display === "summarized") reasoning.summary = "auto";
  else if (display !== undefined) own["display"] = display;
  return { reasoning, ...(Object.keys(own).length > 0 && { thinking: own }) };
}

export interface WrittenThinking {
  thinking?: Fields;
  effort?: "low" | "medium" | "high" | "xhigh" | "max" | undefined;
  maxTokens: number;
}

/** What stands in thinking's way. */
export interface Hindrance {
  /** A tool has to be called at once. */
  forced: boolean;
  /** The turn that goes on began without thinking: with a budget, the service refuses to think further in it. */
  unthoughtTurn: boolean;
}

/**
 * How a model is to think. Where something else rules thinking out, that goes first: a program depends on the tool
 * that it forces or on the turn that it continues, and the thinking only makes the answer better.
 */
export function encodeThinking(
  request: ChatRequest,
  facts: ModelFacts,
  maxTokens: number,
  hindrance: Hindrance,
  context: CodecContext,
): WrittenThinking {
  const wish = reasoningOf(request);
  const own = ownOf(request) ?? {};
  const said = request.reasoning_effort ? "reasoning_effort" : "reasoning";
  const effort = fittingEffort(request.reasoning_effort ?? wish?.effort, facts);
  if (!wish) return { maxTokens };
  const config = own["output_config"];
  if (!request.reasoning && isFields(config) && "effort" in config) {
    if (!effort) context.drop(said);
    return { maxTokens, effort };
  }
  if (!wish.enabled) return withoutThinking(request, facts, maxTokens, context);
  const adaptive =
    facts.thinking === "adaptive" || (facts.thinking === "both" && !request.reasoning?.max_tokens);
  const hindered = hindrance.forced || (!adaptive && hindrance.unthoughtTurn);
  if (facts.thinking === "none" || hindered) {
    context.drop(said);
    return { maxTokens, ...(adaptive && { effort }) };
  }
  if (!adaptive) return withBudget(request, facts, maxTokens, wish.budget);
  return { maxTokens, thinking: adaptiveConfig(request), effort: effortAsked(request, facts, effort) };
}

/** The effort is only written where the request names one, or a budget that stands for one. */
function effortAsked(request: ChatRequest, facts: ModelFacts, effort: WrittenThinking["effort"]) {
  if (request.reasoning_effort) return effort;
  const budget = request.reasoning?.max_tokens;
  return budget === undefined ? undefined : fittingEffort(effortOf(budget), facts);
}

function adaptiveConfig({ reasoning }: ChatRequest): Fields {
  const shown = reasoning?.summary !== undefined || !reasoning?.adaptive;
  const display = reasoning?.exclude ? "omitted" : shown ? "summarized" : undefined;
  // The newest models show no thinking unless they are told to.
  return wire<BetaThinkingConfigAdaptive>({ type: "adaptive", ...(display && { display }) });
}

function withoutThinking(
  { reasoning_effort: asked }: ChatRequest,
  facts: ModelFacts,
  maxTokens: number,
  context: CodecContext,
): WrittenThinking {
  const named = asked && asked !== "none" ? fittingEffort(asked, facts) : undefined;
  if (facts.thinking === "none") return { maxTokens };
  if (!facts.off) {
    context.drop("reasoning_effort");
    return { maxTokens, effort: fittingEffort("low", facts) };
  }
  const effort = named === "xhigh" || named === "max" ? "high" : named;
  return { maxTokens, thinking: wire<BetaThinkingConfigParam>({ type: facts.off }), effort };
}

/**
 * A budget has to be less than `max_tokens`, which bounds thinking and text together. One that the request names is
 * kept, and `max_tokens` raised as far as the model goes; one that stands for an effort becomes smaller first.
 */
function withBudget(
  request: ChatRequest,
  facts: ModelFacts,
  maxTokens: number,
  budget: number,
): WrittenThinking {
  const named = request.reasoning?.max_tokens !== undefined;
  const share = named ? budget : Math.min(budget, Math.floor(maxTokens * 0.8));
  const wanted = Math.max(leastBudget, share);
  const raised = wanted < maxTokens ? maxTokens : Math.min(facts.maxOutput, wanted + maxTokens);
  const { exclude, summary } = request.reasoning ?? {};
  const display = exclude ? "omitted" : summary === undefined ? undefined : "summarized";
  const thinking = wire<BetaThinkingConfigEnabled>({
    type: "enabled",
    budget_tokens: Math.min(wanted, raised - 1),
    ...(display && { display }),
  });
  const effort = request.reasoning_effort ? fittingEffort(request.reasoning_effort, facts) : undefined;
  return { maxTokens: raised, thinking, effort };
}

const efforts = Object.keys(effortBudgets);

/** The model's effort that comes nearest to one, from below; undefined where it has none. */
function fittingEffort(
  effort: string | undefined,
  { efforts: known }: ModelFacts,
): WrittenThinking["effort"] {
  if (effort === undefined || known.length === 0) return undefined;
  const upTo = efforts.slice(0, efforts.indexOf(effort) + 1);
  const fitting = known.filter((one) => upTo.includes(one));
  return (fitting.at(-1) ?? known[0]) as WrittenThinking["effort"];
}
