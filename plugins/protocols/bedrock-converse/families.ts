/** How a Claude model takes its wish for reasoning; `adaptive` models choose their own budget, under an effort. */
export type ClaudeThinking = "none" | "budget" | "both" | "adaptive";

/** What the models of one family take beside what Converse says for all. */
export interface Family {
  /** Found in the model's id, in that of an inference profile, or in an ARN. */
  readonly pattern: RegExp;
  readonly claude?: ClaudeThinking;
  /** Where else the wish for reasoning goes, in `additionalModelRequestFields`. */
  readonly reasoning?: "reasoningConfig" | "reasoning_effort" | "reasoning";
  /** Neutral members that are written into `additionalModelRequestFields`, by path. */
  readonly fields?: Readonly<Record<string, string>>;
  /**
   * How an answer is brought into a JSON schema: by `outputConfig`, by a forced tool (`any` where one tool cannot be
   * named), or not at all.
   */
  readonly schema: "native" | "tool" | "any" | "none";
  /** Takes cache points. */
  readonly cache?: boolean;
  /** Knows a tool result's `status`. */
  readonly status?: boolean;
  /** Reasoning of earlier turns may not come back. */
  readonly forgetsReasoning?: boolean;
  /** Refuses `temperature` and `topP` together. */
  readonly oneSampling?: boolean;
}

const claude = { cache: true, status: true, fields: { top_k: "top_k" } } as const;

/**
 * Families by model id; the first that fits counts. Source: Amazon Bedrock user guide, inference parameters of
 * foundation models, adaptive thinking, structured outputs, prompt caching (2026-11).
 */
const families: readonly Family[] = [
  { ...claude, pattern: /claude-(v2|instant|3-(haiku|sonnet|opus|5))/, claude: "none", schema: "tool" },
  { ...claude, pattern: /claude-(3-7|(opus|sonnet)-4-2025)/, claude: "budget", schema: "tool" },
  { ...claude, pattern: /claude-opus-4-1/, claude: "budget", schema: "tool", oneSampling: true },
  {
    ...claude,
    pattern: /claude-(opus|sonnet|haiku)-4-5/,
    claude: "budget",
    schema: "native",
    oneSampling: true,
  },
  { ...claude, pattern: /claude-(opus|sonnet)-4-6/, claude: "both", schema: "native", oneSampling: true },
  { ...claude, pattern: /anthropic\.|claude/, claude: "adaptive", schema: "tool", oneSampling: true },
  {
    pattern: /nova-2/,
    reasoning: "reasoningConfig",
    fields: { top_k: "inferenceConfig.topK" },
    schema: "tool",
    cache: true,
    status: true,
  },
  {
    pattern: /amazon\.nova|nova-(micro|lite|pro|premier)/,
    fields: { top_k: "inferenceConfig.topK" },
    schema: "tool",
    cache: true,
    status: true,
  },
  { pattern: /openai\.gpt-oss/, reasoning: "reasoning_effort", schema: "native" },
  { pattern: /openai\./, reasoning: "reasoning", schema: "native" },
  { pattern: /moonshot|kimi/, reasoning: "reasoning_effort", schema: "native" },
  { pattern: /deepseek\.r1/, schema: "none", forgetsReasoning: true },
  { pattern: /deepseek/, reasoning: "reasoning_effort", schema: "native" },
  {
    pattern: /qwen|minimax|nvidia|google\.|zai\.|magistral|ministral|mistral-large-3|voxtral/,
    schema: "native",
  },
  { pattern: /mistral-large/, fields: { top_k: "top_k" }, schema: "any" },
  { pattern: /mistral|mixtral|pixtral/, fields: { top_k: "top_k" }, schema: "none" },
  {
    pattern: /cohere\./,
    fields: {
      top_k: "k",
      frequency_penalty: "frequency_penalty",
      presence_penalty: "presence_penalty",
      seed: "seed",
    },
    schema: "none",
  },
  {
    pattern: /ai21\./,
    fields: { frequency_penalty: "frequency_penalty", presence_penalty: "presence_penalty" },
    schema: "none",
  },
  { pattern: /amazon\.titan|meta\.llama|llama\d|writer\./, schema: "none" },
];

/** A model that its id tells nothing of, as that of an application's inference profile: nothing is held back from it. */
const unknown: Family = { pattern: /^/, schema: "native", cache: true, status: true };

const known = new Map<string, Family>();

export function familyOf(model: string): Family {
  const before = known.get(model);
  if (before) return before;
  const family = families.find(({ pattern }) => pattern.test(model)) ?? unknown;
  // Names come from clients too: they may not fill the memory.
  if (known.size > 1000) known.clear();
  known.set(model, family);
  return family;
}

/** True where a signature of the model's reasoning is Anthropic's, which are good on every platform. */
export function signsAsAnthropic(model: string): boolean {
  const family = familyOf(model);
  return family.claude !== undefined || family === unknown;
}
