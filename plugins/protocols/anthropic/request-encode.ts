import { isFields, maxTokensOf, partsOf, stopOf } from "../../../core/index.ts";
import { blocksOf, cacheMarkOf, plainText } from "./blocks-encode.ts";
import { ownOf, wire } from "./fields.ts";
import { factsOf } from "./models.ts";
import { encodeFormat, jsonInstruction } from "./structured.ts";
import { encodeThinking } from "./thinking.ts";
import { encodeTools } from "./tools.ts";
import { turnsOf } from "./turns.ts";
import { noteUnsaid } from "./unsaid.ts";
import type {
  BetaMessageParam,
  BetaOutputConfig,
  BetaThinkingConfigParam,
  BetaToolChoice,
  BetaToolUnion,
  MessageCreateParamsBase,
} from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type { ChatMessage, ChatRequest, CodecContext, Fields } from "../../../core/index.ts";
import type { ModelFacts } from "./models.ts";
import type { WrittenThinking } from "./thinking.ts";

/** Older models take these too. */
interface Sampling {
  temperature?: number;
  top_p?: number;
  top_k?: number;
}

type WireRequest = MessageCreateParamsBase & Sampling;

/** The body for an upstream. */
export function encodeRequest(request: ChatRequest, context: CodecContext): Fields {
  const facts = factsOf(context.model);
  noteUnsaid(request, context);
  const own = ownOf(request) ?? {};
  const leading = request.messages.findIndex((message) => !isInstruction(message));
  const start = leading < 0 ? request.messages.length : leading;
  const messages = turnsOf(request.messages.slice(start), facts, context);
  const tools = encodeTools(request, facts, messages, context);
  const hindrance = { forced: tools.forced, unthoughtTurn: isUnthought(messages) };
  const thinking = encodeThinking(request, facts, mostTokens(request, facts), hindrance, context);
  const thinks = thinking.thinking?.["type"] === "adaptive" || thinking.thinking?.["type"] === "enabled";
  const stream = request.stream ?? (context.stream || undefined);
  const body: WireRequest = {
    model: context.model,
    max_tokens: thinking.maxTokens,
    messages: messages as object as BetaMessageParam[],
    ...systemOf(request.messages.slice(0, start), request, context),
    ...(stream !== undefined && { stream }),
    ...sampling(request, facts, thinks, context),
    ...stopSequences(request, context),
    ...(tools.tools && { tools: tools.tools as object as BetaToolUnion[] }),
    ...(tools.tool_choice && { tool_choice: tools.tool_choice as object as BetaToolChoice }),
    ...about(request, context),
    ...cacheMarkOf(request),
  };
  const { thinking: _thinking, output_config: _config, ...others } = own;
  return { ...wire(body), ...outputOf(request, thinking, facts), ...others };
}

function isInstruction({ role }: ChatMessage): boolean {
  return role === "system" || role === "developer";
}

function mostTokens(request: ChatRequest, { maxOutput }: ModelFacts): number {
  return Math.min(maxTokensOf(request) ?? maxOutput, maxOutput);
}

/** The instructions before the conversation, joined in order. */
function systemOf(
  messages: readonly ChatMessage[],
  request: ChatRequest,
  context: CodecContext,
): Pick<WireRequest, "system"> {
  const instruction = jsonInstruction(request);
  const [first] = messages;
  if (messages.length === 1 && typeof first?.content === "string" && !instruction) {
    return first.content.trim() === "" ? {} : { system: first.content };
  }
  const blocks = messages.flatMap(({ content }) => blocksOf(partsOf(content), context));
  const added = instruction === undefined ? undefined : plainText(instruction);
  const system = added ? [...blocks, added] : blocks;
  return system.length > 0 ? { system: system as object as Exclude<WireRequest["system"], string> } : {};
}

/** The conversation stands in a run of tool calls and results that has no thinking in it. */
function isUnthought(turns: readonly Fields[]): boolean {
  let called = false;
  for (const { role, content } of turns.toReversed()) {
    const kinds = Array.isArray(content) ? (content as Fields[]).map(({ type }) => type) : [];
    if (role === "user" && !kinds.includes("tool_result")) return called;
    if (kinds.includes("thinking") || kinds.includes("redacted_thinking")) return false;
    called ||= kinds.includes("tool_use");
  }
  return called;
}

/** Thinking rules sampling out, and newer models take none but its defaults. */
function sampling(
  request: ChatRequest,
  facts: ModelFacts,
  thinks: boolean,
  { drop }: CodecContext,
): Sampling {
  const { temperature, top_p, top_k } = request;
  const free = facts.sampling !== "none";
  const result: Sampling = {};
  if (typeof temperature === "number") {
    // OpenAI's goes up to 2.
    const most = Math.min(temperature, 1);
    if (free && !thinks) result.temperature = most;
    if (most !== temperature || (result.temperature === undefined && temperature !== 1)) drop("temperature");
  }
  if (typeof top_p === "number") {
    const both = facts.sampling === "one" && result.temperature !== undefined;
    if (free && !both && (!thinks || top_p >= 0.95)) result.top_p = top_p;
    else if (top_p !== 1) drop("top_p");
  }
  if (typeof top_k === "number") {
    if (free && !thinks) result.top_k = top_k;
    else drop("top_k");
  }
  return result;
}

/** One of nothing but white space is refused. */
function stopSequences(request: ChatRequest, { drop }: CodecContext): Pick<WireRequest, "stop_sequences"> {
  const all = stopOf(request);
  const stop = all.filter((one) => one.trim() !== "");
  if (stop.length < all.length) drop("stop");
  return stop.length > 0 || Array.isArray(request.stop) ? { stop_sequences: stop } : {};
}

const tiers: Readonly<Record<string, "auto" | "standard_only">> = {
  auto: "auto",
  default: "standard_only",
  // Priority is what Anthropic's `auto` uses where there is some.
  priority: "auto",
};

function about(request: ChatRequest, { drop }: CodecContext): Pick<WireRequest, "metadata" | "service_tier"> {
  const user = request.user ?? request.safety_identifier;
  const { service_tier: asked } = request;
  const tier = asked ? tiers[asked] : undefined;
  if (asked && !tier) drop("service_tier");
  return { ...(user && { metadata: { user_id: user } }), ...(tier && { service_tier: tier }) };
}

/** `thinking` and `output_config`, with what only this protocol says in them. */
function outputOf(request: ChatRequest, written: WrittenThinking, facts: ModelFacts): Fields {
  const own = ownOf(request) ?? {};
  const given = isFields(own["output_config"]) ? own["output_config"] : {};
  const format = own["output_format"] === undefined ? encodeFormat(request, facts) : undefined;
  const config: Fields = {
    ...given,
    ...wire<BetaOutputConfig>({ ...(format && { format: format as object as BetaOutputConfig["format"] }) }),
  };
  if (typeof config["effort"] === "string") delete config["effort"];
  if (written.effort) config["effort"] = written.effort;
  const thinking = written.thinking && { ...written.thinking, ...(own["thinking"] as Fields | undefined) };
  return {
    ...(thinking && { thinking: thinking as object as BetaThinkingConfigParam }),
    ...(Object.keys(config).length > 0 && { output_config: config }),
  };
}
