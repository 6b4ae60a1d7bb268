import type { Fields, Operation, Prefill } from "../../../core/index.ts";

/** One service that speaks OpenAI's API, as data. */
export interface Vendor {
  /** The provider's name in a configuration. */
  name: string;
  /** Up to the version (`…/v1`). Without one, an upstream must give it. */
  baseURL?: string;
  /** Where its documentation stands. */
  source: string;
  /** When the row was written, `YYYY-MM-DD`. */
  date: string;
  /** Protocols beside `openai-chat` in which it takes chats. */
  chat?: readonly string[];
  /** What it offers beside chat and the list of models. */
  operations?: readonly Operation[];
  /** Where a path (behind the version, without its rest) leads that is not below the base URL: a path at its host. */
  paths?: Readonly<Record<string, string>>;
  /** Extension members of the neutral shape that it knows (see core's `Takes`). */
  takes?: readonly string[];
  /** It goes on with an answer whose beginning it is given, and how it is told to (see core's `Takes`). */
  prefill?: Prefill;
  /** It has no list of its models. */
  listsModels?: false;
  quirks?: Quirks;
}

/** Where a vendor's chat differs from OpenAI's. */
export interface Quirks {
  /** It does not know `max_completion_tokens`. */
  maxTokens?: "max_tokens";
  /** It does not know the role `developer`: `system` it is. */
  developerRole?: false;
  /** It does not know `stream_options`. */
  streamUsage?: false;
  /** It takes a message's text as a string only, not in parts. */
  textParts?: false;
  /** How reasoning is asked for. Default `effort`. */
  reasoning?: ReasoningQuirk;
  /** The efforts that it knows; another becomes the next higher one. */
  efforts?: readonly string[];
  /** Members that it refuses. */
  drops?: readonly string[];
  /** Members that it names otherwise. */
  renames?: Readonly<Record<string, string>>;
  /** The most stop sequences. */
  stopLimit?: number;
  /** It does not know `json_schema`: JSON it is, with the schema told in words. */
  jsonSchema?: false;
  /** It does not know `strict` on a function. */
  strictTools?: false;
  /** The words of `tool_choice` that it knows; any other wish becomes `auto`. */
  toolChoices?: readonly string[];
  /** It gives one choice only. */
  choices?: 1;
  /** What a body that the gateway made has in addition. */
  adds?: Readonly<Fields>;
}

export const reasoningQuirks = [
  /** `reasoning_effort`, as OpenAI has it. */
  "effort",
  /** It cannot be asked for. */
  "none",
  /** `enable_thinking: true | false`, `thinking_budget` (Qwen). */
  "enable_thinking",
  /** `thinking: { type: "enabled" | "disabled" }`. */
  "thinking-type",
  /** The same, and `reasoning_effort` beside it. */
  "thinking-effort",
  /** `reasoning: { effort, max_tokens, enabled, exclude }` (OpenRouter). */
  "reasoning-object",
  /** `chat_template_kwargs: { enable_thinking }`, read by the model's own template (vLLM, SGLang). */
  "chat_template_kwargs",
] as const;

export type ReasoningQuirk = (typeof reasoningQuirks)[number];
