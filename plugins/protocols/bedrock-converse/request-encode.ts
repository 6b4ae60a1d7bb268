import { isFields, maxTokensOf, stopOf } from "../../../core/index.ts";
import type { ChatMessage, ChatRequest, CodecContext, Fields } from "../../../core/index.ts";
import { cachePoint, contentBlocks, encodeMessages } from "./messages-encode.ts";
import type { Writing } from "./messages-encode.ts";
import { modelFields } from "./model-fields.ts";
import type { ModelFields } from "./model-fields.ts";
import { name, ownOf } from "./own.ts";
import { schemaWay } from "./schema.ts";
import { encodeTools } from "./tools.ts";
import type { WireInference, WireMessage, WireOutputConfig, WireRequest, WireSystemBlock } from "./wire.ts";

/**
 * The neutral members: `written`, or dropped unless the value says nothing. System messages of any place are joined
 * in their order, as Converse has no place for them between turns.
 */
const members: Readonly<Record<keyof ChatRequest, "written" | ((value: unknown) => boolean)>> = {
  model: "written",
  messages: "written",
  stream: "written",
  stream_options: "written",
  max_completion_tokens: "written",
  max_tokens: "written",
  temperature: "written",
  top_p: "written",
  top_k: "written",
  frequency_penalty: "written",
  presence_penalty: "written",
  seed: "written",
  n: (value) => value === 1,
  stop: "written",
  logprobs: (value) => value === false,
  top_logprobs: (value) => value === 0,
  logit_bias: (value) => isFields(value) && Object.keys(value).length === 0,
  response_format: "written",
  tools: "written",
  tool_choice: "written",
  parallel_tool_calls: "written",
  reasoning_effort: "written",
  reasoning: "written",
  verbosity: (value) => value === "medium",
  modalities: (value) => Array.isArray(value) && value.every((one) => one === "text"),
  audio: () => false,
  prediction: () => false,
  web_search_options: () => false,
  user: () => false,
  safety_identifier: () => false,
  prompt_cache_key: () => false,
  metadata: "written",
  service_tier: "written",
  store: (value) => value === false,
  cache_control: "written",
  extensions: "written",
};

/** For a request that brought its model's own fields with it. */
const asWritten: ModelFields = { fields: {}, thinking: false, choice: false, without: new Set() };

/** A Converse request; the model stands in its path. */
export function encodeRequest(request: ChatRequest, context: CodecContext): Fields {
  noteDropped(request, context);
  const { model } = context;
  const { outputConfig: ownOutput, inferenceConfig: ownInference, ...own } = ownOf(request) ?? {};
  const isWritten = ownOutput !== undefined || own["additionalModelRequestFields"] !== undefined;
  const made = isWritten ? asWritten : modelFields(request, model, context);
  const way = schemaWay(request, model);
  if (way?.way === "none") context.drop("response_format");
  const answer = way?.way === "tool" ? way.tool : undefined;
  const { thinking, choice: choiceElsewhere } = made;
  const toolConfig = encodeTools(request, { model, answer, thinking, choiceElsewhere }, context);
  const writing: Writing = { context, model, names: new Set() };
  const system = systemBlocks(request.messages, writing);
  const messages = encodeMessages(request.messages, writing);
  markEnd(messages, request, writing);
  const inferenceConfig = { ...inference(request, made), ...(isFields(ownInference) && ownInference) };
  const outputConfig = outputOf(request, made, way?.way === "native");
  const tier = serviceTier(request, context);
  const body: WireRequest = {
    messages: messages as unknown as WireMessage[],
    ...(system.length > 0 && { system: system as unknown as WireSystemBlock[] }),
    ...(Object.keys(inferenceConfig).length > 0 && { inferenceConfig }),
    ...(toolConfig && { toolConfig: toolConfig as unknown as NonNullable<WireRequest["toolConfig"]> }),
    ...(outputConfig && { outputConfig }),
    ...(request.metadata && { requestMetadata: request.metadata }),
    ...(tier && { serviceTier: tier }),
    ...(Object.keys(made.fields).length > 0 && {
      additionalModelRequestFields: made.fields as WireRequest["additionalModelRequestFields"],
    }),
  };
  return { ...body, ...own, ...(ownOutput !== undefined && { outputConfig: ownOutput }) };
}

function noteDropped(request: ChatRequest, context: CodecContext): void {
  for (const [member, value] of Object.entries(request)) {
    if (value === undefined || value === null) continue;
    const known = members[member as keyof ChatRequest] ?? (() => false);
    if (known !== "written" && !known(value)) context.drop(member);
  }
  for (const [protocol, fields] of Object.entries(request.extensions ?? {})) {
    if (protocol !== name) for (const field of Object.keys(fields)) context.drop(field);
  }
}

function systemBlocks(messages: readonly ChatMessage[], writing: Writing): Fields[] {
  return messages.flatMap((message) =>
    message.role === "system" || message.role === "developer" ? contentBlocks(message.content, writing) : [],
  );
}

/** A mark over the whole request keeps all of it, up to the end of the last turn. */
function markEnd(messages: readonly Fields[], { cache_control }: ChatRequest, writing: Writing): void {
  const content = messages.at(-1)?.["content"];
  if (Array.isArray(content)) content.push(...cachePoint(cache_control, writing));
}

function inference(request: ChatRequest, { without }: ModelFields): WireInference {
  const maxTokens = without.has("max_tokens") ? undefined : maxTokensOf(request);
  const { temperature, top_p } = request;
  return {
    ...(maxTokens !== undefined && { maxTokens }),
    ...(temperature != null && !without.has("temperature") && { temperature }),
    ...(top_p != null && !without.has("top_p") && { topP: top_p }),
    ...(request.stop != null && { stopSequences: stopOf(request) }),
  };
}

function outputOf(
  request: ChatRequest,
  { effort }: ModelFields,
  native: boolean,
): WireOutputConfig | undefined {
  const format = native ? request.response_format : undefined;
  if (format?.type !== "json_schema") return effort === undefined ? undefined : { effort };
  const { name: schemaName, description, schema } = format.json_schema;
  return {
    textFormat: {
      type: "json_schema",
      structure: {
        jsonSchema: {
          schema: JSON.stringify(schema ?? { type: "object" }),
          name: schemaName,
          ...(description && { description }),
        },
      },
    },
    ...(effort !== undefined && { effort }),
  };
}

type Tier = NonNullable<NonNullable<WireRequest["serviceTier"]>["type"]>;

const tiers: ReadonlySet<string> = new Set<Tier>(["default", "flex", "priority", "reserved"]);

function serviceTier({ service_tier: tier }: ChatRequest, context: CodecContext): WireRequest["serviceTier"] {
  if (tier == null || tier === "auto") return undefined;
  if (tiers.has(tier)) return { type: tier as Tier };
  context.drop("service_tier");
  return undefined;
}
