/** What a model takes, as far as requests have to be written otherwise for it. */
export interface ModelFacts {
  /** The most output tokens. */
  maxOutput: number;
  /** `budget`: only with a number of tokens; `adaptive`: only by effort; `both`. */
  thinking: "none" | "budget" | "both" | "adaptive";
  /** The `thinking.type` that turns thinking off; undefined where it is always on. */
  off: "disabled" | "between_tools" | undefined;
  /** Values of `output_config.effort`; none where it is refused. */
  efforts: readonly string[];
  /** `one`: temperature or top_p, not both; `none`: a value that is not the default is refused. */
  sampling: "all" | "one" | "none";
  /** `tool_choice` may be `any` or `tool`. */
  forcedTools: boolean;
  /** `output_config.format` and strict tools. */
  structured: boolean;
  /** System messages within the conversation. */
  midSystem: boolean;
  /** The conversation may end with the assistant's words, to be continued. */
  prefill: boolean;
  /** Thinking without a signature is taken back: services that only speak the protocol make none. */
  unsigned: boolean;
}

const older: ModelFacts = {
  maxOutput: 4096,
  thinking: "none",
  off: "disabled",
  efforts: [],
  sampling: "all",
  forcedTools: true,
  structured: false,
  midSystem: false,
  prefill: true,
  unsigned: false,
};
const claude4: ModelFacts = { ...older, maxOutput: 64_000, thinking: "budget" };
const claude45: ModelFacts = { ...claude4, sampling: "one", structured: true };
const claude46: ModelFacts = {
  ...claude45,
  maxOutput: 128_000,
  thinking: "both",
  efforts: ["low", "medium", "high", "max"],
  prefill: false,
};
const claude47: ModelFacts = {
  ...claude46,
  thinking: "adaptive",
  efforts: ["low", "medium", "high", "xhigh", "max"],
  sampling: "none",
};
const claude5: ModelFacts = { ...claude47, midSystem: true };
const alwaysThinking: ModelFacts = { ...claude5, off: undefined };
const newest: ModelFacts = { ...alwaysThinking, forcedTools: false };

/**
 * By the name's begin, the first that fits. Sources: Anthropic's models overview, its page "Troubleshooting thinking"
 * (table of thinking types), its pages on effort, structured outputs and mid-conversation system messages, and the
 * migration guides of each model; 2026-11.
 */
const models: readonly (readonly [begin: string, facts: ModelFacts])[] = [
  ["claude-fable-5-", newest],
  ["claude-mythos-5-", newest],
  ["claude-fable-5", alwaysThinking],
  ["claude-mythos-5", alwaysThinking],
  ["claude-mythos-preview", { ...claude46, off: undefined }],
  ["claude-opus-5-5", newest],
  ["claude-sonnet-5-5", { ...claude5, off: "between_tools", forcedTools: false }],
  ["claude-haiku-5-5", claude5],
  ["claude-opus-5", claude5],
  ["claude-sonnet-5", claude47],
  ["claude-opus-4-8", claude5],
  ["claude-opus-4-7", claude47],
  ["claude-opus-4-6", claude46],
  ["claude-sonnet-4-6", claude46],
  ["claude-opus-4-5", { ...claude45, efforts: ["low", "medium", "high"] }],
  ["claude-sonnet-4-5", claude45],
  ["claude-haiku-4-5", claude45],
  ["claude-opus-4-1", { ...claude45, maxOutput: 32_000 }],
  ["claude-opus-4", { ...claude4, maxOutput: 32_000 }],
  ["claude-sonnet-4", claude4],
  ["claude-3-7-sonnet", claude4],
  ["claude-3-5", { ...older, maxOutput: 8192 }],
  ["claude-3", older],
  ["claude-2", older],
  ["claude-instant", older],
];

/** A Claude that came after this table was made. */
const later = newest;

/** Another vendor's model behind this protocol: most take what Claude 4 took, and not what came later. */
const other: ModelFacts = { ...claude4, maxOutput: 32_000, unsigned: true };

/** What a model takes, whatever stands around its name: `us.anthropic.claude-opus-4-5-…-v1:0`, `anthropic/claude-opus-4.5`. */
export function factsOf(model: string): ModelFacts {
  const at = model.toLowerCase().indexOf("claude-");
  if (at < 0) return other;
  const name = model.toLowerCase().slice(at).replaceAll(".", "-");
  return models.find(([begin]) => name.startsWith(begin))?.[1] ?? later;
}
