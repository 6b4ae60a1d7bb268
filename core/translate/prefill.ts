import { maxTokensOf } from "../chat-content.ts";
import { estimateTokens } from "../estimate.ts";
import { spokenProtocol } from "./spoken.ts";
import type { CallState } from "../call-state.ts";
import type { AssistantMessage, ChatRequest } from "../chat.ts";
import type { Target } from "../upstream.ts";

/**
 * The request for the rest of an answer that begins with `text`; undefined where the target cannot go on with one.
 * @param text Without white space at its end, which some services refuse there; `""` asks for all of it.
 */
export function requestForRest(
  call: CallState,
  target: Target,
  request: ChatRequest,
  text: string,
): ChatRequest | undefined {
  const { upstream, model } = target;
  const protocol = spokenProtocol(call, upstream, model, call.gateway.protocols);
  if (!protocol) return undefined;
  if (text === "") return request;
  const { prefill = false } = { ...protocol.takes, ...upstream.provider.takes };
  const how = typeof prefill === "function" ? prefill(model ?? request.model) : prefill;
  if (!how) return undefined;
  const marks = how === true ? {} : how;
  const begun: AssistantMessage = { role: "assistant", content: text, ...marks.message };
  // Reasoning would begin anew, and some services refuse it before a beginning that is given.
  const { reasoning: _reasoning, reasoning_effort: _effort, ...rest } = request;
  return {
    ...rest,
    ...shorter(request, text),
    ...marks.body,
    messages: [...request.messages, begun],
  };
}

/** The bound of an answer, less what there is of it. */
function shorter(request: ChatRequest, text: string): Partial<ChatRequest> {
  const most = maxTokensOf(request);
  if (most === undefined) return {};
  const left = Math.max(1, most - estimateTokens(text));
  return request.max_completion_tokens === undefined ? { max_tokens: left } : { max_completion_tokens: left };
}
