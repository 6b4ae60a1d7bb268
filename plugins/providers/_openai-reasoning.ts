import { wantsReasoningText } from "../../core/index.ts";
import type { Clock, Provider, Target, Upstream } from "../../core/index.ts";

/**
 * Models that sum up their reasoning over Responses; its Chat Completions never tell it.
 * Source: OpenAI API documentation, "Reasoning models", and Azure OpenAI's of the same name; November 2026.
 */
const reasoning = /^(?:ft:)?(?:o[134]|gpt-[5-9]|codex)(?![a-z\d])/;
/** Their namesakes that do not reason, or that only chat. */
const others = /^(?:ft:)?o1-(?:mini|preview)|-(?:chat|search-api|audio|realtime)(?:-|$)/;

/** Members of a request that only the choice of Responses brings with it: refused, they are no fault of the client's. */
const asked: ReadonlySet<string | undefined> = new Set(["reasoning.summary", "include"]);

/** ms. OpenAI tells summaries to verified organizations only, and an organization may become one. */
const rest = 60 * 60 * 1000;

/**
 * Sends what asks for the reasoning's text to Responses, and the rest to Chat Completions, as ever. Where the summary
 * is refused, or there are no Responses, the call goes to Chat Completions too, and the next ones for an hour.
 * @param isOn Whether an upstream has Responses.
 */
export function reasoningOverResponses(
  isOn: (upstream: Upstream) => boolean,
  clock: Clock,
): Pick<Provider, "chatProtocol" | "refusesChoice"> {
  /** When a target may be asked again. */
  const refused = new WeakMap<Target, number>();
  return {
    chatProtocol(request, target) {
      const isWanted = isOn(target.upstream) && reasons(target.model) && wantsReasoningText(request);
      const isRefused = (refused.get(target) ?? 0) > clock.now();
      return isWanted && !isRefused ? "openai-responses" : undefined;
    },
    refusesChoice(status, { param }, target) {
      const isOurs = status === 404 || (status === 400 && asked.has(param));
      if (isOurs) refused.set(target, clock.now() + rest);
      return isOurs;
    },
  };
}

function reasons(model = ""): boolean {
  return reasoning.test(model) && !others.test(model);
}
