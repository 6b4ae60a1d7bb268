import { answerAsAnthropic } from "../answers/anthropic.ts";
import type { Upstream } from "../cell.ts";

/** aimock has no publisher but Google: the answers are ours, as Anthropic documents them. */
export const vertexClaude: Upstream = {
  name: "vertex-claude",
  model: "claude-sonnet-4-5@20250929",
  config: (mockURL, key) => ({
    provider: "vertex",
    baseURL: mockURL,
    key,
    options: { project: "matrix", location: "europe-west1" },
  }),
  answer: answerAsAnthropic,
};
