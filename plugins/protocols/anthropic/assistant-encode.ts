import { isFields, parseFields, partsOf, reasoningFormats, toolId } from "../../../core/index.ts";
import { blockOf, cacheMarkOf } from "./blocks-encode.ts";
import { ownOf, wire } from "./fields.ts";
import { carryCallSignature, signatureFor } from "./signatures.ts";
import type {
  BetaRedactedThinkingBlockParam,
  BetaThinkingBlockParam,
  BetaToolUseBlockParam,
} from "@anthropic-ai/sdk/resources/beta/messages/messages";
import type {
  AssistantMessage,
  CodecContext,
  ContentPart,
  Fields,
  ReasoningDetail,
  ToolCall,
} from "../../../core/index.ts";

/** Longest tool id that is sent as it is; what is allowed in one is Anthropic's pattern. Source: Anthropic API reference. */
export const toolIdLimit = 64;

/** Who reads the blocks. */
export interface Reader {
  /** Which reasoning it takes. */
  takes(detail: ReasoningDetail): boolean;
  /** A client keeps for us what other vendors want to see again, and takes text of white space. */
  client: boolean;
}

/** A client is shown all reasoning. */
export const client: Reader = { takes: () => true, client: true };

/** An upstream takes only reasoning that it made itself, and none without a signature, unless `unsigned`. */
export function upstream(unsigned: boolean): Reader {
  return {
    client: false,
    takes(detail) {
      if (detail.format !== reasoningFormats.anthropic) {
        return unsigned && detail.format === undefined && detail.type === "reasoning.text";
      }
      return (
        detail.type === "reasoning.encrypted" || (detail.type === "reasoning.text" && !!detail.signature)
      );
    },
  };
}

/** An assistant's message as blocks, in their order. */
export function assistantBlocks(
  message: AssistantMessage,
  context: Pick<CodecContext, "drop">,
  reader: Reader,
): Fields[] {
  const queues = {
    reasoning: detailsOf(message).map((detail) => (reader.takes(detail) ? [detailBlock(detail)] : [])),
    content: contentParts(message).map((part) => [blockOf(part, context, reader.client)]),
    tool_call: (message.tool_calls ?? []).map((call) => callBlocks(call, reader)),
  };
  const inOrder = (message.order ?? []).flatMap((kind) => queues[kind].shift() ?? []);
  const rest = [...queues.reasoning, ...queues.content, ...queues.tool_call].flat();
  return [...inOrder, ...rest].filter((block) => block !== undefined);
}

function detailsOf({ reasoning_details, reasoning_content }: AssistantMessage): ReasoningDetail[] {
  if (reasoning_details?.length) return reasoning_details;
  return reasoning_content ? [{ type: "reasoning.text", text: reasoning_content }] : [];
}

function contentParts({ content, refusal, audio }: AssistantMessage): ContentPart[] {
  const parts = [...partsOf(content)];
  if (refusal) parts.push({ type: "refusal", refusal });
  const transcript = audio?.["transcript"];
  if (parts.length === 0 && typeof transcript === "string") parts.push({ type: "text", text: transcript });
  return parts;
}

export function detailBlock(detail: ReasoningDetail): Fields {
  const signature = signatureFor(detail);
  if (detail.type === "reasoning.encrypted") {
    return wire<BetaRedactedThinkingBlockParam>({ type: "redacted_thinking", data: signature });
  }
  const thinking = detail.type === "reasoning.text" ? detail.text : detail.summary;
  return wire<BetaThinkingBlockParam>({ type: "thinking", thinking, signature });
}

/** A call as a block, and before it the signature that its maker wants to see again. */
function callBlocks(call: ToolCall, reader: Reader): Fields[] {
  const id = toolId(call.id, toolIdLimit);
  if (call.type === "custom") {
    const { name, input } = call.custom;
    return [wire<BetaToolUseBlockParam>({ type: "tool_use", id, name, input: { input } })];
  }
  const { name, arguments: text } = call.function;
  const input = inputOf(text);
  const block = wire<BetaToolUseBlockParam>({ type: "tool_use", id, name, input, ...cacheMarkOf(call) });
  const signature = call.extra_content?.google?.thought_signature;
  const full = { ...block, ...ownOf(call) };
  return signature === undefined || !reader.client ? [full] : [callSignatureBlock(id, signature), full];
}

export function callSignatureBlock(id: string, signature: string): Fields {
  const data = carryCallSignature(id, signature);
  return wire<BetaRedactedThinkingBlockParam>({ type: "redacted_thinking", data });
}

/** A call's input has to be an object; a model's text that is none is kept as one member. */
function inputOf(text: string): Fields {
  if (text.trim() === "") return {};
  const input = parseFields(text);
  return isFields(input) ? input : { input: text };
}
