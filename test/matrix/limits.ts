import type { FeatureName } from "./features.ts";

/** Cells that cannot be, or are not yet. */
export interface Limit {
  /** Names of clients. Default all. */
  clients?: readonly string[];
  /** Names of upstreams. Default all. */
  upstreams?: readonly string[];
  feature: FeatureName;
  /** Only streams, or only whole answers. Default both. */
  stream?: boolean;
  /** How what the test sees begins: a cell that breaks otherwise is no known one. */
  shows: string;
  /** In words that a reader of the README understands. */
  reason: string;
}

/** The one list of them: the test fails for any other cell that does not work, and for one of these that does. */
export const limits: readonly Limit[] = [
  {
    clients: ["OpenAI Chat"],
    upstreams: ["openai", "azure"],
    feature: "reasoning",
    shows: "reasoning: ",
    reason:
      "the model reasons as it was asked to and answers, and the reasoning's text is missing: OpenAI tells it over its Responses API only, and what this client says passes to Chat Completions as it is.",
  },
];
