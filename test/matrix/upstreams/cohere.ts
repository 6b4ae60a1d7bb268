import { answerAsCohere } from "../answers/cohere.ts";
import type { Upstream } from "../cell.ts";

/** aimock has reasoning as text here, and OpenAI's errors: those answers are ours, as Cohere documents them. */
export const cohere: Upstream = {
  name: "cohere",
  model: "command-a-reasoning-08-2025",
  config: (mockURL, key) => ({ provider: "cohere", baseURL: mockURL, key }),
  answer: (asked) => (asked.reply.error || asked.reply.reasoning ? answerAsCohere(asked) : undefined),
};
