import { answerAsOpenAI, isReasonedChat } from "../answers/openai-chat.ts";
import type { Upstream } from "../cell.ts";

/** The dated API, whose path names the deployment. */
export const azure: Upstream = {
  name: "azure",
  model: "gpt-5.1",
  config: (mockURL, key) => ({
    provider: "azure",
    baseURL: mockURL,
    key,
    options: { apiVersion: "2025-04-01-preview" },
  }),
  answer: (asked) => (isReasonedChat(asked) ? answerAsOpenAI(asked) : undefined),
};
