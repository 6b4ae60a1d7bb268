import type { Path } from "../../config/document.ts";
import type { Draft } from "../api-yaml/draft.ts";
import { isMap } from "../../config/merge-maps.ts";
import { engineOf } from "./engines.ts";
import { spelled } from "./place.ts";
import type { Engine, UniProvider } from "./schema.ts";

interface Site {
  upstream: string;
  place: Path;
  file: unknown;
  draft: Draft;
}

/** Members in which requests name tools, over all protocols. */
const toolMembers = [
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "functions",
  "function_call",
  "toolConfig",
];

/** What a channel changes of the requests that go to it: tools left out, reasoning by a model's name, own members. */
export function overridesOf(given: UniProvider, { upstream, place, file, draft }: Site): void {
  const upstreams = [upstream];
  if (given.tools === false) draft.rule({ upstreams, remove: toolMembers }, [...place, "tools"]);
  const offered = (given.model ?? []).flat();
  for (const [index, entry] of (given.model ?? []).entries()) {
    for (const { name, upstreamName } of entry) {
      const rule = thinking(name, upstreamName ?? name, engineOf(given));
      if (rule) draft.rule({ upstreams, models: [name], ...rule }, [...place, "model", index]);
    }
  }
  const overrides = given.preferences?.post_body_parameter_overrides;
  if (!overrides) return;
  const from = spelled(file, [...place, "preferences"], "post_body_parameter_overrides");
  const names = new Set(offered.flatMap(({ name, upstreamName }) => [name, upstreamName ?? name]));
  const general = Object.entries(overrides).filter(([key]) => !names.has(key));
  if (general.length > 0) draft.rule({ upstreams, set: Object.fromEntries(general) }, from);
  for (const [model, set] of Object.entries(overrides)) {
    if (names.has(model) && isMap(set)) draft.rule({ upstreams, models: [model], set }, [...from, model]);
  }
}

const suffix = /-think(?:-(\d+))?$/;
/** Tokens, where the name says none. */
const usualBudget = 4096;

/** The reasoning that a model's offered name asks for, as its service is told of it; undefined where it asks for none. */
function thinking(name: string, upstreamName: string, engine: Engine): Record<string, unknown> | undefined {
  const match = suffix.exec(name);
  if (!match) return undefined;
  const budget = match[1] === undefined ? usualBudget : Number(match[1]);
  const isClaude = /claude/i.test(upstreamName);
  if (engine === "claude" || (engine.startsWith("vertex") && isClaude)) return forClaude(budget);
  if (engine === "aws" && isClaude) return forClaude(budget);
  if (engine === "gemini" || engine.startsWith("vertex")) {
    const thinkingConfig = { thinkingBudget: budget, includeThoughts: budget > 0 };
    return { set: { generationConfig: { thinkingConfig } } };
  }
  if (engine === "openrouter") return { set: { reasoning: { max_tokens: budget } } };
  return { set: { reasoning_effort: budget === 0 ? "none" : budget <= 2048 ? "low" : "medium" } };
}

/** Claude wants room for the answer beside its thoughts, and no other sampling than its own. */
function forClaude(budget: number): Record<string, unknown> {
  if (budget === 0) return { set: { thinking: { type: "disabled" } } };
  return {
    set: { thinking: { type: "enabled", budget_tokens: budget } },
    remove: ["temperature", "top_p", "top_k"],
    atLeast: { max_tokens: budget + usualBudget },
  };
}
