import { answerAsAnthropic } from "../answers/anthropic.ts";
import type { Upstream } from "../cell.ts";

/** aimock does not know Anthropic's path of OpenRouter's: the answers there are ours, as Anthropic documents them. */
export const openrouter: Upstream = {
  name: "openrouter",
  model: "qwen/qwen3-vl-235b-a22b-thinking",
  config: (mockURL, key) => ({ provider: "openrouter", baseURL: `${mockURL}/api/v1`, key }),
  answer: (asked) => (asked.seen.url.endsWith("/messages") ? answerAsAnthropic(asked) : undefined),
};
