import { isFields, reasoningOf } from "../../../core/index.ts";
import type { ChatRequest, Fields, ReasoningOptions, ReasoningWish } from "../../../core/index.ts";
import type { Draft } from "./draft.ts";
import type { Quirks, ReasoningQuirk } from "./vendor.ts";

/** Says a wish for reasoning as a vendor wants to hear it. A body without one, or in the vendor's own words, stays. */
export function adaptReasoning(draft: Draft, quirks: Quirks, translated: boolean): void {
  const { reasoning: quirk = "effort" } = quirks;
  if (quirk === "reasoning-object") {
    if (translated) writeObject(draft);
    return;
  }
  const wish = wishOf(draft);
  if (!wish) return;
  draft.remove("reasoning");
  writers[quirk](draft, wish, quirks);
}

/** What the body asks for, in OpenAI's words, OpenRouter's, or the neutral shape's. */
function wishOf(draft: Draft): (ReasoningWish & { explicitBudget: number | undefined }) | undefined {
  const given = draft.get("reasoning");
  const options: Fields = isFields(given) ? given : {};
  const { effort, max_tokens } = options;
  const asked = draft.get("reasoning_effort") ?? effort;
  const wish = reasoningOf({
    ...(typeof asked === "string" && { reasoning_effort: asked }),
    reasoning: options as ReasoningOptions,
  } as ChatRequest);
  return wish && { ...wish, explicitBudget: typeof max_tokens === "number" ? max_tokens : undefined };
}

type Wish = NonNullable<ReturnType<typeof wishOf>>;

const writers: Record<
  Exclude<ReasoningQuirk, "reasoning-object">,
  (draft: Draft, wish: Wish, quirks: Quirks) => void
> = {
  effort: writeEffort,
  none: (draft) => draft.drop("reasoning_effort"),
  enable_thinking(draft, { enabled, explicitBudget }) {
    draft.remove("reasoning_effort");
    draft.set("enable_thinking", enabled);
    if (enabled && explicitBudget !== undefined) draft.set("thinking_budget", explicitBudget);
  },
  "thinking-type"(draft, { enabled }) {
    draft.remove("reasoning_effort");
    draft.set("thinking", { type: enabled ? "enabled" : "disabled" });
  },
  "thinking-effort"(draft, wish, quirks) {
    draft.set("thinking", { type: wish.enabled ? "enabled" : "disabled" });
    if (wish.enabled) writeEffort(draft, wish, quirks);
    else draft.remove("reasoning_effort");
  },
  chat_template_kwargs(draft, { enabled }) {
    const before = draft.get("chat_template_kwargs");
    draft.remove("reasoning_effort");
    // Qwen's and GLM's templates read the one, DeepSeek's and Kimi's the other; what a template does not know it leaves.
    draft.set("chat_template_kwargs", {
      enable_thinking: enabled,
      thinking: enabled,
      ...(isFields(before) && before),
    });
  },
};

const order = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/** The effort itself, or the next higher one that the vendor knows, else its highest. */
function writeEffort(draft: Draft, { effort }: Wish, { efforts }: Quirks): void {
  const known = efforts && !efforts.includes(effort) ? nearest(effort, efforts) : effort;
  if (known === undefined) draft.drop("reasoning_effort");
  else if (known !== draft.get("reasoning_effort")) draft.set("reasoning_effort", known);
}

/** Undefined for `none` where reasoning cannot be turned off. */
function nearest(effort: string, efforts: readonly string[]): string | undefined {
  if (effort === "none") return undefined;
  const from = order.indexOf(effort);
  const able = efforts.filter((one) => one !== "none");
  const higher = order.slice(from < 0 ? 0 : from).find((one) => able.includes(one));
  return higher ?? able.at(-1);
}

/** Of effort and tokens, OpenRouter takes one. */
function writeObject(draft: Draft): void {
  const given = draft.get("reasoning");
  if (!isFields(given)) return;
  const wish = wishOf(draft);
  const effort = draft.get("reasoning_effort");
  const how = () => {
    if (!wish) return {};
    if (!wish.enabled) return { enabled: false };
    if (wish.explicitBudget !== undefined) return { max_tokens: wish.explicitBudget };
    return effort === undefined || effort === null ? { enabled: true } : { effort: wish.effort };
  };
  const written = { ...how(), ...(given["exclude"] === true && { exclude: true }) };
  draft.remove("reasoning_effort");
  if (Object.keys(written).length > 0) draft.set("reasoning", written);
  else draft.remove("reasoning");
}
